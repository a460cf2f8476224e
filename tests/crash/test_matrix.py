"""The crash matrix as CI runs it: both depths whole, and seeded months in which several things break."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from tests.crash.__main__ import joined
from tests.crash.result import Result

SEEDS = 200
KEYS = {"points", "faults", "runs", "lost", "double", "undecided", "seconds"}


Ended = Callable[[], tuple[int, str, str]]


def sound(matrix: Ended) -> dict[str, float]:
    code, out, told = matrix()
    assert code == 0, told[-4000:]
    result: dict[str, float] = json.loads(out)
    assert set(result) == KEYS
    assert (result["lost"], result["double"], result["undecided"]) == (0, 0, 0)
    return result


@pytest.mark.slow
@pytest.mark.beside("--depth", "in-process", "--seeds", str(SEEDS))
@pytest.mark.skipif(sys.platform == "win32", reason="open files are replaced there as only POSIX lets them be")
def test_every_point_with_every_fault_in_process_leaves_nothing_lost_double_or_undecided(matrix: Ended) -> None:
    result = sound(matrix)
    assert result["points"] >= 200
    assert result["runs"] == result["points"] * result["faults"] + SEEDS


@pytest.mark.slow
@pytest.mark.beside("--depth", "real")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks, pidfd and prctl are Linux's")
def test_real_processes_killed_at_every_point_leave_nothing_lost_double_or_undecided(matrix: Ended) -> None:
    result = sound(matrix)
    assert result["points"] >= 200
    assert result["runs"] > result["points"]


def test_two_depths_are_one_result() -> None:
    one, other = Result(249, 22, 5000, 0, 1, 0, 60.0, ["a"]), Result(278, 16, 500, 1, 0, 0, 200.5, ["b"])
    assert joined([one, other]) == Result(278, 22, 5500, 1, 1, 0, 260.5, ["a", "b"])
