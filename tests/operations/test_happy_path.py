"""One clear from open to finished, and what it leaves."""

from __future__ import annotations

from decimal import Decimal

from fapiao_kernel.domain.clearing import Event, Outcome, State
from fapiao_kernel.records.proof import facts as proof_facts
from tests.operations.world import World


def test_a_clear_goes_from_open_to_finished(world: World) -> None:
    run = world.executed()
    assert run.state is State.FINISHED
    assert run.verdict == "cleared"
    assert set(run.outcomes.values()) == {Outcome.CLEARED}
    assert set(world.card.applied.values()) == {1}


def test_every_check_after_the_clear_holds(world: World) -> None:
    verified = world.executed().facts[Event.VERIFIED]
    assert verified["ok"] is True
    assert {c["finding"]["severity"] for c in verified["checks"]} == {"ok"}
    assert {c["name"] for c in verified["checks"]} == {
        "device_lock", "device_start", "ledger_open", "ledger_all", "journal_intents", "journal", "authority",
    }  # fmt: skip


def test_the_journal_tells_the_clear_in_order(world: World) -> None:
    run = world.executed()
    assert world.journal.kinds(run.id) == [
        "run.opened", "run.checked", "run.backed_up", "report.intent", "report.result", "report.uploaded",
        "declaration.seen", "preview.frozen", "run.confirmed", "execution.begun", "authorisation.fetched",
        "clear.intent", "unit.sent", "unit.answered", "unit.sent", "unit.answered", "clear.cleared",
        "clear.acknowledged", "ledger.closed", "run.verified", "run.recorded", "run.finished",
    ]  # fmt: skip


def test_the_intent_is_durable_before_the_card_hears_of_it(world: World) -> None:
    seen: list[str] = []
    world.card.at_clear = lambda: seen.append(world.journal.kept[-1].kind)
    world.executed()
    assert seen == ["unit.sent", "unit.sent"]


def test_the_ledger_closes_the_units_and_loses_nothing(world: World) -> None:
    before = world.ledger.census()
    run = world.executed()
    after = world.ledger.census()
    assert (before.open.count, after.open.count, after.cleared.count) == (24, 0, 24)
    assert before.all == after.all
    assert after.cleared.total == Decimal("2260.00")
    assert set(world.ledger.rows.values()) == {run.id}


def test_the_recorder_gets_every_fact_it_asks_for(world: World) -> None:
    run = world.executed()
    facts = world.recorder.facts[run.id]
    proof_facts.check(facts)
    assert facts["verdict"] == "cleared"
    first = facts["units"][0]
    assert (first["lock_date_before"], first["lock_date_after"]) == ("2026-11-17", "2026-12-17")


def test_there_is_a_backup_before_and_one_after(world: World) -> None:
    run = world.executed()
    assert len(world.backups.made) == 2
    assert run.facts[Event.FINISHED]["backup"]["reason"] == "after-clear"


def test_no_record_holds_the_pin_or_the_token(world: World) -> None:
    from tests.operations.fakes import PIN

    run, token = world.confirmed()
    world.engine.execute(run.id, run.revision, token, PIN)
    told = repr([record.data for record in world.journal.kept])
    assert PIN not in told
    assert token not in told


def test_the_pin_is_presented_once_for_the_report_and_once_for_the_clear(world: World) -> None:
    world.executed()
    assert len(world.card.pin_shown) == 2


def test_types_that_close_together_share_one_command(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    from tests.operations.world import TOGETHER

    world = World(tmp_path, groups=TOGETHER)
    run = world.executed()
    assert run.verdict == "cleared"
    assert len(run.units) == 2
    assert list(world.card.sent.values()) == [1]


def test_a_span_of_two_periods_closes_whole(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    world = World(tmp_path, periods=2)
    run = world.executed()
    assert sorted({str(unit.period) for unit in run.units}) == ["2026-09", "2026-10"]
    assert run.verdict == "cleared"


def test_progress_is_told_with_the_run(world: World) -> None:
    run = world.executed()
    assert {told[0] for told in world.told} == {run.id}
