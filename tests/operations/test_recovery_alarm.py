"""The false alarm: proven by a fresh reading, kept with its statement, and refused wherever the card did move."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, Refused, UsageError
from tests.operations import elsewhere
from tests.operations.fakes import PIN, SPECIAL, Crash
from tests.operations.world import World

STAGES = {
    "opened": State.OPENED,
    "checked": State.CHECKED,
    "backed_up": State.BACKED_UP,
    "reported": State.REPORTED,
    "declared": State.DECLARED,
    "previewed": State.PREVIEWED,
}
SAYING = "同事以为她在别的电脑上清过卡"


def alarm(world: World, statement: str = SAYING, who: str = "王会计") -> Run | None:
    return world.engine.false_alarm(world.card.address, statement, who)


def moved(world: World) -> Refused:
    with pytest.raises(Refused) as no:
        alarm(world)
    assert no.value.code == "recovery_device_moved"
    return no.value


@pytest.mark.parametrize("stage", STAGES)
def test_before_the_point_of_no_return_the_run_stays_where_it_is(world: World, stage: str) -> None:
    opened = getattr(world, stage)()
    run = alarm(world)
    assert run is not None
    assert (run.id, run.state) == (opened.id, STAGES[stage])
    told = run.facts[Event.FALSE_ALARM]
    assert (told["statement"], told["who"]) == (SAYING, "王会计")
    assert "2026-11-17 → 2026-11-17" in told["evidence"]
    assert told["card"]["monitoring"][0]["lock_date"] == "2026-11-17"


def test_a_false_alarm_leaves_the_clear_as_good_as_before(world: World) -> None:
    run, token = world.confirmed()
    alarm(world)
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"
    assert set(world.card.applied.values()) == {1}


def test_without_a_run_the_journal_alone_keeps_it(world: World) -> None:
    assert alarm(world) is None
    record = world.journal.kept[-1]
    assert (record.kind, record.run, record.who) == ("recovery.false_alarm", "", "王会计")
    assert record.data["statement"] == SAYING
    assert record.data["device_number"] == world.card.identity.device_number


def test_an_unknown_outcome_is_settled_as_not_applied_with_the_statement(world: World) -> None:
    id = unknown(world, clear_004="lost_before")
    run = alarm(world)
    assert run is not None
    assert (run.id, run.state, run.verdict) == (id, State.FINISHED, "refused")
    settled = [r.data for r in world.journal.kept if r.kind == Event.UNIT_SETTLED]
    assert {s["statement"] for s in settled} == {SAYING}
    assert [s["outcome"] for s in settled] == ["not_sent", "refused"]
    assert not world.ledger.rows


def test_after_a_false_alarm_the_month_is_cleared_as_usual(world: World) -> None:
    unknown(world, clear_004="lost_before")
    alarm(world)
    assert world.executed().verdict == "cleared"
    assert set(world.card.applied.values()) == {1}
    assert set(world.card.reported.values()) == {1}


def test_an_unknown_report_that_did_not_happen_is_a_false_alarm(world: World) -> None:
    run = world.backed_up()
    world.card.faults = {"report 004": "lost_before"}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    after = alarm(world)
    assert after is not None
    assert after.state is State.BACKED_UP
    assert after.facts[Event.REPORT_REFUSED]["statement"] == SAYING


def test_an_unknown_report_that_did_happen_is_none(world: World) -> None:
    run = world.backed_up()
    world.card.faults = {"report 004": "lost"}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    assert "未抄税 → 已抄税" in moved(world).sentence
    assert world.engine.run(run.id).state is State.REPORT_UNKNOWN


def test_an_unknown_outcome_that_the_card_shows_is_none(world: World) -> None:
    id = unknown(world, clear_004="lost")
    assert "2026-11-17 → 2026-12-17" in moved(world).sentence
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_a_part_that_was_answered_as_cleared_is_none(world: World) -> None:
    id = unknown(world, clear_007="lost_before")
    moved(world)
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


@pytest.mark.parametrize("stage", ["none", *STAGES])
def test_a_card_that_other_hands_cleared_is_none(world: World, stage: str) -> None:
    if stage != "none":
        getattr(world, stage)()
    else:
        world.engine.cancel(world.checked().id)  # the journal knows the card's state from it
    elsewhere.cleared(world)
    count = len(world.journal.kept)
    assert "按设备结果继续" in moved(world).remedy
    assert len(world.journal.kept) == count


def test_a_card_that_other_hands_reported_is_none(world: World) -> None:
    world.backed_up()
    elsewhere.reported(world)
    moved(world)


def test_dates_that_prove_neither_leave_it_unsaid(world: World) -> None:
    world.previewed()
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], lock_date=date(2026, 12, 17))
    with pytest.raises(OutcomeUnknown) as unclear:
        alarm(world)
    assert unclear.value.code == "readback_unclear"


def test_a_card_that_is_away_proves_nothing(world: World) -> None:
    run = world.previewed()
    world.card.unplugged = True
    with pytest.raises(NotReachable):
        alarm(world)
    assert Event.FALSE_ALARM not in world.engine.run(run.id).facts


def test_another_card_in_its_place_proves_nothing(world: World) -> None:
    world.previewed()
    world.card.identity = replace(world.card.identity, device_number="999900009999")
    with pytest.raises(Refused) as no:
        alarm(world)
    assert no.value.code == "other_card"


@pytest.mark.parametrize("statement", ["", "  \n"])
def test_a_statement_is_asked_for(world: World, statement: str) -> None:
    with pytest.raises(UsageError) as missing:
        alarm(world, statement)
    assert missing.value.code == "recovery_statement_missing"


@pytest.mark.parametrize("stage", ["none", "previewed", "unknown"])
def test_said_twice_it_is_kept_once(world: World, stage: str) -> None:
    if stage == "previewed":
        world.previewed()
    if stage == "unknown":
        unknown(world, clear_004="lost_before")
    first = alarm(world)
    count = len(world.journal.kept)
    assert alarm(world) == first
    assert len(world.journal.kept) == count


def test_an_execution_that_broke_off_before_its_intent_is_abandoned_first(world: World) -> None:
    run, token = world.confirmed()

    def crash(number: int, kind: str) -> None:
        if kind == "authorisation.fetched":
            raise Crash

    world.journal.after = crash
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.journal.after = lambda number, kind: None
    world.start()
    after = alarm(world)
    assert after is not None
    assert after.state is State.DECLARED
    assert world.journal.kinds(run.id)[-2:] == ["execution.abandoned", "recovery.false_alarm"]


def test_a_run_whose_card_is_cleared_has_no_false_alarm(world: World) -> None:
    run, token = world.confirmed()
    world.authority.down = {"acknowledge"}
    with pytest.raises(NotReachable):
        world.engine.execute(run.id, run.revision, token, PIN)
    moved(world)


def test_a_refused_clear_that_did_not_end_is_ended_and_the_statement_kept(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 004": "refuse", "clear 007": "refuse"}

    def full(number: int, kind: str) -> None:
        if kind == Event.FINISHED:
            raise FapiaoError("check_unreadable", what="ENOSPC")

    world.journal.before = full
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.journal.before = lambda number, kind: None
    assert world.engine.run(run.id).state is State.REFUSED
    after = alarm(world)
    assert after is not None
    assert (after.id, after.state, after.verdict) == (run.id, State.FINISHED, "refused")
    assert world.journal.kept[-1].data["statement"] == SAYING


def test_a_finished_clear_is_not_talked_away(world: World) -> None:
    """The card stands where the clear left it, so nothing moved since: the statement is kept beside just that reading."""
    world.executed()
    assert alarm(world) is None
    assert "2026-12-17 → 2026-12-17" in world.journal.kept[-1].data["evidence"]
    assert world.ledger.census().open.count == 0


def unknown(world: World, **faults: str) -> str:
    run, token = world.confirmed()
    world.card.faults = {key.replace("_", " ", 1): fault for key, fault in faults.items()}
    with pytest.raises(OutcomeUnknown):
        world.engine.execute(run.id, run.revision, token, PIN)
    return run.id
