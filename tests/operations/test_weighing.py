"""Weighing: the steps in which a warning grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import catalogue
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.operations.clearing.weighing import STEPS, grown, step

WEIGHTS = st.integers(0, 100_000)


@pytest.mark.parametrize("code", STEPS)
def test_every_weighed_code_is_a_warning_with_ascending_steps(code: str) -> None:
    assert catalogue()[code].severity is Severity.WARNING
    assert list(STEPS[code]) == sorted(set(STEPS[code]))


@pytest.mark.parametrize(("minutes", "at"), [(0, 0), (11, 0), (60, 0), (61, 1), (360, 1), (361, 2), (1440, 2)])
def test_a_drift_has_steps_of_an_hour_and_six(minutes: int, at: int) -> None:
    assert step("check_clock_drift", minutes) == at


@given(WEIGHTS, WEIGHTS)
def test_what_has_no_size_never_grows(a: int, b: int) -> None:
    assert not grown("check_pin_untold", a, b)


@given(st.sampled_from(sorted(STEPS)), WEIGHTS, WEIGHTS)
def test_only_what_became_larger_has_grown(code: str, a: int, b: int) -> None:
    if grown(code, a, b):
        assert b > a
