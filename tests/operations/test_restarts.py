"""Restarts: what a crash at any record makes of a run. The device is asked, never acted upon again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fapiao_kernel.domain.clearing import Outcome, State
from fapiao_kernel.domain.errors import FapiaoError
from tests.operations.fakes import PIN, Crash
from tests.operations.world import World


def outcomes(world: World, run: str) -> list[str]:
    found = world.engine.run(run)
    return [found.outcomes[u].value for u in found.units]


def crash_at(world: World, kind: str, *, durable: bool) -> Callable[[int, str], None]:
    def crash(number: int, now: str) -> None:
        if now == kind:
            raise Crash

    if durable:
        world.journal.after = crash
    else:
        world.journal.before = crash
    return crash


def restart(world: World) -> None:
    world.journal.before = world.journal.after = lambda n, kind: None
    world.start().settle_open()


def test_a_crash_after_the_sending_is_settled_by_the_device(world: World) -> None:
    run, token = world.confirmed()
    crash_at(world, "unit.answered", durable=False)
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    restart(world)
    assert world.engine.run(run.id).verdict == "partial"
    assert outcomes(world, run.id) == ["cleared", "not_sent"]


def test_a_crash_while_the_card_is_away_leaves_the_outcome_unknown(world: World) -> None:
    run, token = world.confirmed()
    crash_at(world, "unit.answered", durable=False)
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.card.unplugged = True
    restart(world)
    assert world.engine.run(run.id).state is State.OUTCOME_UNKNOWN
    world.card.unplugged = False
    assert world.engine.read_back(run.id).verdict == "partial"


def test_a_crash_before_the_intent_abandons(world: World) -> None:
    run, token = world.confirmed()
    crash_at(world, "authorisation.fetched", durable=True)
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    restart(world)
    assert world.engine.run(run.id).state is State.DECLARED
    assert not world.card.sent


def test_a_crash_right_after_the_intent_sends_nothing_later(world: World) -> None:
    run, token = world.confirmed()
    crash_at(world, "clear.intent", durable=True)
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    restart(world)
    assert world.engine.run(run.id).verdict == "refused"
    assert set(world.engine.run(run.id).outcomes.values()) == {Outcome.NOT_SENT}
    assert not world.card.sent


def test_a_journal_that_cannot_write_stops_before_the_card(world: World) -> None:
    run, token = world.confirmed()

    def full(number: int, kind: str) -> None:
        if kind == "unit.sent":
            raise FapiaoError("check_unreadable", what="ENOSPC")

    world.journal.before = full
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    assert not world.card.sent
    world.journal.before = lambda n, kind: None
    assert world.engine.read_back(run.id).verdict == "refused"


def all_appends() -> list[tuple[int, bool]]:
    return [(number, durable) for number in range(1, 23) for durable in (False, True)]


@pytest.mark.parametrize(("number", "durable"), all_appends())
def test_a_crash_at_any_append_ends_well_and_acts_at_most_once(world: World, number: int, durable: bool) -> None:
    def crash(at: int, kind: str) -> None:
        if at == number:
            raise Crash

    if durable:
        world.journal.after = crash
    else:
        world.journal.before = crash
    with pytest.raises(Crash):
        world.executed()
    restart(world)
    assert world.most_applied() <= 1
    for run in world.engine.runs():
        assert run.state not in (
            State.REPORTING, State.AUTHORISING, State.AUTHORISED, State.CLEARING, State.OUTCOME_UNKNOWN,
        )  # fmt: skip
        applied = {t for types, n in world.card.applied.items() if n for t in types}
        closed = {u.invoice_type for u, o in run.outcomes.items() if o.closed}
        assert closed == applied, "what the journal calls closed is what the card applied"
        assert {u.invoice_type for u in world.ledger.rows} == closed
