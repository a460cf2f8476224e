"""Looking back: four witnesses of each unit, whether they agree, and the one action that is left. It changes nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.clearing import Event, Outcome, Run, State
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, message
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.recovery.offering import GRAVEST_FIRST, Action, offer
from fapiao_kernel.operations.clearing.recovery.situation import Situation, grouped
from fapiao_kernel.operations.clearing.recovery.testimony import Books, Device, Said, TaxSide, Told
from tests.operations import elsewhere
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL, Crash
from tests.operations.world import TOGETHER, World


def look(world: World) -> Situation:
    """Look back, and hold it to its promise: nothing was written, sent or spent."""
    before = touched(world)
    found = world.engine.look_back(world.card.address)
    assert touched(world) == before
    return found


def touched(world: World) -> tuple[object, ...]:
    card = (dict(world.card.sent), dict(world.card.reported), len(world.card.pin_shown))
    return (
        len(world.journal.kept),
        card,
        dict(world.ledger.rows),
        len(world.backups.made),
        len(world.authority.uploaded),
    )


def four(found: Situation) -> list[tuple[str, str, str, str]]:
    return [
        (u.said.device.value, u.said.ledger.value, u.said.authority.value, u.said.journal.value) for u in found.units
    ]


def actions(found: Situation) -> list[str]:
    return [u.action.value for u in found.units]


def test_a_month_before_its_clear_has_nothing_to_recover(world: World) -> None:
    found = look(world)
    assert four(found) == [("open", "open", "not", "nothing")] * 2
    assert (found.action, found.agree, found.run) == (Action.NONE, True, None)


def test_a_finished_month_agrees_and_names_the_run(world: World) -> None:
    run = world.executed()
    found = look(world)
    assert (found.action, found.agree, found.last) == (Action.NONE, True, world.engine.run(run.id))
    assert four(found) == [("cleared", "closed", "cleared", "cleared")] * 2
    assert [u.finding.code for u in found.units] == ["recovery_quiet"] * 2
    assert all("2026-11-17 → 2026-12-17" in u.finding.evidence for u in found.units)
    assert all(run.id in u.finding.evidence for u in found.units)


def test_a_span_of_months_cleared_together_is_asked_of_the_tax_side_as_it_was_cleared(tmp_path: Path) -> None:
    world = World(tmp_path, groups=TOGETHER, periods=2)
    run = world.executed()
    asked: list[tuple[int, int]] = []
    told = world.authority.cleared

    def listening(card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> bool:
        asked.append((len(types), len(periods)))
        return told(card, types, periods)

    world.authority.cleared = listening  # type: ignore[method-assign]  # a tax side that says what it was asked
    assert {u.said.unit for u in look(world).units} == set(run.units)
    assert asked == [(2, 2)]


def test_after_a_partial_the_closed_units_are_shown_beside_the_rest(world: World) -> None:
    world.card.faults = {"clear 007": "refuse"}
    run = world.executed()
    found = look(world)
    assert run.verdict == "partial"
    assert {u.said.unit.invoice_type: u.said.device.value for u in found.units} == {
        SPECIAL: "cleared",
        ORDINARY: "reported",
    }
    assert {u.said.unit.invoice_type: u.said.ledger.value for u in found.units} == {SPECIAL: "closed", ORDINARY: "open"}
    assert (found.action, found.agree) == (Action.NONE, True)


def test_a_cancelled_run_after_it_does_not_hide_what_the_last_one_closed(world: World) -> None:
    run = world.executed()
    world.clock.forward(days=30)
    world.engine.cancel(world.opened().id, "")
    closed = [u.said for u in look(world).units if u.said.unit in run.units]
    assert [one.device for one in closed] == [Device.CLEARED] * 2


@pytest.mark.parametrize("stage", ["opened", "checked", "backed_up", "reported", "declared", "previewed"])
def test_a_card_cleared_elsewhere_is_ahead_and_may_be_continued_from(world: World, stage: str) -> None:
    getattr(world, stage)()
    elsewhere.cleared(world)
    found = look(world)
    assert four(found) == [("cleared", "open", "cleared", "nothing")] * 2
    assert (found.action, found.agree) == (Action.CONTINUE, False)


def test_the_finding_has_the_dates_before_and_after_and_who_says_what(world: World) -> None:
    world.reported()
    elsewhere.cleared(world)
    told = look(world).findings[0]
    assert told.code == "recovery_ahead"
    assert "2026-11-17 → 2026-12-17" in told.evidence
    assert "设备 已清" in told.evidence
    assert "发票库 未结转" in told.evidence
    assert told.remedy
    assert told.who.value == "me"


def test_without_a_run_the_units_that_the_ledger_has_open_behind_the_card_are_ahead(world: World) -> None:
    elsewhere.cleared(world, SPECIAL)
    found = look(world)
    assert {u.said.unit.invoice_type: u.action.value for u in found.units} == {
        SPECIAL: "continue_from_device",
        ORDINARY: "none",
    }


def test_what_lies_behind_an_open_run_waits_for_it(world: World) -> None:
    run = world.opened()
    world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER.previous())] = list(next(iter(world.ledger.units.values())))
    found = look(world)
    assert (found.units[-1].finding.code, run.id in found.units[-1].finding.message) == ("recovery_after_run", True)
    assert found.action is Action.NONE


def test_an_unknown_outcome_that_the_card_shows_asks_for_a_read_back(world: World) -> None:
    unknown(world, clear_007="lost")
    found = look(world)
    assert four(found)[1] == ("cleared", "open", "not", "unknown")
    assert found.action is Action.READ_BACK


def test_an_unknown_outcome_without_any_movement_is_a_false_alarm(world: World) -> None:
    unknown(world, clear_004="lost_before")
    found = look(world)
    assert four(found) == [("reported", "open", "not", "unknown"), ("reported", "open", "not", "not_sent")]
    assert found.action is Action.FALSE_ALARM


def test_an_unknown_outcome_beside_a_unit_that_moved_is_no_false_alarm(world: World) -> None:
    unknown(world, clear_004="lost_before")
    elsewhere.cleared(world, ORDINARY)
    found = look(world)
    assert actions(found) == ["read_back", "read_back"]


def test_looking_back_waits_for_the_act_under_way(world: World) -> None:
    run, token = world.confirmed()
    seen: list[Situation] = []
    looking = threading.Thread(target=lambda: seen.append(world.engine.look_back(world.card.address)))

    def at_clear() -> None:
        if not looking.ident:
            looking.start()
            looking.join(0.2)
        assert looking.is_alive(), "a look in mid act would call unknown what is about to be answered"

    world.card.at_clear = at_clear
    world.engine.execute(run.id, run.revision, token, PIN)
    looking.join(20)
    # It may come between the outcome and the conclusion, which hold the card one after the other; never before the outcome.
    assert {u.said.journal for u in seen[0].units} <= {Told.CLEARED, Told.NOTHING}
    assert seen[0].action in (Action.NONE, Action.CONCLUDE)


@pytest.mark.parametrize(("fault", "action"), [("lost", Action.READ_BACK), ("lost_before", Action.FALSE_ALARM)])
def test_an_unknown_report_is_told_by_the_card(tmp_path: object, fault: str, action: Action) -> None:
    world = World(tmp_path, groups=TOGETHER)  # type: ignore[arg-type]  # pytest's own path
    run = world.backed_up()
    world.card.faults = {"report": fault}
    with pytest.raises(OutcomeUnknown):
        world.report(run)
    assert look(world).action is action


def test_dates_that_contradict_each_other_are_unclear_and_a_case_for_support(world: World) -> None:
    world.reported()
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], lock_date=date(2026, 12, 17))
    found = look(world)
    assert four(found)[0][0] == "unclear"
    assert (found.action, found.units[0].finding.code) == (Action.SUPPORT, "recovery_unclear")


def test_a_card_behind_the_ledger_is_a_case_for_support(world: World) -> None:
    world.executed()
    elsewhere.restored(world)
    found = look(world)
    assert found.action is Action.SUPPORT
    assert {f.code for f in found.findings} == {"recovery_backwards"}


def test_a_ledger_row_that_the_card_does_not_know_is_a_case_for_support(world: World) -> None:
    world.ledger.rows[ClearUnit(NUMBER, SPECIAL, OCTOBER)] = "20251105-1234-aaaaaa"
    found = look(world)
    assert found.units[0].finding.code == "recovery_behind"
    assert "20251105-1234-aaaaaa" in found.units[0].finding.message
    assert found.action is Action.SUPPORT


def cut(world: World, kind: str) -> None:
    """The journal's end gone, by whole records, from the first of this kind on; and the kernel started anew."""
    first = next(n for n, record in enumerate(world.journal.kept) if record.kind == kind)
    del world.journal.kept[first:]
    world.start()


@pytest.mark.parametrize("kind", ["run.opened", "preview.frozen", "clear.intent", "unit.sent", "unit.answered"])
def test_a_clear_that_the_ledger_names_and_a_cut_journal_does_not_know_is_a_case_for_support(
    world: World, kind: str
) -> None:
    run = world.executed()
    cut(world, kind)
    found = look(world)
    assert (found.action, found.agree) == (Action.SUPPORT, False)
    told = [u.finding for u in found.units if u.said.ledger is Books.CLOSED]
    assert [(f.code, f.who.value, f.severity.value) for f in told] == [("recovery_unrecorded", "it", "blocker")] * 2
    assert all(run.id in f.message and run.id in f.evidence for f in told)


@pytest.mark.parametrize("kind", ["ledger.closed", "run.verified", "run.recorded"])
def test_a_conclusion_broken_off_after_the_ledger_was_closed_is_no_contradiction(world: World, kind: str) -> None:
    world.executed()
    cut(world, kind)
    found = look(world)
    assert "recovery_unrecorded" not in {f.code for f in found.findings}
    assert found.action is not Action.SUPPORT


def test_a_tax_side_ahead_of_the_card_goes_to_the_tax_office(world: World) -> None:
    world.authority.acknowledged.add((SPECIAL,))
    told = look(world).findings[0]
    assert (told.code, told.who.value) == ("recovery_tax_side_ahead", "tax_office")


def test_a_conclusion_that_waits_is_concluded(world: World) -> None:
    run, token = world.confirmed()
    world.authority.down = {"acknowledge"}
    with pytest.raises(NotReachable):
        world.engine.execute(run.id, run.revision, token, PIN)
    assert look(world).action is Action.CONCLUDE


def test_a_tax_side_that_is_away_is_unknown_with_the_reason(world: World) -> None:
    world.executed()
    elsewhere.cleared(world)
    world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER.next())] = list(next(iter(world.ledger.units.values())))
    world.authority.down = {"all"}
    said = look(world).units[0].said
    assert (said.authority, bool(said.authority_why)) == (TaxSide.UNKNOWN, True)
    assert look(world).action is Action.CONTINUE


def test_a_card_that_is_away_leaves_everything_unknown(world: World) -> None:
    world.reported()
    world.card.unplugged = True
    found = look(world)
    assert (found.card, found.agree, found.action) == (None, False, Action.NONE)
    assert {f.severity.value for f in found.findings} == {"unknown"}


def test_a_card_away_after_an_unknown_outcome_still_asks_for_a_read_back(world: World) -> None:
    unknown(world, clear_004="lost")
    world.card.unplugged = True
    assert look(world).action is Action.READ_BACK


def test_another_card_in_its_place_says_nothing_of_this_one(world: World) -> None:
    run = world.reported()
    world.card.identity = replace(world.card.identity, device_number="999900009999")
    found = look(world)
    assert (found.device_number, found.card, found.run) == (NUMBER, None, world.engine.run(run.id))
    assert "999900009999" in found.findings[0].message


@pytest.mark.parametrize("kind", ["execution.abandoned", "preview.voided"])
def test_after_an_alarming_end_a_card_that_did_not_move_is_a_false_alarm(world: World, kind: str) -> None:
    run, token = world.confirmed()

    def crash(number: int, now: str) -> None:
        if now == "authorisation.fetched":
            raise Crash

    if kind == "execution.abandoned":
        world.journal.after = crash
        with pytest.raises(Crash):
            world.engine.execute(run.id, run.revision, token, PIN)
        world.journal.after = lambda number, now: None
        world.start().settle_open()
    else:
        world.engine._book.append(run.id, Event.VOIDED, {"revision": run.revision, "reason": "x"})
    assert look(world).action is Action.FALSE_ALARM


def test_a_late_answer_of_an_older_month_is_not_told_of_the_newest(world: World) -> None:
    world.executed()
    world.clock.forward(days=30)
    said = {u.said.unit: u.said.journal for u in look(world).units if u.said.unit.period == OCTOBER.next()}
    assert said == {ClearUnit(NUMBER, t, OCTOBER.next()): Told.NOTHING for t in (SPECIAL, ORDINARY)}


def test_units_are_grouped_by_the_span_last_known_and_else_by_month(world: World) -> None:
    world.backed_up()
    state = world.card.read_state()
    september, august = OCTOBER.previous(), OCTOBER.previous().previous()
    units = [ClearUnit(NUMBER, SPECIAL, p) for p in (OCTOBER, september, august)]
    was = replace(state, monitoring=tuple(replace(m, report_start=september.first_day) for m in state.monitoring))
    assert grouped(world.card.profile, units, was) == ((units[2],), (units[1], units[0]))
    assert len(grouped(world.card.profile, units, None)) == 3


def unknown(world: World, **faults: str) -> str:
    run, token = world.confirmed()
    world.card.faults = {key.replace("_", " ", 1): fault for key, fault in faults.items()}
    with pytest.raises(OutcomeUnknown):
        world.engine.execute(run.id, run.revision, token, PIN)
    return run.id


# --- every combination

UNIT = ClearUnit(NUMBER, SPECIAL, OCTOBER)
SAID = st.builds(
    Said,
    st.just(UNIT),
    st.sampled_from(Device),
    st.sampled_from(Books),
    st.sampled_from(TaxSide),
    st.sampled_from(Told),
)


def run_in(state: State, mine: bool) -> Run:
    units = (UNIT,) if mine else (ClearUnit(NUMBER, ORDINARY, OCTOBER),)
    return Run("r", state, "a", NUMBER, units, (units,), "", "", outcomes={UNIT: Outcome.CLEARED})


RUNS = st.none() | st.builds(
    run_in, st.sampled_from([s for s in State if s not in ("finished", "cancelled")]), st.booleans()
)


@given(SAID, RUNS, st.sampled_from(Event), st.booleans(), st.booleans())
def test_every_combination_of_witnesses_has_one_action_and_a_sentence(
    said: Said, run: Run | None, last: Event, still: bool, back: bool
) -> None:
    action, code = offer(said, run, last, still, back)
    assert action in GRAVEST_FIRST
    assert message(code).zh
    if action is Action.CONTINUE:
        assert said.device is Device.CLEARED, "only the card's own proof lets us go on"
        assert said.ledger is not Books.CLOSED
    if action is Action.FALSE_ALARM:
        assert said.device in (Device.OPEN, Device.REPORTED)
        assert said.ledger is not Books.CLOSED
    if said.device is not Device.CLEARED and said.ledger is Books.CLOSED:
        assert action in (Action.SUPPORT, Action.READ_BACK)


@given(SAID)
def test_who_contradicts_never_agrees(said: Said) -> None:
    if said.agree:
        assert said.device is not Device.UNCLEAR
        assert not said.unrecorded
        assert (said.ledger is Books.CLOSED) <= (said.device is Device.CLEARED)
        assert (said.authority is TaxSide.CLEARED) <= (said.device is Device.CLEARED)
