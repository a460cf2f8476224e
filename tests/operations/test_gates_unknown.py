"""What could not be found out never opens a gate (查不到不等于没问题): whatever is missing, in any mixture."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.checks import Seen
from fapiao_kernel.operations.checks.whose import holds_device
from fapiao_kernel.operations.clearing.gates import CONFIRM_GATES, REPORT_GATES, Gate, Gates, evaluate
from fapiao_kernel.ports import Backup, Declaration
from tests.operations.fakes import CHINA, NUMBER, OCTOBER, ORDINARY, SPECIAL, TAXPAYER, FakeClock, FakeJournal

NOW = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA)
UNITS = tuple(ClearUnit(NUMBER, t, OCTOBER) for t in (SPECIAL, ORDINARY))
ERROR = FapiaoError("check_unreadable", what="x")


def seen(reported: bool) -> Seen:
    """Everything read, and everything in order."""
    monitoring = tuple(
        Monitoring(t, date(2026, 11, 17), date(2026, 10, 1), date(2026, 10, 31), date(2026, 9, 30), reported)
        for t in (SPECIAL, ORDINARY)
    )
    identity = CardIdentity(NUMBER, "1", TAXPAYER, "样例公司", date(2030, 1, 1), True)
    return Seen(
        now=NOW,
        device_number=NUMBER,
        taxpayer_id=TAXPAYER,
        units=UNITS,
        card=CardState(identity, NOW, monitoring, 10),
        volumes=(),
        authority_time=NOW,
        declaration=Declaration(True, True, "已申报"),
        card_unknown={OCTOBER: 0},
        closed={},
        backup=Backup("b1", NOW, (), 1, "head", True, (NUMBER,)),
        sellers={TAXPAYER: 24},
        maintenance="",
        journal=FakeJournal(FakeClock()),
        issuing=(),
    )


STEPS: dict[str, tuple[Gates, Seen]] = {
    "report": (REPORT_GATES, seen(False)),
    "confirm": (CONFIRM_GATES, seen(True)),
}


def needs(gates: Gates) -> list[str]:
    return sorted({name for gate in gates for name in gate.needs})


def without(whole: Seen, missing: set[str]) -> Seen:
    gone: dict[str, Any] = dict.fromkeys(missing)
    return replace(whole, **gone, errors=dict.fromkeys(missing, ERROR))


def shut(gates: Gates, what: Seen) -> bool:
    return any(check.finding.holds_up for check in evaluate(what, gates))


@pytest.mark.parametrize("step", STEPS)
def test_with_everything_read_and_in_order_every_gate_is_open(step: str) -> None:
    gates, whole = STEPS[step]
    checks = evaluate(whole, gates)
    assert len(checks) == len(gates)
    assert {check.finding.severity for check in checks} == {Severity.OK}


@pytest.mark.parametrize("step", STEPS)
@given(data=st.data())
def test_whatever_is_missing_the_step_stays_shut(step: str, data: st.DataObject) -> None:
    gates, whole = STEPS[step]
    missing = data.draw(st.sets(st.sampled_from(needs(gates)), min_size=1))
    assert shut(gates, without(whole, missing))


@pytest.mark.parametrize(("gate", "whole"), [(g, s) for gates, s in STEPS.values() for g in gates])
def test_a_gate_without_what_it_needs_is_never_open(gate: Gate, whole: Seen) -> None:
    for name in gate.needs:
        check = gate.check(without(whole, {name}))
        # Silence is left to the device's own gate alone, and only of the card.
        assert check.finding.holds_up if check is not None else name == "card"


@pytest.mark.parametrize(("told", "holds"), [("1234", True), ("000000001234", True), ("12345", False)])
def test_a_machine_number_is_known_with_or_without_its_leading_zeros(told: str, holds: bool) -> None:
    assert holds_device(Backup("b1", NOW, (), 1, "head", True, ("000000001234",)), told) is holds


@given(minutes=st.integers(-3 * 24 * 60, 3 * 24 * 60), other=st.integers(-3 * 24 * 60, 3 * 24 * 60))
def test_three_clocks_pass_only_when_every_two_of_them_agree(minutes: int, other: int) -> None:
    whole = STEPS["confirm"][1]
    assert whole.card is not None
    card, tax = NOW + timedelta(minutes=minutes), NOW + timedelta(minutes=other)
    what = replace(whole, card=replace(whole.card, clock=card), authority_time=tax)
    said = {check.name: check.finding.severity for check in evaluate(what, CONFIRM_GATES)}
    for name, apart in (("card_clock", card - NOW), ("tax_clock", tax - NOW), ("clocks", card - tax)):
        if abs(apart) > timedelta(hours=24):
            assert said[name] is Severity.BLOCKER
        else:
            assert said[name] is (Severity.WARNING if abs(apart) > timedelta(minutes=10) else Severity.OK)
