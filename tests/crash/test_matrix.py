"""The crash matrix as CI runs it: both depths whole, and seeded months in which several things break."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.__main__ import joined
from tests.crash.result import Result

ROOT = Path(__file__).parents[2]
SEEDS = 200
KEYS = {"points", "faults", "runs", "lost", "double", "undecided", "seconds"}


def crash(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.crash", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, float] = json.loads(done.stdout)
    assert set(told) == KEYS
    assert (told["lost"], told["double"], told["undecided"]) == (0, 0, 0)
    return told


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="open files are replaced there as only POSIX lets them be")
def test_every_point_with_every_fault_in_process_leaves_nothing_lost_double_or_undecided() -> None:
    told = crash("--depth", "in-process", "--seeds", str(SEEDS))
    assert told["points"] >= 200
    assert told["runs"] == told["points"] * told["faults"] + SEEDS


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, pidfd and prctl are Linux's")
def test_real_processes_killed_at_every_point_leave_nothing_lost_double_or_undecided() -> None:
    told = crash("--depth", "real")
    assert told["points"] >= 200
    assert told["runs"] > told["points"]


def test_two_depths_are_one_result() -> None:
    one, other = Result(249, 22, 5000, 0, 1, 0, 60.0, ["a"]), Result(278, 16, 500, 1, 0, 0, 200.5, ["b"])
    assert joined([one, other]) == Result(278, 22, 5500, 1, 1, 0, 260.5, ["a", "b"])
