"""The recovery against the practice card and tax side in processes of their own, cleared through a second driver as by other software."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from fapiao_kernel.devices.authority import AUTHORITY
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import LINK
from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.ports import Authority, Card
from fapiao_kernel.simulator.world import PRACTICE
from tests.operations.fakes import FakeBackups, FakeClock, FakeJournal, FakeLedger, FakeRecorder


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[PracticeWorld]:
    yield PRACTICE.start(tmp_path / "practice", PracticeOptions(size=60))
    PRACTICE.stop(tmp_path / "practice")


@pytest.fixture
def card(practice: PracticeWorld) -> Iterator[Card]:
    found = DRIVER.open(LINK.open(practice.line), practice.card)
    yield found
    found.close()


def clear_elsewhere(card: Card, authority: Authority, pin: str, *, told: bool) -> None:
    """A whole month by other hands: report, upload, return, payload, clear, and (``told``) the acknowledgement."""
    state = card.read_state()
    periods = state.monitoring[0].periods
    card.verify_pin(pin)
    for each in state.monitoring:
        authority.upload_summary(state.identity, card.report((each.invoice_type,)))
    authority.file_return(state.identity, periods, sum((s.total for s in card.read_statistics()), ZERO))
    for each in state.monitoring:
        types = (each.invoice_type,)
        card.clear(types, authority.authorise(state.identity, types, periods).payload)
        if told:
            authority.acknowledge(state.identity, types, periods)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("opened", [True, False])
def test_a_month_cleared_by_other_software_is_made_up_for(
    tmp_path: Path, practice: PracticeWorld, card: Card, opened: bool, told: bool
) -> None:
    authority = AUTHORITY.open(practice.authority)
    clock, ledger = FakeClock(), FakeLedger()
    clock.time = card.read_state().clock.replace(tzinfo=clock.time.tzinfo)
    state = card.read_state()
    for one in card.read_statistics():
        unit = ClearUnit(state.identity.device_number, one.invoice_type, one.period)
        ledger.units[unit] = [one.total, *[Decimal("0.00")] * (one.count - 1)]
    engine = Engine(
        journal=FakeJournal(clock),
        ledger=ledger,
        backups=FakeBackups(clock),
        recorder=FakeRecorder(tmp_path),
        clock=clock,
        card=lambda address: card,
        authority=lambda address: authority,
    )
    if opened:
        engine.open_run(card.address)
    clear_elsewhere(card, authority, practice.pin, told=told)
    assert engine.look_back(card.address).action == "continue_from_device"
    run = engine.continue_from_device(card.address, "王会计")
    assert (run.state, run.verdict) == (State.FINISHED, "already_cleared")
    assert run.facts[Event.VERIFIED]["ok"] is True
    assert ledger.census().open.count == 0
    left = engine.look_back(card.address)
    assert (left.action, left.agree) == ("none", True)
