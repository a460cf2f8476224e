"""The process dies at every point of an act: nothing is lost, nothing is issued twice."""

from __future__ import annotations

import pytest

from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.operations.issuing.outcomes import Outcome
from tests.operations.fakes import PIN, Crash
from tests.operations.issuing.world import ADDRESS, World, request


def crash_at_record(world: World, number: int, *, after: bool) -> None:
    def die(n: int, kind: str) -> None:
        if n == number:
            raise Crash

    setattr(world.journal, "after" if after else "before", die)


def live_on(world: World) -> None:
    world.journal.before = world.journal.after = lambda n, kind: None
    world.books.dying = False
    world.restart()
    world.engine.settle_open()


@pytest.mark.parametrize("record", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_record_ends_in_one_invoice_on_card_and_in_ledger(
    world: World, record: int, after: bool
) -> None:
    crash_at_record(world, record, after=after)
    with pytest.raises(Crash):
        world.issue(request())
    live_on(world)
    world.issue(request())
    assert len(world.card.applied) == 1
    assert set(world.books.rows) == {("4200261130", "00000001")}
    assert world.engine.unsettled() == ()


@pytest.mark.parametrize("fault", ["crash_before", "crash"])
def test_a_crash_around_the_send_is_settled_by_asking(world: World, fault: str) -> None:
    world.card.fault = fault
    with pytest.raises(Crash):
        world.issue(request())
    live_on(world)
    assert world.engine.unsettled() == ()
    assert len(world.books.rows) == len(world.card.applied) == (1 if fault == "crash" else 0)


def test_a_kill_between_card_and_ledger_is_made_up_for(world: World) -> None:
    world.books.dying = True
    with pytest.raises(Crash):
        world.issue(request())
    assert world.books.rows == {}
    live_on(world)
    assert set(world.books.rows) == {("4200261130", "00000001")}


@pytest.mark.parametrize("record", [4, 5, 6])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_in_a_void_ends_in_one_void(world: World, record: int, after: bool) -> None:
    world.issue(request())
    crash_at_record(world, record, after=after)
    with pytest.raises(Crash):
        world.engine.void(ADDRESS, "4200261130", "00000001", "0001", PIN)
    live_on(world)
    result = world.engine.void(ADDRESS, "4200261130", "00000001", "0001", PIN)
    assert result.outcome in (Outcome.DONE, Outcome.AGAIN)
    assert world.card.applied.count(("void", "00000001")) == 1
    assert world.books.rows["4200261130", "00000001"].status is InvoiceStatus.VOID
