"""Going on from what the device says, where it is not plain: unknown outcomes, two people at once, wider spans, several months."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.unit import ClearUnit
from tests.operations import elsewhere
from tests.operations.elsewhere import assert_closed_with_proof, recover, refused
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL, Crash
from tests.operations.world import APART, TOGETHER, World

# --- unknown


def unknown(world: World, **faults: str) -> str:
    run, token = world.confirmed()
    world.card.faults = {key.replace("_", " ", 1): fault for key, fault in faults.items()}
    with pytest.raises(OutcomeUnknown):
        world.engine.execute(run.id, run.revision, token, PIN)
    return run.id


def test_an_unknown_outcome_that_the_card_shows_as_cleared_is_settled(world: World) -> None:
    id = unknown(world, clear_007="lost")
    run = recover(world)
    assert (run.id, run.state, run.verdict) == (id, State.FINISHED, "cleared")
    assert set(world.card.applied.values()) == {1}


def test_an_unknown_outcome_that_the_card_does_not_show_is_refused_with_proof(world: World) -> None:
    id = unknown(world, clear_004="lost_before")
    no = refused(lambda: recover(world))
    assert (no.code, "2026-11-17 → 2026-11-17" in no.sentence) == ("recovery_not_cleared", True)
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_an_unknown_report_on_a_card_cleared_since_is_settled_and_then_recovered(world: World) -> None:
    run = world.backed_up()
    world.card.faults = {"report 007": "lost"}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    elsewhere.cleared(world)
    found = recover(world)
    assert found.id == run.id
    assert_closed_with_proof(world, found)


def test_what_a_run_never_sent_but_others_cleared_is_recovered_by_a_run_of_its_own(world: World) -> None:
    id = unknown(world, clear_004="lost_before")
    elsewhere.cleared(world, ORDINARY)
    run = recover(world)
    assert world.engine.run(id).verdict == "refused"
    assert [u.invoice_type for u in run.units] == [ORDINARY]
    assert run.facts[Event.OPENED]["recovery"] is True


# --- twice, and at once


@pytest.mark.parametrize("stage", ["none", "declared", "unknown"])
def test_asked_twice_it_is_done_once(world: World, stage: str) -> None:
    if stage == "declared":
        world.declared()
    if stage == "unknown":
        unknown(world, clear_007="lost")
    else:
        elsewhere.cleared(world)
    first = recover(world)
    count = len(world.journal.kept)
    assert recover(world) == first
    assert len(world.journal.kept) == count
    assert set(world.card.applied.values()) == {1}


def test_two_people_at_once_recover_one_run(world: World) -> None:
    elsewhere.cleared(world)
    found: list[Run | FapiaoError] = []
    start = threading.Barrier(2)

    def person(name: str) -> None:
        start.wait()
        try:
            found.append(recover(world, name))
        except FapiaoError as error:
            found.append(error)

    threads = [threading.Thread(target=person, args=(name,)) for name in ("王会计", "李主管")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [type(f) for f in found] == [Run, Run]
    assert len(world.engine.runs()) == 1
    kinds = world.journal.kinds(world.engine.runs()[0].id)
    assert (kinds.count(Event.RECOVERED), kinds.count(Event.CLOSED)) == (1, 1)


def test_a_recovery_raced_by_an_execution_ends_in_one_clear(tmp_path: Path) -> None:
    for nth in range(10):
        folder = tmp_path / str(nth)
        folder.mkdir()
        world = World(folder)
        run, token = world.confirmed()
        start = threading.Barrier(2)
        ended: list[object] = []

        def act(call: Callable[[], object], start: threading.Barrier = start, ended: list[object] = ended) -> None:
            start.wait()
            try:
                ended.append(call())
            except FapiaoError as error:
                ended.append(error.code)

        calls = (
            functools.partial(world.engine.execute, run.id, run.revision, token, PIN),
            functools.partial(recover, world),
        )
        threads = [threading.Thread(target=act, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        told = [e for e in ended if isinstance(e, str)]
        assert told in (["recovery_not_cleared"], ["recovery_nothing"])
        assert world.engine.run(run.id).verdict == "cleared"
        assert set(world.card.applied.values()) == {1}
        assert len(world.engine.runs()) == 1


# --- wider months


@pytest.mark.parametrize("groups", [APART, TOGETHER])
def test_a_span_of_months_cleared_elsewhere_is_one_recovery(
    tmp_path: Path, groups: tuple[tuple[InvoiceType, ...], ...]
) -> None:
    world = World(tmp_path, groups=groups, periods=2)
    world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER.previous())] = list(next(iter(world.ledger.units.values())))
    world.declared()
    elsewhere.cleared(world)
    run = recover(world)
    assert len(run.units) == 4
    assert len(world.ledger.rows) == 4
    assert (run.state, run.verdict) == (State.FINISHED, "already_cleared")
    assert world.ledger.census().open.count == 0


def test_two_months_cleared_elsewhere_are_two_recoveries_in_order(world: World) -> None:
    first = world.declared()
    november = ClearUnit(NUMBER, SPECIAL, OCTOBER.next())
    world.ledger.units[november] = list(next(iter(world.ledger.units.values())))
    elsewhere.cleared(world)
    world.clock.forward(days=30)
    elsewhere.cleared(world)
    assert recover(world).id == first.id
    second = recover(world)
    assert second.units == (november,)
    assert world.ledger.census().open.count == 0
    assert recover(world) == second


def test_an_execution_that_broke_off_before_its_intent_is_abandoned_and_recovered(world: World) -> None:
    run, token = world.confirmed()

    def crash(number: int, kind: str) -> None:
        if kind == "authorisation.fetched":
            raise Crash

    world.journal.after = crash
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.journal.after = lambda number, kind: None
    world.start()
    elsewhere.cleared(world)
    assert_closed_with_proof(world, recover(world))


def test_a_unit_that_another_run_closed_is_left_to_it(world: World) -> None:
    run = world.declared()
    world.ledger.rows[ClearUnit(NUMBER, SPECIAL, OCTOBER)] = "20251105-1234-aaaaaa"
    elsewhere.cleared(world)
    found = recover(world)
    assert found.id == run.id
    assert [found.outcomes[u].value for u in found.units] == ["not_sent", "already_cleared"]
    assert world.ledger.rows[ClearUnit(NUMBER, SPECIAL, OCTOBER)] == "20251105-1234-aaaaaa"


def test_late_invoices_of_a_closed_unit_are_told_and_stay_open(world: World) -> None:
    run = world.executed()
    world.ledger.late = lambda unit: 2 if unit.invoice_type is SPECIAL else 0  # type: ignore[method-assign]  # an import
    rows = dict(world.ledger.rows)
    (told,) = world.engine.look_back(world.card.address).late
    assert (told.code, run.id in told.message) == ("recovery_late", True)
    assert refused(lambda: recover(world)).code == "recovery_nothing"
    assert world.ledger.rows == rows
