"""The form of DESIGN §11: a goal that was not measured is never met, and a missed goal is exit 1."""

from __future__ import annotations

import json
import subprocess

import pytest

from benchmarks import demo
from benchmarks.form import Goal, Report


@pytest.mark.parametrize(
    ("value", "goal", "better", "met"),
    [
        (7.9, 8, "lower", True),
        (8.1, 8, "lower", False),
        (9, 8, "higher", True),
        (7, 8, "higher", False),
        (None, 8, "lower", False),
    ],
)
def test_a_goal_is_met_on_its_better_side_only(value: float | None, goal: float, better: str, met: bool) -> None:
    assert Goal("figure", value, goal, better).met is met


def test_the_json_has_the_agreed_keys_and_a_missed_goal_is_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report({"command": "x"}, [{"step": "a", "seconds": 1.5}], [Goal("x_seconds", None, 8, why="no card")])
    assert report.finish(as_json=True) == 1
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"machine", "work", "rows", "goals"}
    assert printed["goals"] == [
        {"name": "x_seconds", "value": None, "goal": 8, "better": "lower", "met": False, "why": "no card"}
    ]


def test_the_table_names_every_step_and_goal(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report({"command": "x"}, [{"step": "backup", "seconds": 1.5}], [Goal("x_seconds", 7.5, 8)])
    assert report.finish(as_json=False) == 0
    printed = capsys.readouterr().out
    assert "backup" in printed and "x_seconds" in printed


@pytest.mark.parametrize(
    ("code", "stdout", "why"),
    [
        (0, '{"verdict": "cleared", "seconds": {"sample": 1}}', ""),
        (4, '{"verdict": "unknown", "seconds": {"sample": 1}}', "verdict unknown"),
        (0, "not json", "exit 0"),
        (0, "[]", "no JSON object"),
        (0, '{"verdict": "cleared", "seconds": {"clear": 1}}', "does not say"),
    ],
)
def test_a_demo_that_did_not_clear_does_not_count(code: int, stdout: str, why: str) -> None:
    _, said = demo.judged(subprocess.CompletedProcess([], code, stdout, ""))
    assert (said == "") if why == "" else (why in said)
