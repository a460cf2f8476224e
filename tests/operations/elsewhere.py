"""Other hands on the same card (the vendor's software reports, clears; a card comes back older), and going on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.card import Monitoring
from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from tests.operations.world import World


def reported(world: World, *types: InvoiceType) -> None:
    """抄税 in other software."""
    for t in types or tuple(world.card.monitoring):
        world.card.monitoring[t] = replace(world.card.monitoring[t], reported=True)


def cleared(world: World, *types: InvoiceType, told: bool = True) -> None:
    """清卡 in other software, which also tells the tax side (``told``)."""
    for group in world.card.profile.clears_together:
        chosen = tuple(t for t in group if not types or t in types)
        for t in chosen:
            was = world.card.monitoring[t]
            start = Period.of(was.report_end).next()
            lock = Period.of(was.lock_date).next()
            world.card.monitoring[t] = Monitoring(
                t, date(lock.year, lock.month, 17), start.first_day, start.last_day, was.report_end, False
            )
        if chosen:
            world.card.applied[group] += 1
            if told:
                world.authority.acknowledged.add(group)


def restored(world: World, *types: InvoiceType) -> None:
    """The card as it was before its last clear: a copy, or a vendor's restore."""
    for t in types or tuple(world.card.monitoring):
        world.card.monitoring[t] = Monitoring(
            t, date(2026, 11, 17), date(2026, 10, 1), date(2026, 10, 31), date(2026, 9, 30), True
        )


def recover(world: World, who: str = "王会计") -> Run:
    return world.engine.continue_from_device(world.card.address, who)


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as no:
        act()
    return no.value


def assert_closed_with_proof(world: World, run: Run) -> None:
    """The ledger closed by this run, every check passed, and the card touched by nobody but the other hands."""
    assert (run.state, run.verdict) == (State.FINISHED, "already_cleared")
    assert set(world.ledger.rows.values()) == {run.id}
    assert world.ledger.census().open.count == 0
    assert run.facts[Event.VERIFIED]["ok"] is True, run.facts[Event.VERIFIED]["checks"]
    assert not world.card.sent
    assert set(world.card.applied.values()) == {1}
    assert world.recorder.facts[run.id]["verdict"] == "already_cleared"
