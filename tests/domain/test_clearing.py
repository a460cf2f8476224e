"""The state table of the clear: total, without dead ends, and with one point of no return."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.clearing import (
    CANCELLABLE,
    MOVES,
    OVER,
    Event,
    IllegalMove,
    Outcome,
    Run,
    State,
    advance,
    fold,
    unit_data,
    units_of,
)
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit

DEVICE = "999900001234"
ONE, TWO = (ClearUnit(DEVICE, t, Period(2026, 10)) for t in (InvoiceType.SPECIAL, InvoiceType.ORDINARY))


def record(kind: Event, **data: Any) -> dict[str, Any]:
    return {"kind": kind.value, "time": "2026-11-05T09:00:00+08:00", "run": "r", "who": "me", "data": data}


def opened() -> dict[str, Any]:
    return record(Event.OPENED, card="c", device_number=DEVICE, groups=[[unit_data(ONE)], [unit_data(TWO)]])


def clearing() -> list[dict[str, Any]]:
    """Records up to the point of no return."""
    return [
        opened(),
        record(Event.CHECKED),
        record(Event.BACKED_UP),
        record(Event.REPORT_RESULT),
        record(Event.UPLOADED),
        record(Event.DECLARED),
        record(Event.FROZEN, revision="r1"),
        record(Event.CONFIRMED),
        record(Event.EXECUTION_BEGUN),
        record(Event.AUTHORISED),
        record(Event.CLEAR_INTENT),
    ]


def test_every_state_has_a_row() -> None:
    assert set(MOVES) == set(State)


def test_every_event_but_the_first_is_a_move_somewhere() -> None:
    used = {event for moves in MOVES.values() for event in moves}
    assert used == set(Event) - {Event.OPENED}


def test_only_what_is_over_has_no_way_on() -> None:
    assert {state for state, moves in MOVES.items() if not moves} == OVER


def test_every_state_can_be_reached_and_can_end() -> None:
    reached, todo = {State.OPENED}, [State.OPENED]
    while todo:
        for target in MOVES[todo.pop()].values():
            if target not in reached:
                reached.add(target)
                todo.append(target)
    assert reached == set(State)
    ends = set(OVER)
    for _ in State:
        ends |= {state for state, moves in MOVES.items() if ends & set(moves.values())}
    assert ends == set(State)


def test_there_is_one_way_into_clearing() -> None:
    into = [(s, e) for s, moves in MOVES.items() for e, t in moves.items() if t is State.CLEARING and s is not t]
    assert into == [(State.AUTHORISED, Event.CLEAR_INTENT)]


def test_no_way_leads_back_from_the_point_of_no_return() -> None:
    beyond, todo = {State.CLEARING}, [State.CLEARING]
    while todo:
        for target in MOVES[todo.pop()].values():
            if target not in beyond:
                beyond.add(target)
                todo.append(target)
    assert not beyond & CANCELLABLE
    assert State.CANCELLED not in beyond
    assert Event.CLEAR_INTENT not in {event for state in beyond for event in MOVES[state]}


def test_nothing_is_cancelled_while_the_card_is_being_changed() -> None:
    assert not {State.REPORTING, State.REPORT_UNKNOWN, State.CLEARING, State.OUTCOME_UNKNOWN} & CANCELLABLE


def test_a_cancel_is_asked_before_it_is_done() -> None:
    ways = {(state, event) for state, moves in MOVES.items() for event, to in moves.items() if to is State.CANCELLED}
    assert ways == {(State.CANCELLING, Event.CANCELLED)}


def test_a_cancel_asked_for_lets_nothing_new_begin() -> None:
    assert set(MOVES[State.CANCELLING].values()) == {State.CANCELLING, State.CANCELLED}
    assert not {Event.REPORT_INTENT, Event.FROZEN, Event.CONFIRMED, Event.CLEAR_INTENT} & set(MOVES[State.CANCELLING])


def test_only_results_and_settlements_leave_the_unknown() -> None:
    assert set(MOVES[State.OUTCOME_UNKNOWN]) == {Event.UNIT_SETTLED, Event.CLEARED, Event.PARTLY, Event.REFUSED}


@given(st.sampled_from(State), st.sampled_from(Event))
def test_a_move_is_in_the_table_or_refused(state: State, event: Event) -> None:
    if event in MOVES[state]:
        assert advance(state, event) is MOVES[state][event]
    else:
        with pytest.raises(IllegalMove):
            advance(state, event)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_any_sequence_of_events_stays_on_the_table(events: list[Event]) -> None:
    state = State.OPENED
    for event in events:
        try:
            state = advance(state, event)
        except IllegalMove:
            continue
        assert state in State


def test_a_run_starts_with_its_opening() -> None:
    with pytest.raises(ValueError, match="starts with"):
        fold([record(Event.CHECKED)])


def test_no_record_makes_no_run() -> None:
    with pytest.raises(ValueError, match="no record"):
        fold([])


def test_folding_in_parts_is_folding_the_whole() -> None:
    records = clearing()
    for cut in range(1, len(records)):
        assert fold(records[cut:], fold(records[:cut])) == fold(records)


def test_a_void_preview_is_forgotten() -> None:
    run = fold([*clearing()[:7], record(Event.VOIDED, revision="r1")])
    assert (run.revision, run.frozen, run.state) == ("", {}, State.DECLARED)


def answered(*outcomes: tuple[ClearUnit, str], end: Event | None = None) -> Run:
    records = clearing()
    for unit, outcome in outcomes:
        records.append(record(Event.UNIT_SENT, units=[unit_data(unit)]))
        if outcome:
            records.append(record(Event.UNIT_ANSWERED, units=[unit_data(unit)], outcome=outcome))
    return fold([*records, *([record(end)] if end else [])])


@pytest.mark.parametrize(
    ("one", "two", "verdict"),
    [
        ("cleared", "cleared", "cleared"),
        ("cleared", "already_cleared", "cleared"),
        ("already_cleared", "already_cleared", "already_cleared"),
        ("cleared", "refused", "partial"),
        ("refused", "not_sent", "refused"),
        ("cleared", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_the_verdict_follows_from_the_outcomes(one: str, two: str, verdict: str) -> None:
    assert answered((ONE, one), (TWO, two)).verdict == verdict


def test_before_any_outcome_the_verdict_is_open() -> None:
    assert fold([opened()]).verdict == "open"


def test_a_cancelled_run_says_so() -> None:
    run = fold([opened(), record(Event.CANCEL_ASKED), record(Event.CANCELLED)])
    assert (run.verdict, run.over) == ("cancelled", True)


def test_a_unit_sent_without_an_answer_is_undecided() -> None:
    assert answered((ONE, "cleared"), (TWO, "")).undecided == (TWO,)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_cleared_outcomes_close(outcome: Outcome) -> None:
    assert outcome.closed == (outcome in (Outcome.CLEARED, Outcome.ALREADY_CLEARED))


def test_units_are_written_and_read_back() -> None:
    assert units_of(DEVICE, [unit_data(ONE), unit_data(TWO)]) == (ONE, TWO)
