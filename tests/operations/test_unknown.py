"""Lost answers, refusals, parts, and what a restart makes of them: the device is asked, never acted upon again."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, Refused
from tests.operations.fakes import PIN, SPECIAL
from tests.operations.world import World


def outcomes(world: World, run: str) -> list[str]:
    found = world.engine.run(run)
    return [found.outcomes[u].value for u in found.units]


def execute_with(world: World, **faults: str) -> str:
    """Run up to execute with faults of the card; gives the run's id."""
    run, token = world.confirmed()
    world.card.faults = {key.replace("_", " ", 1): fault for key, fault in faults.items()}
    with contextlib.suppress(FapiaoError, RuntimeError):  # which one it is, is each test's own question
        world.engine.execute(run.id, run.revision, token, PIN)
    return run.id


def test_a_lost_reply_leaves_the_outcome_unknown(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 004": "lost"}
    with pytest.raises(OutcomeUnknown):
        world.engine.execute(run.id, run.revision, token, PIN)
    after = world.engine.run(run.id)
    assert (after.state, after.verdict) == (State.OUTCOME_UNKNOWN, "unknown")
    assert after.outcomes == {}


def test_nothing_more_is_sent_after_an_unknown_outcome(world: World) -> None:
    execute_with(world, clear_004="lost")
    assert sum(world.card.sent.values()) == 1


@pytest.mark.parametrize("call", ["check", "backup", "report", "declaration", "freeze", "conclude", "cancel"])
def test_only_a_read_back_leaves_the_unknown(world: World, call: str) -> None:
    id = execute_with(world, clear_004="lost")
    with pytest.raises(Refused):
        getattr(world.engine, call)(id)
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_a_read_back_finds_the_clear_applied(world: World) -> None:
    id = execute_with(world, clear_007="lost")
    run = world.engine.read_back(id)
    assert (run.state, run.verdict) == (State.FINISHED, "cleared")
    assert world.card.applied.total() == world.card.sent.total() == 2
    assert run.facts[Event.UNIT_SETTLED]["evidence"].count("→") == 2


def test_a_read_back_finds_it_not_applied(world: World) -> None:
    id = execute_with(world, clear_004="lost_before")
    run = world.engine.read_back(id)
    assert run.verdict == "refused"
    assert outcomes(world, id) == ["refused", "not_sent"]
    assert run.facts[Event.FINISHED]["backup"] is None


def test_a_lost_reply_and_a_group_never_sent_are_a_part(world: World) -> None:
    id = execute_with(world, clear_004="lost")
    run = world.engine.read_back(id)
    assert run.verdict == "partial"
    assert outcomes(world, id) == ["cleared", "not_sent"]


def test_the_rest_of_a_part_is_its_own_smaller_clear(world: World) -> None:
    world.engine.read_back(execute_with(world, clear_004="lost"))
    second = world.executed()
    assert [u.invoice_type.value for u in second.units] == ["007"]
    assert second.verdict == "cleared"
    assert set(world.card.applied.values()) == {1}
    assert set(world.card.reported.values()) == {1}
    assert world.ledger.census().open.count == 0


def test_a_card_that_cannot_be_read_stays_unknown(world: World) -> None:
    id = execute_with(world, clear_004="lost")
    world.card.unplugged = True
    with pytest.raises(NotReachable):
        world.engine.read_back(id)
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_dates_that_tell_nothing_leave_it_unknown(world: World) -> None:
    id = execute_with(world, clear_004="lost_before")
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], lock_date=date(2026, 12, 17))
    with pytest.raises(OutcomeUnknown) as unclear:
        world.engine.read_back(id)
    assert unclear.value.code == "readback_unclear"
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_a_bug_of_a_driver_in_mid_act_is_an_unknown_outcome(world: World) -> None:
    id = execute_with(world, clear_004="bug")
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN
    assert world.engine.read_back(id).verdict == "partial"


def test_an_answer_that_breaks_the_protocol_proves_nothing(world: World) -> None:
    id = execute_with(world, clear_004="garbled")
    assert world.engine.run(id).state is State.OUTCOME_UNKNOWN


def test_a_record_that_reached_the_disk_counts_though_its_writing_failed(world: World) -> None:
    run = world.checked()

    def torn(number: int, kind: str) -> None:
        if kind == "run.backed_up":
            raise FapiaoError("check_unreadable", what="EIO")

    world.journal.after = torn
    with pytest.raises(FapiaoError):
        world.engine.backup(run.id)
    assert world.engine.run(run.id).state is State.BACKED_UP


def test_a_group_that_could_not_be_sent_is_not_sent_and_the_other_goes_on(world: World) -> None:
    id = execute_with(world, clear_004="not_sent")
    assert outcomes(world, id) == ["not_sent", "cleared"]
    assert world.engine.run(id).verdict == "partial"


def test_a_refusal_by_the_card_is_told_with_its_status(world: World) -> None:
    id = execute_with(world, clear_004="refuse", clear_007="refuse")
    run = world.engine.run(id)
    assert (run.state, run.verdict) == (State.FINISHED, "refused")
    assert run.facts[Event.UNIT_ANSWERED]["status"] == "6985"
    assert not world.ledger.rows
    assert not world.recorder.facts


def test_a_part_closes_only_its_part_in_the_ledger(world: World) -> None:
    id = execute_with(world, clear_004="refuse")
    run = world.engine.run(id)
    assert (run.state, run.verdict) == (State.FINISHED, "partial")
    assert [u.invoice_type.value for u in world.ledger.rows] == ["007"]
    assert run.facts[Event.VERIFIED]["ok"] is True


def test_already_cleared_is_success_with_proof(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 004": "already", "clear 007": "already"}
    world.card.at_clear = lambda: _clear_elsewhere(world)
    run = world.engine.execute(run.id, run.revision, token, PIN)
    assert (run.state, run.verdict) == (State.FINISHED, "already_cleared")
    assert set(world.ledger.rows.values()) == {run.id}


def _clear_elsewhere(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, lock_date=date(2026, 12, 17), report_start=date(2026, 11, 1))


# --- the report


def test_a_lost_reply_to_the_report_is_settled_by_reading(world: World) -> None:
    run = world.backed_up()
    world.card.faults = {"report 007": "lost"}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    assert world.engine.run(run.id).state is State.REPORT_UNKNOWN
    assert world.engine.read_back(run.id).state is State.SUMMARISED
    assert world.report(run, "").state is State.REPORTED
    assert set(world.card.reported.values()) == {1}


def test_a_report_that_did_not_happen_can_be_asked_for_again(world: World) -> None:
    run = world.backed_up()
    world.card.faults = {"report 007": "lost_before"}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    assert world.engine.read_back(run.id).state is State.BACKED_UP
    assert world.report(run).state is State.REPORTED
    assert set(world.card.reported.values()) == {1}


@pytest.mark.parametrize("fault", ["refuse", "not_sent"])
def test_a_refused_report_leaves_the_run_where_it_was(world: World, fault: str) -> None:
    run = world.backed_up()
    world.card.faults = {"report 004": fault}
    with pytest.raises(FapiaoError):
        world.report(run)
    assert world.engine.run(run.id).state is State.BACKED_UP
    assert not world.card.reported


# --- the conclusion


@pytest.mark.parametrize(
    ("down", "state"),
    [("acknowledge", State.CLEARED), ("cleared", State.CLOSED)],
)
def test_a_conclusion_that_fails_waits_and_says_that_the_card_is_cleared(world: World, down: str, state: State) -> None:
    run, token = world.confirmed()
    world.authority.down = {down}
    with pytest.raises(NotReachable) as waits:
        world.engine.execute(run.id, run.revision, token, PIN)
    assert (waits.value.code, waits.value.effect.value) == ("conclusion_waits", "DONE")
    assert world.engine.run(run.id).state is state
    assert [r.data["act"] for r in world.journal.kept if r.kind == "refusal.noted"] == ["conclude"]
    world.authority.down = set()
    assert world.engine.conclude(run.id).state is State.FINISHED
    assert set(world.card.applied.values()) == {1}


def test_a_recorder_or_backup_that_fails_is_asked_again(world: World) -> None:
    run, token = world.confirmed()
    world.recorder.failing = True
    with pytest.raises(Refused):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.recorder.failing, world.backups.failing = False, True
    with pytest.raises(Refused):
        world.engine.conclude(run.id)
    assert world.engine.run(run.id).state is State.RECORDED
    world.backups.failing = False
    assert world.engine.conclude(run.id).state is State.FINISHED


def test_concluding_a_finished_run_changes_nothing(world: World) -> None:
    run = world.executed()
    count = len(world.journal.kept)
    assert world.engine.conclude(run.id) == run
    assert len(world.journal.kept) == count


def test_a_waiting_conclusion_is_done_at_the_next_start(world: World) -> None:
    run, token = world.confirmed()
    world.authority.down = {"acknowledge"}
    with pytest.raises(NotReachable):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.authority.down = set()
    world.start().settle_open()
    assert world.engine.run(run.id).state is State.FINISHED


def test_a_tax_side_away_at_execute_leaves_the_run_declared_and_nothing_sent(world: World) -> None:
    run, token = world.confirmed()
    world.authority.down = {"all"}
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    world.start().settle_open()
    assert world.engine.run(run.id).state is State.DECLARED
    assert not world.card.sent
