"""Settling (回读核实): an act without a result is settled by asking the device, never by acting again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter

from fapiao_kernel.domain.card import CardState, Monitoring
from fapiao_kernel.domain.clearing import Event, Outcome, Run, State, unit_data
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown, Refused
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import error_data, require
from fapiao_kernel.operations.clearing.desk import Desk, types_of
from fapiao_kernel.operations.clearing.recall import card_of
from fapiao_kernel.operations.clearing.reporting import result_data
from fapiao_kernel.operations.clearing.words import either, unit_list

Group = tuple[ClearUnit, ...]
UNSETTLED = (State.REPORTING, State.REPORT_UNKNOWN, State.CLEARING, State.OUTCOME_UNKNOWN)
NOT_STATED: Mapping[str, str] = {}
"""Nobody said anything: the device alone is asked."""


def read_back(desk: Desk, run_id: str) -> Run:
    """Settle what is unknown by what the card shows. Raises ``OutcomeUnknown`` (``readback_unclear``) when the card does not
    tell either, and what reading raises: then the run stays unknown, and reading may be asked again."""
    run = desk.book.run(run_id)
    require(run, *UNSETTLED)
    with desk.book.holding(run.card):
        run = desk.book.run(run_id)
        require(run, *UNSETTLED)
        desk.say(run, either("读取设备，核实结果", "Reading the device to settle the outcome"))
        return settle_one(desk, run)


def settle_report(desk: Desk, run: Run, stated: Mapping[str, str] = NOT_STATED) -> Run:
    """All groups reported → the result; any not → refused, and the report goes on from there (a group once reported is read).

    ``stated``: what a person said of it, kept beside the reading that proves it (``recovering``).
    """
    begun = perf_counter()
    card, state = desk.read(run)
    summaries = {group: card.read_summary(types_of(group)) for group in run.groups}
    if all(summary is not None for summary in summaries.values()):
        data = result_data(summaries, False, state, perf_counter() - begun)
        return desk.book.append(run.id, Event.REPORT_RESULT, data)
    missing = [unit for group, summary in summaries.items() if summary is None for unit in group]
    error = Refused("report_not_applied", units=unit_list(missing))
    return desk.book.append(run.id, Event.REPORT_REFUSED, {"error": error_data(error), **stated})


def settle_clear(desk: Desk, run: Run, stated: Mapping[str, str] = NOT_STATED) -> Run:
    """Groups never sent are not sent; a group sent without answer is what its monitoring data show against the intent's."""
    open_units = [unit for unit in run.units if run.outcomes.get(unit, Outcome.UNKNOWN) is Outcome.UNKNOWN]
    never = [unit for unit in open_units if unit not in run.sent]
    asked = [unit for unit in open_units if unit in run.sent]
    state: CardState | None = None
    if asked:
        state = desk.read(run)[1]
    if never:
        evidence = either("日志里没有发送记录", "the journal holds no sending of it")
        run = _settle(desk, run, never, Outcome.NOT_SENT, evidence, "read", stated)
    if state is not None:
        before = card_of(run.facts[Event.CLEAR_INTENT]["card"])
        for unit in asked:
            was, now = before.of(unit.invoice_type), state.of(unit.invoice_type)
            outcome = moved(was, now)
            if outcome is not None and was is not None and now is not None:
                run = _settle(desk, run, [unit], outcome, evidence_of(was, now), state.source.value, stated)
        left = run.undecided
        if left:
            raise OutcomeUnknown("readback_unclear", units=unit_list(left))
    return end(desk, run.id, lambda: state or desk.read(run)[1])


def moved(before: Monitoring | None, after: Monitoring | None) -> Outcome | None:
    """Cleared when lock date and report start both moved on; refused (not applied) when neither did; None when it is unclear."""
    if before is None or after is None:
        return None
    if after.lock_date > before.lock_date and after.report_start > before.report_start:
        return Outcome.CLEARED
    if after.lock_date == before.lock_date and after.report_start == before.report_start:
        return Outcome.REFUSED
    return None


def evidence_of(before: Monitoring, after: Monitoring) -> str:
    """The two dates that decide it, before → after."""
    lock, start = either("锁死日期", "lock date"), either("抄报起始", "report start")
    return f"{lock} {before.lock_date} → {after.lock_date}; {start} {before.report_start} → {after.report_start}"


def _settle(
    desk: Desk,
    run: Run,
    units: Iterable[ClearUnit],
    outcome: Outcome,
    evidence: str,
    source: str,
    stated: Mapping[str, str],
) -> Run:
    data = {"units": [unit_data(unit) for unit in units], "outcome": outcome, "evidence": evidence, "source": source}
    return desk.book.append(run.id, Event.UNIT_SETTLED, {**data, **stated})


def end(desk: Desk, run_id: str, read: Callable[[], CardState]) -> Run:
    """The outcome over all units, with the card as it shows itself then (None when it cannot be read just now)."""
    run = desk.book.run(run_id)
    closed = [run.outcomes[unit].closed for unit in run.units]
    event = Event.CLEARED if all(closed) else Event.PARTLY if any(closed) else Event.REFUSED
    state: CardState | None
    try:
        state = read()
    except FapiaoError:
        state = None  # the outcome stands by the answers; verification reads the card again, and says so when it cannot
    return desk.book.append(run.id, event, {"card": state})


def settle_open(desk: Desk, conclude: Callable[[str], Run]) -> None:
    """At start: settle every intent without a result, abandon what never reached one, and conclude what waits for it."""
    for run in desk.book.runs():
        if run.over:
            continue
        try:
            settle_one(desk, run)
            if desk.book.run(run.id).state in WAITING:
                conclude(run.id)
        except FapiaoError as error:
            desk.book.note(run.id, "settle", error)


WAITING = (
    State.CLEARED, State.PARTIAL, State.REFUSED, State.ACKNOWLEDGED, State.CLOSED, State.VERIFIED, State.RECORDED,
)  # fmt: skip
"""States in which only the conclusion is left."""


def settle_one(desk: Desk, run: Run, stated: Mapping[str, str] = NOT_STATED) -> Run:
    """Settle one run by its state; what stays unknown is written down as unknown, and told."""
    match run.state:
        case State.CANCELLING:
            return desk.book.cancelled(run)
        case State.AUTHORISING | State.AUTHORISED:
            data = {"revision": run.revision, "error": error_data(Refused("interrupted"))}
            return desk.book.append(run.id, Event.EXECUTION_ABANDONED, data)
        case State.REPORTING | State.REPORT_UNKNOWN:
            try:
                return settle_report(desk, run, stated)
            except FapiaoError as error:
                if desk.book.run(run.id).state is State.REPORTING:
                    desk.book.append(run.id, Event.REPORT_UNKNOWN, {"error": error_data(error)})
                raise
        case State.CLEARING | State.OUTCOME_UNKNOWN:
            try:
                return settle_clear(desk, run, stated)
            except FapiaoError as error:
                left = desk.book.run(run.id)
                if left.state is State.CLEARING and left.undecided:
                    units = [unit_data(unit) for unit in left.undecided]
                    desk.book.append(run.id, Event.CLEAR_UNKNOWN, {"units": units, "error": error_data(error)})
                raise
    return run


def recovered(run: Run) -> bool:
    """Whether the run's outcome was found on the device rather than brought about by it: it sent no clear."""
    return Event.RECOVERED in run.facts or Event.RECOVERED_PARTLY in run.facts


def closed_units(run: Run) -> tuple[ClearUnit, ...]:
    """The units that the device has closed."""
    return tuple(unit for unit in run.units if unit in run.outcomes and run.outcomes[unit].closed)


def closed_groups(run: Run) -> tuple[Group, ...]:
    """The closed units, by the groups they were cleared in."""
    closed = set(closed_units(run))
    groups = (tuple(unit for unit in group if unit in closed) for group in run.groups)
    return tuple(group for group in groups if group)
