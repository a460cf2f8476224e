"""The recovery broken at each of its records, and restarted: it ends closed with proof, once, and never by acting on the card."""

from __future__ import annotations

import pytest

from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import FapiaoError, Refused
from tests.operations import elsewhere
from tests.operations.fakes import Crash
from tests.operations.world import World


def prepare(world: World, stage: str) -> None:
    if stage == "declared":
        world.declared()
    if stage == "partly":
        world.previewed()
        elsewhere.cleared(world, next(iter(world.card.monitoring)))
        return
    elsewhere.cleared(world)


def recover(world: World) -> None:
    world.engine.continue_from_device(world.card.address, "王会计")


def appends_of(world: World, stage: str) -> int:
    """How many records an unbroken recovery writes."""
    prepare(world, stage)
    before = len(world.journal.kept)
    recover(world)
    return len(world.journal.kept) - before


def restart(world: World) -> None:
    world.journal.before = world.journal.after = lambda number, kind: None
    world.start().settle_open()


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("stage", ["none", "declared", "partly"])
def test_a_crash_at_any_record_ends_as_an_unbroken_recovery_does(
    tmp_path_factory: pytest.TempPathFactory, stage: str, durable: bool
) -> None:
    whole = World(tmp_path_factory.mktemp("whole"))
    count = appends_of(whole, stage)
    assert count >= 6
    for nth in range(1, count + 1):
        world = World(tmp_path_factory.mktemp("broken"))
        prepare(world, stage)
        at = len(world.journal.kept) + nth

        def crash(number: int, kind: str, at: int = at) -> None:
            if number == at:
                raise Crash

        if durable:
            world.journal.after = crash
        else:
            world.journal.before = crash
        with pytest.raises(Crash):
            recover(world)
        restart(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(world.card, "clear", lambda *sent: pytest.fail("a recovery sends nothing"))
            again(world)
        assert same_end(world) == same_end(whole), f"broken at record {nth}"
        assert not world.card.sent


def again(world: World) -> None:
    """As a person would: ask what is left, and do only that."""
    situation = world.engine.look_back(world.card.address)
    if situation.action == "continue_from_device":
        recover(world)
    elif situation.action == "conclude":
        assert situation.run is not None
        world.engine.conclude(situation.run.id)
    assert world.engine.look_back(world.card.address).action == "none"


def same_end(world: World) -> object:
    """Everything that may not depend on a crash: which units are closed, by one run, with which verdict and checks."""
    (run,) = world.engine.runs()
    facts = world.recorder.facts[run.id]
    units = [(u["invoice_type"], u["outcome"], u["lock_date_before"], u["lock_date_after"]) for u in facts["units"]]
    checks = [(c["name"], c["finding"]["code"]) for c in facts["verification"] if c["name"] != "journal"]
    closed = sorted(map(str, world.ledger.rows))
    kinds = [k for k in world.journal.kinds(run.id) if k.startswith(("recovery", "ledger", "clear"))]
    return (run.state, run.verdict, units, checks, closed, set(world.ledger.rows.values()) == {run.id}, kinds)


@pytest.mark.parametrize(
    "kind", ["run.opened", "recovery.cleared", "clear.acknowledged", "ledger.closed", "run.finished"]
)
def test_a_journal_that_cannot_write_stops_it_and_it_is_asked_again(world: World, kind: str) -> None:
    elsewhere.cleared(world)

    def full(number: int, now: str) -> None:
        if now == kind:
            raise FapiaoError("check_unreadable", what="ENOSPC")

    world.journal.before = full
    with pytest.raises(FapiaoError):
        recover(world)
    world.journal.before = lambda number, now: None
    run = world.engine.continue_from_device(world.card.address)
    assert (run.state, run.verdict) == (State.FINISHED, "already_cleared")
    assert len(world.engine.runs()) == 1


def test_a_waiting_recovery_is_concluded_at_the_next_start(world: World) -> None:
    elsewhere.cleared(world)
    world.authority.down = {"acknowledge"}
    with pytest.raises(FapiaoError):
        recover(world)
    world.authority.down = set()
    world.start().settle_open()
    assert world.engine.runs()[0].state is State.FINISHED


def test_a_false_alarm_that_broke_off_is_said_again(world: World) -> None:
    run = world.previewed()

    def crash(number: int, kind: str) -> None:
        if kind == Event.FALSE_ALARM:
            raise Crash

    world.journal.after = crash
    with pytest.raises(Crash):
        world.engine.false_alarm(world.card.address, "误会", "王会计")
    restart(world)
    world.engine.false_alarm(world.card.address, "误会", "王会计")
    assert world.journal.kinds(run.id).count(Event.FALSE_ALARM) == 1


def test_a_card_cleared_while_the_backup_was_made_is_read_anew(world: World) -> None:
    """The decision stands on the reading after the backup, not on the one before it."""
    elsewhere.cleared(world)
    make = world.backups.make

    def slow(reason: str, progress: object = None) -> object:
        if reason == "before-recovery":
            elsewhere.restored(world)
            world.ledger.rows.update(dict.fromkeys(world.ledger.units, "20251105-1234-aaaaaa"))
        return make(reason, progress)

    world.backups.make = slow  # type: ignore[assignment,method-assign]  # other hands at work meanwhile
    with pytest.raises(Refused) as no:
        recover(world)
    assert no.value.code == "recovery_stopped"
    assert not world.engine.runs()
