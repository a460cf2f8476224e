"""Taking warnings on (承担提醒): with a reason, by name, for the step ahead alone; the journal tells who and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.unit import ClearUnit
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL, TAXPAYER
from tests.operations.world import World


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FapiaoError) as refused:
        call()
    return refused.value.code


def late_tax_clock(world: World, minutes: int = 11) -> None:
    world.authority.time = lambda: world.clock.now() - timedelta(minutes=minutes)  # type: ignore[method-assign]  # a tax side whose clock is late


def warned(world: World) -> Run:
    """A preview whose numbers differ: one warning stands."""
    world.card.counts[SPECIAL] = (13, Decimal("1243.00"))
    return world.previewed()


def test_numbers_that_differ_are_taken_on_by_a_person_or_not_confirmed(world: World) -> None:
    run = warned(world)
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"
    world.engine.accept(run.id, "statistics_differ", "一张作废票设备已上传，发票库没有导入", "王会计")
    assert world.engine.execute(run.id, run.revision, world.confirm(run), PIN).verdict == "cleared"


def test_a_unit_missing_in_the_ledger_is_taken_on_by_a_person_or_not_confirmed(world: World) -> None:
    world.ledger.units.pop(ClearUnit(NUMBER, SPECIAL, OCTOBER))
    run = world.previewed()
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"
    world.engine.accept(run.id, "unit_not_in_ledger", "this type is kept in another program")
    assert world.confirm(run)


def test_the_journal_tells_what_was_taken_on_by_whom_why_and_for_which_revision(world: World) -> None:
    run = warned(world)
    after = world.engine.accept(run.id, "statistics_differ", "  one void sheet  ", "王会计")
    record = world.journal.kept[-1]
    assert (record.kind, record.who, record.run) == ("warning.accepted", "王会计", run.id)
    assert set(record.data) == {"code", "name", "sentence", "evidence", "size", "reason", "who", "revision"}
    assert record.data["reason"] == "one void sheet"
    assert record.data["who"] == "王会计"
    assert record.data["revision"] == run.revision
    assert "13" in record.data["sentence"]
    assert after.accepted == {"statistics_differ": "one void sheet"}
    assert after.state is State.PREVIEWED


def test_without_a_name_it_is_the_person_who_opened_the_run(world: World) -> None:
    run = warned(world)
    world.engine.accept(run.id, "statistics_differ", "one void sheet")
    assert (world.journal.kept[-1].who, world.journal.kept[-1].data["who"]) == ("tester", "tester")


def test_two_units_with_the_same_warning_are_both_in_what_was_taken_on(world: World) -> None:
    world.card.counts[ORDINARY] = (14, Decimal("1343.00"))
    run = warned(world)
    world.engine.accept(run.id, "statistics_differ", "two void sheets")
    told = world.journal.kept[-1].data["sentence"]
    assert SPECIAL.zh in told
    assert ORDINARY.zh in told
    assert world.confirm(run)


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_an_empty_reason_is_none(world: World, reason: str) -> None:
    run = warned(world)
    assert code_of(lambda: world.engine.accept(run.id, "statistics_differ", reason)) == "reason_missing"
    assert Event.WARNING_ACCEPTED not in world.engine.run(run.id).facts


@pytest.mark.parametrize("code", ["check_tax_clock_drift", "check_backup_fresh", "no_such_code", ""])
def test_what_does_not_stand_cannot_be_taken_on(world: World, code: str) -> None:
    run = warned(world)
    assert code_of(lambda: world.engine.accept(run.id, code, "just in case")) == "warning_not_standing"


def test_a_warning_that_went_away_cannot_be_taken_on(world: World) -> None:
    late_tax_clock(world)
    run = world.previewed()
    world.authority.time = world.clock.now  # type: ignore[method-assign]  # its clock is set right again
    assert code_of(lambda: world.engine.accept(run.id, "check_tax_clock_drift", "known")) == "warning_not_standing"


def test_what_could_not_be_found_out_cannot_be_taken_on(world: World) -> None:
    run = world.previewed()
    world.authority.down = {"time"}
    assert code_of(lambda: world.engine.accept(run.id, "check_unknown", "never mind")) == "blocker_not_acceptable"


def test_numbers_of_a_warning_may_change_and_it_stays_taken_on(world: World) -> None:
    run = world.previewed()
    late_tax_clock(world, 11)
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, "the portal is known to be slow")
    late_tax_clock(world, 12)
    assert world.confirm(run)


@pytest.mark.parametrize(("minutes", "asked"), [(60, False), (61, True), (23 * 60, True)])
def test_a_warning_that_grew_by_a_step_is_asked_again(world: World, minutes: int, asked: bool) -> None:
    run = world.previewed()
    late_tax_clock(world, 11)
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, "the portal is known to be slow")
    late_tax_clock(world, minutes)
    world.start()
    if not asked:
        assert world.confirm(run)
        return
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, f"{minutes} minutes, the tax office was called")
    assert world.journal.kept[-1].data["size"] == minutes
    assert world.confirm(run)


def test_a_warning_that_became_smaller_stays_taken_on(world: World) -> None:
    run = world.previewed()
    late_tax_clock(world, 8 * 60)
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, "its clock is being set")
    late_tax_clock(world, 11)
    assert world.confirm(run)


def test_one_more_sheet_of_another_seller_asks_again(world: World) -> None:
    world.ledger.told_sellers = {TAXPAYER: 20, "91330100MA27XYZ00X": 1}
    run = world.previewed()
    world.engine.accept(run.id, "check_seller_mixed", "one sheet was received")
    world.ledger.told_sellers = {TAXPAYER: 20, "91330100MA27XYZ00X": 2}
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"


def test_a_record_without_a_size_counts_as_the_smallest(world: World) -> None:
    run = world.previewed()
    late_tax_clock(world, 11)
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, "the portal is known to be slow")
    for n, record in enumerate(world.journal.kept):
        if record.kind == Event.WARNING_ACCEPTED:
            older = {key: value for key, value in record.data.items() if key != "size"}
            world.journal.kept[n] = replace(record, data=older)
    world.start()
    assert world.engine.run(run.id).accepted_at == {"check_tax_clock_drift": 0, "check_clocks_drift": 0}
    late_tax_clock(world, 61)
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"
    late_tax_clock(world, 11)
    assert world.confirm(run)


def test_a_warning_that_became_a_blocker_is_not_taken_on_any_more(world: World) -> None:
    run = world.previewed()
    late_tax_clock(world, 11)
    for code in ("check_tax_clock_drift", "check_clocks_drift"):
        world.engine.accept(run.id, code, "the portal is known to be slow")
    late_tax_clock(world, 25 * 60)
    assert code_of(lambda: world.confirm(run)) == "check_clock_far"


def test_one_warning_taken_on_says_nothing_of_another(world: World) -> None:
    run = warned(world)
    world.engine.accept(run.id, "statistics_differ", "one void sheet")
    late_tax_clock(world)
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"


def test_a_new_preview_forgets_what_was_taken_on(world: World) -> None:
    run = warned(world)
    world.engine.accept(run.id, "statistics_differ", "one void sheet")
    run = world.engine.freeze(run.id)
    assert run.accepted == {}
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"


def test_what_was_taken_on_outlives_a_restart(world: World) -> None:
    run = warned(world)
    world.engine.accept(run.id, "statistics_differ", "one void sheet")
    world.start()
    assert world.confirm(world.engine.run(run.id))


def test_nothing_is_taken_on_at_a_step_without_gates_ahead(world: World) -> None:
    run = world.checked()
    assert code_of(lambda: world.engine.accept(run.id, "check_pin_untold", "known")) == "wrong_step"
    after = world.executed() if world.engine.cancel(run.id, "") else run
    assert code_of(lambda: world.engine.accept(after.id, "check_pin_untold", "known")) == "wrong_step"


def test_a_journal_that_cannot_be_written_takes_nothing_on(world: World) -> None:
    run = warned(world)

    def full(number: int, kind: str) -> None:
        if kind == Event.WARNING_ACCEPTED:
            raise FapiaoError("bug", what="disk full")

    world.journal.before = full
    code_of(lambda: world.engine.accept(run.id, "statistics_differ", "one void sheet"))
    world.journal.before = lambda number, kind: None
    assert world.engine.run(run.id).accepted == {}
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"


def test_another_card_in_its_place_is_no_ground_to_take_anything_on(world: World) -> None:
    run = warned(world)
    world.card.identity = replace(world.card.identity, device_number="999900009999")
    assert code_of(lambda: world.confirm(run)) == "check_identity_other"


def test_a_warning_that_came_up_after_the_confirmation_asks_for_a_new_preview(world: World) -> None:
    run, _ = world.confirmed()
    late_tax_clock(world)
    assert code_of(lambda: world.confirm(run)) == "warning_not_accepted"
    assert code_of(lambda: world.engine.accept(run.id, "check_tax_clock_drift", "late")) == "warning_came_late"
    again = world.engine.freeze(run.id)
    world.engine.accept(again.id, "check_tax_clock_drift", "the tax side is late")
    world.engine.accept(again.id, "check_clocks_drift", "the tax side is late")
    assert world.confirm(again)
