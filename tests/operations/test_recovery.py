"""Going on from what the device says: the ledger is closed with proof, and nothing is sent to the card."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import NotReachable, Refused
from fapiao_kernel.domain.unit import ClearUnit
from tests.operations import elsewhere
from tests.operations.elsewhere import assert_closed_with_proof, recover, refused
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL
from tests.operations.world import World

STAGES = ["opened", "checked", "backed_up", "reported", "declared", "previewed"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_card_cleared_by_other_software_closes_the_ledger_with_proof(world: World, stage: str) -> None:
    opened = getattr(world, stage)()
    elsewhere.cleared(world)
    run = recover(world)
    assert run.id == opened.id
    assert_closed_with_proof(world, run)


def test_a_confirmed_run_is_never_executed_on_a_card_cleared_elsewhere(world: World) -> None:
    run, token = world.confirmed()
    elsewhere.cleared(world)
    no = refused(lambda: world.engine.execute(run.id, run.revision, token, PIN))
    assert no.code == "changed_since_preview"
    assert refused(lambda: world.engine.freeze(run.id)).code == "cleared_elsewhere"
    assert_closed_with_proof(world, recover(world))


def test_a_run_still_confirmed_is_recovered_and_its_token_is_worth_nothing(world: World) -> None:
    run, token = world.confirmed()
    elsewhere.cleared(world)
    assert_closed_with_proof(world, recover(world))
    assert isinstance(refused(lambda: world.engine.execute(run.id, run.revision, token, PIN)), Refused)
    assert not world.card.sent


def test_the_record_shows_the_dates_before_and_after_and_that_nothing_was_sent(world: World) -> None:
    world.previewed()
    elsewhere.cleared(world)
    run = recover(world)
    facts = world.recorder.facts[run.id]
    assert {(u["lock_date_before"], u["lock_date_after"]) for u in facts["units"]} == {("2026-11-17", "2026-12-17")}
    assert "2026-10-01 → 2026-11-01" in run.facts[Event.RECOVERED]["evidence"]
    codes = {check["finding"]["code"] for check in facts["verification"]}
    assert "verify_recovered" in codes
    assert {"verify_lock_moved", "verify_start_moved", "verify_open_fell", "verify_authority_yes"} <= codes


def test_a_reading_after_the_other_clear_does_not_hide_the_one_before_it(world: World) -> None:
    run = world.checked()
    elsewhere.cleared(world)
    run = world.engine.check(run.id)
    last = world.journal.records(run=run.id)[-1].data["card"]
    assert last["monitoring"][0]["lock_date"] == "2026-12-17"
    found = recover(world)
    assert found.facts[Event.RECOVERED]["card"]["monitoring"][0]["lock_date"] == "2026-11-17"
    assert_closed_with_proof(world, found)


def test_the_recovery_names_who_asked_for_it(world: World) -> None:
    world.declared()
    elsewhere.cleared(world)
    run = recover(world, "李主管")
    record = next(r for r in world.journal.kept if r.run == run.id and r.kind == Event.RECOVERED)
    assert (record.who, record.data["who"], run.opened_by) == ("李主管", "李主管", "tester")


def test_its_preview_has_a_revision_of_its_own_and_the_units_of_the_ledger(world: World) -> None:
    world.declared()
    elsewhere.cleared(world)
    run = recover(world)
    assert run.revision.startswith("recovered-")
    assert [u["count"] for u in run.frozen["units"]] == [12, 12]
    assert run.frozen["backup"] == run.basis["backup"]["id"]


# --- in parts


def test_a_part_cleared_elsewhere_is_closed_and_the_rest_is_a_clear_of_its_own(world: World) -> None:
    world.declared()
    elsewhere.cleared(world, SPECIAL)
    first = recover(world)
    assert first.verdict == "partial"
    assert Event.RECOVERED_PARTLY in first.facts
    assert State.PARTIAL in first.times
    assert [first.outcomes[u].value for u in first.units] == ["already_cleared", "not_sent"]
    assert first.facts[Event.VERIFIED]["ok"] is True
    second = world.executed()
    assert [u.invoice_type for u in second.units] == [ORDINARY]
    assert second.verdict == "cleared"
    assert world.ledger.rows == {
        ClearUnit(NUMBER, SPECIAL, OCTOBER): first.id,
        ClearUnit(NUMBER, ORDINARY, OCTOBER): second.id,
    }
    assert set(world.card.applied.values()) == {1}


def test_after_a_partial_run_a_new_one_does_only_the_rest_and_both_records_tell_it(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear 007": "refuse"}
    first = world.engine.execute(run.id, run.revision, token, PIN)
    assert first.verdict == "partial"
    second = world.executed()
    assert second.verdict == "cleared"
    told = {run: {u["invoice_type"]: u["outcome"] for u in f["units"]} for run, f in world.recorder.facts.items()}
    assert told == {first.id: {"004": "cleared", "007": "refused"}, second.id: {"007": "cleared"}}
    assert world.card.applied == {(SPECIAL,): 1, (ORDINARY,): 1}
    assert set(world.card.reported.values()) == {1}
    assert world.ledger.census().open.count == 0


# --- no run


def test_without_a_run_one_is_opened_for_what_the_ledger_still_has_open(world: World) -> None:
    elsewhere.cleared(world)
    run = recover(world, "王会计")
    assert_closed_with_proof(world, run)
    assert run.facts[Event.OPENED]["recovery"] is True
    assert run.opened_by == "王会计"


def test_months_of_long_ago_are_recovered_each_for_itself(world: World) -> None:
    september = ClearUnit(NUMBER, SPECIAL, OCTOBER.previous())
    world.ledger.units[september] = list(world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER)])
    world.authority.acknowledged.add((SPECIAL,))
    world.authority.acknowledge = lambda *asked: "A0"  # type: ignore[method-assign]  # the card's October is still open
    run = recover(world)
    assert run.units == (september,)
    assert list(world.ledger.rows) == [september]


def test_the_second_run_of_a_card_takes_the_state_that_the_first_one_left_as_before(world: World) -> None:
    world.executed()
    november = ClearUnit(NUMBER, SPECIAL, OCTOBER.next())
    world.ledger.units[november] = list(world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER)])
    world.clock.forward(days=30)
    elsewhere.cleared(world, SPECIAL)
    run = recover(world)
    assert run.units == (november,)
    assert "2026-12-17 → 2027-01-17" in run.facts[Event.RECOVERED]["evidence"]


def test_nothing_to_make_up_for_is_said_with_the_dates(world: World) -> None:
    no = refused(lambda: recover(world))
    assert (no.code, "2026-11-17" in no.sentence) == ("recovery_nothing", True)
    assert not world.journal.kept


def test_a_run_whose_card_is_not_cleared_cannot_be_recovered(world: World) -> None:
    run = world.previewed()
    before = len(world.journal.kept)
    assert refused(lambda: recover(world)).code == "recovery_not_cleared"
    assert len(world.journal.kept) == before
    assert world.engine.run(run.id).state is State.PREVIEWED


# --- what holds it up


def test_a_card_behind_the_ledger_stops_everything(world: World) -> None:
    world.executed()
    elsewhere.restored(world)
    before = len(world.journal.kept)
    assert refused(lambda: recover(world)).code == "recovery_stopped"
    assert len(world.journal.kept) == before


def test_another_card_in_its_place_is_refused(world: World) -> None:
    run = world.declared()
    world.card.identity = type(world.card.identity)(
        "999900009999", "x", "91420000TEST00001X", "样例公司", world.card.identity.valid_until, True
    )
    assert refused(lambda: recover(world)).code == "other_card"
    assert world.engine.run(run.id).state is State.DECLARED


def test_a_card_that_is_away_proves_nothing(world: World) -> None:
    run = world.declared()
    elsewhere.cleared(world)
    world.card.unplugged = True
    with pytest.raises(NotReachable):
        recover(world)
    assert world.engine.run(run.id).state is State.DECLARED


def test_without_a_proven_backup_nothing_is_written(world: World) -> None:
    elsewhere.cleared(world)
    world.backups.proven = False
    assert refused(lambda: recover(world)).code == "backup_not_proven"
    assert not world.journal.kept


def test_a_backup_is_made_first_when_there_is_none_and_the_record_names_it(world: World) -> None:
    elsewhere.cleared(world)
    run = recover(world)
    assert [b["reason"] for b in world.recorder.facts[run.id]["backups"]] == ["before-recovery"]
    assert len(world.backups.made) == 2, "before, and again after"


def test_invoices_that_came_in_since_the_preview_are_told(world: World) -> None:
    world.previewed()
    elsewhere.cleared(world)
    unit = ClearUnit(NUMBER, SPECIAL, OCTOBER)
    world.ledger.units[unit].append(world.ledger.units[unit][0])
    world.ledger.watermark = 2
    run = recover(world)
    told = {f["code"]: f["message"] for f in run.frozen["findings"]}
    assert "13" in told["recovery_invoices_since"]
    assert "statistics_differ" in told


def test_invoices_of_an_unknown_card_are_told_and_do_not_hold_it_up(world: World) -> None:
    elsewhere.cleared(world)
    world.ledger.unknown[OCTOBER] = 3
    run = recover(world)
    found = next(f for f in run.frozen["findings"] if f["code"] == "card_unknown_invoices")
    assert found["severity"] == "warning"
    assert run.state is State.FINISHED


def test_a_card_that_forgot_the_statistics_is_told(world: World) -> None:
    elsewhere.cleared(world)
    world.card.read_statistics = lambda: ()  # type: ignore[method-assign]  # as a card does whose new span began
    run = recover(world)
    assert [f["code"] for f in run.frozen["findings"]].count("recovery_statistics_gone") == 2
    assert run.frozen["statistics"] == []


def test_a_run_being_cancelled_is_not_recovered(world: World) -> None:
    run = world.declared()
    elsewhere.cleared(world)
    world.engine._book.append(run.id, Event.CANCEL_ASKED, {"reason": "x"})  # asked, not done yet
    assert refused(lambda: recover(world)).code == "cancel_asked"


def test_a_report_start_that_moved_alone_proves_nothing(world: World) -> None:
    run = world.declared()
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, report_start=OCTOBER.next().first_day, report_end=OCTOBER.next().last_day)
    assert refused(lambda: recover(world)).code == "recovery_not_cleared"
    assert world.engine.run(run.id).state is State.DECLARED
    assert world.engine.look_back(world.card.address).action == "support"


def test_the_statistics_of_the_preview_serve_when_the_card_forgot_them(world: World) -> None:
    world.previewed()
    elsewhere.cleared(world)
    world.card.read_statistics = lambda: ()  # type: ignore[method-assign]  # as a card does whose new span began
    run = recover(world)
    assert [row["agrees"] for row in run.frozen["statistics"]] == [True, True]
    assert "recovery_statistics_gone" not in {f["code"] for f in run.frozen["findings"]}


@pytest.mark.parametrize(("when", "severity"), [("before", "blocker"), ("after", "warning")])
def test_only_an_import_after_the_recovery_excuses_numbers_that_moved(world: World, when: str, severity: str) -> None:
    elsewhere.cleared(world)
    if when == "before":
        world.journal.append("import.done", {})

    def acknowledge(*asked: object) -> str:
        world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER.next())] = [Decimal("1.00")]
        if when == "after":
            world.journal.append("import.done", {})
        return "A1"

    world.authority.acknowledge = acknowledge  # type: ignore[method-assign]  # an import while the conclusion runs
    checks = {c["finding"]["code"]: c["finding"]["severity"] for c in recover(world).facts[Event.VERIFIED]["checks"]}
    assert checks["verify_all_moved"] == severity


# --- the tax side


def test_a_tax_side_that_takes_no_acknowledgement_but_counts_it_is_receipt_enough(world: World) -> None:
    world.declared()
    elsewhere.cleared(world)
    world.authority.acknowledge = _refusing  # type: ignore[method-assign]  # it gave this run no payload
    run = recover(world)
    assert run.state is State.FINISHED
    assert all("税局已记为清卡" in receipt for receipt in run.facts[Event.ACKNOWLEDGED]["receipts"])


def test_a_tax_side_that_neither_takes_nor_counts_it_makes_the_conclusion_wait(world: World) -> None:
    world.declared()
    elsewhere.cleared(world, told=False)
    world.authority.acknowledge = _refusing  # type: ignore[method-assign]  # it gave this run no payload
    no = refused(lambda: recover(world))
    assert (no.code, "主管税务机关" in no.sentence) == ("conclusion_waits", True)
    run = world.engine.runs()[-1]
    assert run.state is State.CLEARED
    assert not world.ledger.rows
    world.authority.acknowledged |= set(world.card.profile.clears_together)
    assert recover(world).state is State.FINISHED


def test_a_refused_acknowledgement_of_an_executed_run_is_never_taken_for_a_receipt(world: World) -> None:
    run, token = world.confirmed()
    world.authority.acknowledge = _refusing  # type: ignore[method-assign]  # any refusal
    world.authority.acknowledged |= set(world.card.profile.clears_together)
    assert refused(lambda: world.engine.execute(run.id, run.revision, token, PIN)).code == "conclusion_waits"


def _refusing(*asked: object) -> str:
    raise Refused("declaration_not_seen", sentence="没有发放过清卡密文，不能确认")
