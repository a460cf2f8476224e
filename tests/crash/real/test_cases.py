"""Which breaks the real depth tries."""

from __future__ import annotations

import sys

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("forks, pidfd and prctl are Linux's; the depth in process runs everywhere", allow_module_level=True)

from tests.crash.real import matrix


def test_every_point_of_the_month_meets_a_kill_before_and_after_and_in_between() -> None:
    points = [("journal", 1, "agent.started"), ("apdu", 1, "00a4000c02"), ("message", 1, "TIME")]
    kills = {(case.point[0], case.do) for case in matrix.cases(points) if case.do.startswith("kill")}
    assert kills == {(kind, do) for kind, every in matrix.KILLS.items() for do in every}
