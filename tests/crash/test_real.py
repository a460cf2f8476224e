"""The crash matrix with real processes, in little: each fault once. The whole of it is ``python -m tests.crash``."""

from __future__ import annotations

import sys

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("forks, pidfd and prctl are Linux's; the depth in process runs everywhere", allow_module_level=True)

from tests.crash.real import matrix


def test_each_fault_once_leaves_the_month_as_an_unbroken_one() -> None:
    result = matrix.run(choose=matrix.few)
    assert result.violations == []
    assert (result.lost, result.double, result.undecided) == (0, 0, 0)
    assert result.runs >= result.faults >= 12


def test_every_point_of_the_month_meets_a_kill_before_and_after_and_in_between() -> None:
    points = [("journal", 1, "agent.started"), ("apdu", 1, "00a4000c02"), ("message", 1, "TIME")]
    kills = {(case.point[0], case.do) for case in matrix.cases(points) if case.do.startswith("kill")}
    assert kills == {(kind, do) for kind, every in matrix.KILLS.items() for do in every}
