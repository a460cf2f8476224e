"""The one plain verdict, by the worked timeline of the domain note (1.2) and its rules (1.3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.verdict import DORMANT_DAYS, Verdict, judge, judge_type

BEFORE = Monitoring(
    InvoiceType.SPECIAL, date(2024, 11, 17), date(2024, 10, 1), date(2024, 10, 31), date(2024, 9, 30), False
)
REPORTED = Monitoring(
    InvoiceType.SPECIAL, date(2024, 11, 17), date(2024, 10, 1), date(2024, 10, 31), date(2024, 11, 5), True
)
CLEARED = Monitoring(
    InvoiceType.SPECIAL, date(2024, 12, 17), date(2024, 11, 1), date(2024, 11, 30), date(2024, 11, 5), False
)


@pytest.mark.parametrize(
    ("monitoring", "today", "declared", "verdict"),
    [
        (BEFORE, date(2024, 10, 31), None, Verdict.CLEARED),
        (BEFORE, date(2024, 11, 1), None, Verdict.NOT_REPORTED),
        (BEFORE, date(2024, 11, 17), None, Verdict.NOT_REPORTED),
        (BEFORE, date(2024, 11, 18), None, Verdict.LOCKED),
        (REPORTED, date(2024, 11, 6), None, Verdict.UNKNOWN),
        (REPORTED, date(2024, 11, 6), False, Verdict.NOT_DECLARED),
        (REPORTED, date(2024, 11, 6), True, Verdict.CLEARABLE),
        (REPORTED, date(2024, 11, 18), True, Verdict.LOCKED),
        (CLEARED, date(2024, 11, 6), True, Verdict.CLEARED),
        (CLEARED, date(2024, 12, 1), None, Verdict.NOT_REPORTED),
        (BEFORE, date(2025, 2, 1), None, Verdict.TAX_OFFICE),
    ],
)
def test_the_worked_timeline(monitoring: Monitoring, today: date, declared: bool | None, verdict: Verdict) -> None:
    assert judge_type(monitoring, today, declared) is verdict


def state(*monitoring: Monitoring, today: date = date(2024, 11, 6)) -> CardState:
    identity = CardIdentity("999900001234", "1", "T", "N", date(2030, 1, 1), True)
    return CardState(identity, datetime(today.year, today.month, today.day, 9), monitoring, 10)


def test_the_worst_type_speaks_for_the_device() -> None:
    judged = judge(state(CLEARED, BEFORE), None)
    assert judged.verdict is Verdict.NOT_REPORTED
    assert dict(judged.types) == {InvoiceType.SPECIAL: Verdict.NOT_REPORTED}


def test_the_earliest_lock_date_counts() -> None:
    judged = judge(state(CLEARED, BEFORE), None)
    assert (judged.lock_date, judged.days_left) == (date(2024, 11, 17), 11)


def test_a_device_without_types_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="no licensed"):
        judge(state(), None)


def test_every_verdict_has_its_word() -> None:
    assert len({verdict.zh for verdict in Verdict}) == len(Verdict)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.sampled_from([True, False, None]))
def test_dormant_only_after_the_limit(today: date, declared: bool | None) -> None:
    verdict = judge_type(BEFORE, today, declared)
    assert (verdict is Verdict.TAX_OFFICE) == (today - BEFORE.last_report > timedelta(days=DORMANT_DAYS))


@given(st.dates(date(2024, 11, 1), date(2024, 11, 30)))
def test_without_knowing_of_the_return_nothing_is_clearable(today: date) -> None:
    assert judge_type(REPORTED, today, None) is not Verdict.CLEARABLE
