"""Gates: what stands between a preview and a clear, and what makes a preview void."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.card import Evidence
from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import Book
from tests.operations.fakes import NUMBER, OCTOBER, PIN, SPECIAL
from tests.operations.world import World


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FapiaoError) as refused:
        call()
    return refused.value.code


def test_executing_twice_acts_once(world: World) -> None:
    run, token = world.confirmed()
    world.engine.execute(run.id, run.revision, token, PIN)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "revision_used"
    assert set(world.card.sent.values()) == {1}


def test_a_replay_to_a_new_engine_is_refused(world: World) -> None:
    run, token = world.confirmed()
    world.engine.execute(run.id, run.revision, token, PIN)
    again = world.start()
    assert code_of(lambda: again.execute(run.id, run.revision, token, PIN)) == "revision_used"
    assert code_of(lambda: again.confirm(run.id, run.revision, NUMBER[-4:], "2026-10")) == "revision_used"


def test_threads_that_race_act_once_and_show_the_pin_once(world: World) -> None:
    run, token = world.confirmed()
    shown = len(world.card.pin_shown)
    barrier, codes = threading.Barrier(4), []

    def race() -> None:
        barrier.wait()
        try:
            world.engine.execute(run.id, run.revision, token, PIN)
        except Refused as refused:
            codes.append(refused.code)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["revision_used"] * 3
    assert set(world.card.sent.values()) == {1}
    assert len(world.card.pin_shown) == shown + 1


def test_without_the_token_nothing_is_cleared(world: World) -> None:
    run, _ = world.confirmed()
    assert code_of(lambda: world.engine.execute(run.id, run.revision, "guess", PIN)) == "token_invalid"
    assert not world.card.sent


def test_a_wrong_guess_does_not_spend_the_token(world: World) -> None:
    run, token = world.confirmed()
    code_of(lambda: world.engine.execute(run.id, run.revision, "guess", PIN))
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"


def test_a_token_lasts_five_minutes(world: World) -> None:
    run, token = world.confirmed()
    world.clock.forward(minutes=5)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "token_expired"
    assert not world.card.sent


def test_a_token_does_not_outlive_the_process(world: World) -> None:
    run, token = world.confirmed()
    assert code_of(lambda: world.start().execute(run.id, run.revision, token, PIN)) == "token_invalid"


def test_a_new_confirmation_replaces_the_token(world: World) -> None:
    run, token = world.confirmed()
    newer = world.confirm(run)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "token_invalid"
    assert world.engine.execute(run.id, run.revision, newer, PIN).verdict == "cleared"


def test_a_wrong_pin_stops_with_nothing_sent(world: World) -> None:
    run, token = world.confirmed()
    code_of(lambda: world.engine.execute(run.id, run.revision, token, "00000000"))
    assert not world.card.sent
    assert world.engine.run(run.id).state is State.CONFIRMED
    assert Event.EXECUTION_BEGUN not in world.engine.run(run.id).facts


def test_a_wrong_pin_costs_one_try_even_when_clicked_twice(world: World) -> None:
    run, token = world.confirmed()
    tries = world.card.tries
    for _ in range(2):
        code_of(lambda: world.engine.execute(run.id, run.revision, token, "00000000"))
    assert world.card.tries == tries - 1


def test_after_a_wrong_pin_confirming_again_goes_on(world: World) -> None:
    run, token = world.confirmed()
    code_of(lambda: world.engine.execute(run.id, run.revision, token, "00000000"))
    assert world.engine.execute(run.id, run.revision, world.confirm(run), PIN).verdict == "cleared"


def test_a_wrong_pin_stops_the_report_too(world: World) -> None:
    run = world.backed_up()
    code_of(lambda: world.report(run, "00000000"))
    assert not world.card.reported
    assert "report.intent" not in world.journal.kinds(run.id)


def test_an_empty_pin_is_never_sent(world: World) -> None:
    run = world.backed_up()
    assert code_of(lambda: world.report(run, "")) == "pin_missing"
    assert world.card.pin_shown == []


@pytest.mark.parametrize(
    ("tail", "period"),
    [("1235", "2026-10"), ("1234", "2026-11"), ("1234", "2026-10 "), ("", ""), ("999900001234", "2026-10")],
)
def test_what_is_typed_must_match_exactly(world: World, tail: str, period: str) -> None:
    run = world.previewed()
    assert code_of(lambda: world.engine.confirm(run.id, run.revision, tail, period)) == "confirmation_differs"
    assert world.engine.run(run.id).state is State.PREVIEWED


def test_an_older_revision_cannot_be_confirmed(world: World) -> None:
    first = world.previewed()
    second = world.engine.freeze(first.id)
    assert first.revision != second.revision
    assert code_of(lambda: world.confirm(first)) == "revision_unknown"


def test_a_new_preview_takes_the_confirmation_back(world: World) -> None:
    run, token = world.confirmed()
    world.engine.freeze(run.id)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) in (
        "revision_unknown",
        "not_confirmed",
    )
    assert not world.card.sent


def test_the_book_begins_a_revision_once(world: World) -> None:
    run, _ = world.confirmed()
    book = Book(world.journal)
    book.begin(run.id, run.revision)
    assert code_of(lambda: book.begin(run.id, run.revision)) == "revision_used"
    assert code_of(lambda: Book(world.journal).begin(run.id, run.revision)) == "revision_used"


def test_an_authority_that_refuses_abandons_with_nothing_sent(world: World) -> None:
    run, token = world.confirmed()
    world.authority.filed = False
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "declaration_not_seen"
    after = world.engine.run(run.id)
    assert after.state is State.DECLARED
    assert Event.CLEAR_INTENT not in after.facts
    assert not world.card.sent


def test_a_command_only_assumed_is_not_sent_to_a_real_card(world: World) -> None:
    run, token = world.confirmed()
    world.card.told_evidence = {"report": Evidence.STANDARD, "clear": Evidence.ASSUMED}
    world.card.identity = replace(world.card.identity, simulated=False)
    code = code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN))
    assert code in ("changed_since_preview", "evidence_too_weak")
    run = world.engine.freeze(run.id)
    token = world.confirm(run)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "evidence_too_weak"
    assert not world.card.sent


def test_a_report_only_assumed_is_not_sent_to_a_real_card(world: World) -> None:
    world.card.identity = replace(world.card.identity, simulated=False)
    world.card.told_evidence = {}
    run = world.backed_up()
    assert code_of(lambda: world.report(run)) == "evidence_too_weak"
    assert world.card.pin_shown == []


def test_another_card_in_its_place_is_refused(world: World) -> None:
    run, token = world.confirmed()
    world.card.identity = replace(world.card.identity, device_number="999900009999")
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "other_card"


def test_invoices_of_unknown_card_hold_up_the_preview(world: World) -> None:
    run = world.declared()
    world.ledger.unknown[OCTOBER] = 3
    assert code_of(lambda: world.engine.freeze(run.id)) == "card_unknown_invoices"


def test_a_unit_that_another_run_closed_holds_up_the_preview(world: World) -> None:
    run = world.declared()
    world.ledger.rows[run.units[0]] = "an-earlier-run"
    assert code_of(lambda: world.engine.freeze(run.id)) == "unit_closed_before"


def test_numbers_that_differ_are_shown_and_do_not_hold_up(world: World) -> None:
    world.card.counts[SPECIAL] = (13, Decimal("1243.00"))
    run = world.previewed()
    rows = {row["invoice_type"]: row["agrees"] for row in run.frozen["statistics"]}
    assert rows == {"004": False, "007": True}
    assert [(f["code"], f["severity"]) for f in run.frozen["findings"]] == [("statistics_differ", "warning")]


def test_a_unit_missing_in_the_ledger_is_warned_of(world: World) -> None:
    world.ledger.units.pop(ClearUnit(NUMBER, SPECIAL, OCTOBER))
    assert "unit_not_in_ledger" in [f["code"] for f in world.previewed().frozen["findings"]]


def test_a_return_not_seen_can_be_asked_for_days_later(world: World) -> None:
    run = world.reported()
    assert code_of(lambda: world.engine.declaration(run.id)) == "declaration_not_seen"
    assert world.engine.run(run.id).state is State.REPORTED
    world.clock.forward(days=4)
    world.authority.filed = True
    assert world.engine.declaration(run.id).state is State.DECLARED


def test_a_backup_grown_old_is_made_again_before_the_preview(world: World) -> None:
    run = world.declared()
    world.clock.forward(days=4)
    run = world.engine.freeze(run.id)
    assert len(world.backups.made) == 2
    assert run.frozen["backup"] == world.backups.made[-1].id


def test_a_failing_backup_lets_nobody_past(world: World) -> None:
    run = world.checked()
    world.backups.proven = False
    assert code_of(lambda: world.engine.backup(run.id)) == "backup_not_proven"
    assert code_of(lambda: world.report(run)) == "wrong_step"


def test_cancel_works_until_the_point_of_no_return(world: World) -> None:
    run, _ = world.confirmed()
    assert world.engine.cancel(run.id, "enough").state is State.CANCELLED


def test_cancel_is_refused_after_the_clear(world: World) -> None:
    run = world.executed()
    assert code_of(lambda: world.engine.cancel(run.id, "")) == "not_cancellable"


def test_cancel_is_refused_while_the_card_is_clearing(world: World) -> None:
    run, token = world.confirmed()
    codes: list[str] = []
    world.card.at_clear = lambda: codes.append(code_of(lambda: world.engine.cancel(run.id, "")))
    world.engine.execute(run.id, run.revision, token, PIN)
    assert codes == ["not_cancellable"] * 2


def test_a_summary_not_uploaded_is_uploaded_later_without_reporting_again(world: World) -> None:
    run = world.backed_up()
    world.authority.down = {"upload"}
    with pytest.raises(NotReachable):
        world.report(run)
    assert world.engine.run(run.id).state is State.SUMMARISED
    world.authority.down = set()
    assert world.report(run, "").state is State.REPORTED
    assert set(world.card.reported.values()) == {1}


def test_a_card_reported_elsewhere_is_not_reported_again(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, reported=True)
    world.authority.filed = True
    run = world.reported()
    assert run.facts[Event.REPORT_RESULT]["already"] is True
    assert not world.card.reported
    assert world.card.pin_shown == []


def test_running_all_requests_without_confirming_never_clears(world: World) -> None:
    run = world.opened()
    world.authority.filed = True
    engine = world.engine
    for _ in range(2):
        for call in (
            lambda: engine.check(run.id),
            lambda: engine.backup(run.id),
            lambda: engine.report(run.id, PIN, world.period),
            lambda: engine.declaration(run.id),
            lambda: engine.freeze(run.id),
            lambda: engine.execute(run.id, engine.run(run.id).revision, "", PIN),
            lambda: engine.read_back(run.id),
            lambda: engine.conclude(run.id),
        ):
            try:
                call()
            except Refused:
                continue
    assert not world.card.sent
    assert engine.run(run.id).state is State.PREVIEWED


def test_a_report_is_confirmed_by_its_period(world: World) -> None:
    run = world.backed_up()
    assert code_of(lambda: world.engine.report(run.id, PIN, "2026-09")) == "confirmation_differs"
    assert world.card.pin_shown == []
    assert not world.card.reported
    assert world.engine.report(run.id, PIN, "2026-10").state is State.REPORTED


def test_a_report_confirmed_for_another_period_leaves_no_intent(world: World) -> None:
    run = world.backed_up()
    code_of(lambda: world.engine.report(run.id, PIN, ""))
    assert "report.intent" not in world.journal.kinds(run.id)
