"""The crash matrix as CI runs it: both depths whole, some seeded months, and proof that it can find what it looks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.inside import matrix, planted
from tests.crash.inside.faults import Break, Fault, Point

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the disk that forgets asks Linux's /proc")

ROOT = Path(__file__).parents[2]
SEEDS = 500
KEYS = {"points", "faults", "runs", "lost", "double", "undecided", "seconds"}


def crash(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.crash", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, float] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_every_point_with_every_fault_in_process_leaves_nothing_lost_double_or_undecided() -> None:
    told = crash("--depth", "in-process", "--seeds", str(SEEDS))
    assert set(told) == KEYS
    assert told["runs"] == told["points"] * told["faults"] + SEEDS
    assert told["points"] >= 200
    assert (told["lost"], told["double"], told["undecided"]) == (0, 0, 0)


@pytest.mark.slow
def test_real_processes_killed_at_every_point_leave_nothing_lost_double_or_undecided() -> None:
    told = crash("--depth", "real")
    assert set(told) == KEYS
    assert told["points"] >= 200
    assert told["runs"] > told["points"]
    assert (told["lost"], told["double"], told["undecided"]) == (0, 0, 0)


@pytest.mark.parametrize("bug", sorted(planted.PLANTED))
def test_a_planted_bug_is_found(bug: str) -> None:
    assert planted.found_after(bug) is not None, f"not within {planted.WITHIN} seeds"


def test_a_seed_is_the_same_schedule_and_the_same_end_each_time() -> None:
    first, second = matrix.seeded(7), matrix.seeded(7)
    assert matrix.drawn(7) == matrix.drawn(7)
    assert (first.points, first.wrong) == (second.points, second.wrong)


def test_a_month_passes_every_kind_of_point_and_all_its_acts() -> None:
    points = matrix.unbroken().points
    acts = [point.label[:4] for point in points if point.kind == "act"]
    assert {point.kind for point in points} == {"journal", "act", "apdu", "message"}
    assert (acts.count("c0f4"), acts.count("c0f6")) == (2, 2)


def test_a_record_that_tells_something_else_is_noticed() -> None:
    whole = {**matrix.unbroken().record, "verdict": "partial"}
    month = matrix.play([], whole=whole)
    assert [kind for kind, _ in month.wrong] == ["other"]


def test_a_lost_reply_at_the_clear_is_settled_by_asking_the_card() -> None:
    clear = next(point for point in matrix.unbroken().points if point.label.startswith("c0f6"))
    month = matrix.play([Break(Point("act", clear.number), Fault.REPLY_LOST)], whole=matrix.unbroken().record)
    assert month.wrong == []
    assert "card-reply-lost at act" in month.trace[0]
