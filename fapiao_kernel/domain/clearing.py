"""The clear (清卡) as a state machine: one literal table of states and moves, and a pure fold over journal records.

Nothing here compares the order of states: they are names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit


class State(StrEnum):
    """Where a run stands."""

    OPENED = "opened"
    CHECKED = "checked"
    BACKED_UP = "backed_up"
    REPORTING = "reporting"
    REPORT_UNKNOWN = "report_unknown"
    SUMMARISED = "summarised"
    REPORTED = "reported"
    DECLARED = "declared"
    PREVIEWED = "previewed"
    AWAITING = "awaiting"
    CONFIRMED = "confirmed"
    AUTHORISING = "authorising"
    AUTHORISED = "authorised"
    CLEARING = "clearing"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CLEARED = "cleared"
    PARTIAL = "partial"
    REFUSED = "refused"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    VERIFIED = "verified"
    RECORDED = "recorded"
    FINISHED = "finished"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """Journal record kinds that move a run, or add a fact to it (all carry the run's id)."""

    OPENED = "run.opened"
    CHECKED = "run.checked"
    BLOCKED = "run.blocked"
    BACKED_UP = "run.backed_up"
    REPORT_INTENT = "report.intent"
    REPORT_RESULT = "report.result"
    REPORT_REFUSED = "report.refused"
    REPORT_UNKNOWN = "report.unknown"
    UPLOADED = "report.uploaded"
    DECLARED = "declaration.seen"
    FROZEN = "preview.frozen"
    VOIDED = "preview.voided"
    WARNING_ACCEPTED = "warning.accepted"
    CONFIRM_ASKED = "confirmation.asked"
    APPROVED = "confirmation.approved"
    APPROVAL_REFUSED = "confirmation.refused"
    CONFIRMED = "run.confirmed"
    EXECUTION_BEGUN = "execution.begun"
    AUTHORISED = "authorisation.fetched"
    EXECUTION_ABANDONED = "execution.abandoned"
    CLEAR_INTENT = "clear.intent"
    UNIT_SENT = "unit.sent"
    UNIT_ANSWERED = "unit.answered"
    UNIT_SETTLED = "unit.settled"
    CLEAR_UNKNOWN = "clear.unknown"
    CLEARED = "clear.cleared"
    PARTLY = "clear.partial"
    REFUSED = "clear.refused"
    ACKNOWLEDGED = "clear.acknowledged"
    CLOSED = "ledger.closed"
    VERIFIED = "run.verified"
    RECORDED = "run.recorded"
    FINISHED = "run.finished"
    RECOVERED = "recovery.cleared"
    RECOVERED_PARTLY = "recovery.partial"
    FALSE_ALARM = "recovery.false_alarm"
    CANCEL_ASKED = "cancel.asked"
    CANCELLED = "run.cancelled"


class Outcome(StrEnum):
    """What became of one unit. ``already_cleared`` is success with proof (SW/code 09d118, domain note 7 row 10)."""

    CLEARED = "cleared"
    ALREADY_CLEARED = "already_cleared"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"

    @property
    def closed(self) -> bool:
        """Whether the device has closed the unit."""
        return self in (Outcome.CLEARED, Outcome.ALREADY_CLEARED)


_S, _E = State, Event

_WAYS_OUT: Mapping[Event, State] = {
    _E.CANCEL_ASKED: _S.CANCELLING,
    _E.RECOVERED: _S.CLEARED,
    _E.RECOVERED_PARTLY: _S.PARTIAL,
}
"""Open before the point of no return: give it up, or go on from what the device says (cleared by other hands)."""

MOVES: Mapping[State, Mapping[Event, State]] = {
    _S.OPENED: {**_WAYS_OUT, _E.FALSE_ALARM: _S.OPENED, _E.CHECKED: _S.CHECKED, _E.BLOCKED: _S.OPENED},
    _S.CHECKED: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.CHECKED,
        _E.CHECKED: _S.CHECKED,
        _E.BLOCKED: _S.OPENED,
        _E.BACKED_UP: _S.BACKED_UP,
    },
    _S.BACKED_UP: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.BACKED_UP,
        _E.BACKED_UP: _S.BACKED_UP,
        _E.BLOCKED: _S.OPENED,
        _E.WARNING_ACCEPTED: _S.BACKED_UP,
        _E.REPORT_INTENT: _S.REPORTING,
        # The card may have been reported already, by us or by the vendor's software: read, not done again.
        _E.REPORT_RESULT: _S.SUMMARISED,
    },
    _S.REPORTING: {
        _E.REPORT_RESULT: _S.SUMMARISED,
        _E.REPORT_REFUSED: _S.BACKED_UP,
        _E.REPORT_UNKNOWN: _S.REPORT_UNKNOWN,
    },
    _S.REPORT_UNKNOWN: {_E.REPORT_RESULT: _S.SUMMARISED, _E.REPORT_REFUSED: _S.BACKED_UP},
    _S.SUMMARISED: {**_WAYS_OUT, _E.FALSE_ALARM: _S.SUMMARISED, _E.UPLOADED: _S.REPORTED},
    _S.REPORTED: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.REPORTED,
        _E.BACKED_UP: _S.REPORTED,
        # The same summary again is one upload: the way on where the tax side does not have it after all.
        _E.UPLOADED: _S.REPORTED,
        _E.DECLARED: _S.DECLARED,
    },
    _S.DECLARED: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.DECLARED,
        _E.BACKED_UP: _S.DECLARED,
        _E.FROZEN: _S.PREVIEWED,
    },
    _S.PREVIEWED: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.PREVIEWED,
        _E.FROZEN: _S.PREVIEWED,
        _E.VOIDED: _S.DECLARED,
        _E.WARNING_ACCEPTED: _S.PREVIEWED,
        _E.CONFIRM_ASKED: _S.AWAITING,
        _E.CONFIRMED: _S.CONFIRMED,
    },
    _S.AWAITING: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.AWAITING,
        _E.FROZEN: _S.PREVIEWED,
        _E.VOIDED: _S.DECLARED,
        _E.CONFIRM_ASKED: _S.AWAITING,
        _E.APPROVED: _S.AWAITING,
        _E.APPROVAL_REFUSED: _S.AWAITING,
        _E.CONFIRMED: _S.CONFIRMED,
    },
    _S.CONFIRMED: {
        **_WAYS_OUT,
        _E.FALSE_ALARM: _S.CONFIRMED,
        _E.FROZEN: _S.PREVIEWED,
        _E.VOIDED: _S.DECLARED,
        _E.CONFIRMED: _S.CONFIRMED,
        _E.EXECUTION_BEGUN: _S.AUTHORISING,
    },
    _S.AUTHORISING: {
        _E.AUTHORISED: _S.AUTHORISED,
        _E.EXECUTION_ABANDONED: _S.DECLARED,
        _E.CANCEL_ASKED: _S.CANCELLING,
    },
    _S.AUTHORISED: {
        _E.CLEAR_INTENT: _S.CLEARING,
        _E.EXECUTION_ABANDONED: _S.DECLARED,
        _E.CANCEL_ASKED: _S.CANCELLING,
    },
    _S.CLEARING: {
        _E.UNIT_SENT: _S.CLEARING,
        _E.UNIT_ANSWERED: _S.CLEARING,
        _E.UNIT_SETTLED: _S.CLEARING,
        _E.CLEAR_UNKNOWN: _S.OUTCOME_UNKNOWN,
        _E.CLEARED: _S.CLEARED,
        _E.PARTLY: _S.PARTIAL,
        _E.REFUSED: _S.REFUSED,
    },
    _S.OUTCOME_UNKNOWN: {
        _E.UNIT_SETTLED: _S.OUTCOME_UNKNOWN,
        _E.CLEARED: _S.CLEARED,
        _E.PARTLY: _S.PARTIAL,
        _E.REFUSED: _S.REFUSED,
    },
    _S.CLEARED: {_E.ACKNOWLEDGED: _S.ACKNOWLEDGED},
    _S.PARTIAL: {_E.ACKNOWLEDGED: _S.ACKNOWLEDGED},
    _S.ACKNOWLEDGED: {_E.CLOSED: _S.CLOSED},
    _S.CLOSED: {_E.VERIFIED: _S.VERIFIED},
    _S.VERIFIED: {_E.RECORDED: _S.RECORDED},
    _S.RECORDED: {_E.FINISHED: _S.FINISHED},
    _S.REFUSED: {_E.FINISHED: _S.FINISHED},
    _S.FINISHED: {},
    # Asked for, not done yet: what was under way may still tell its end, nothing new begins.
    _S.CANCELLING: {
        _E.CHECKED: _S.CANCELLING,
        _E.BLOCKED: _S.CANCELLING,
        _E.BACKED_UP: _S.CANCELLING,
        _E.UPLOADED: _S.CANCELLING,
        _E.VOIDED: _S.CANCELLING,
        _E.EXECUTION_ABANDONED: _S.CANCELLING,
        _E.CANCELLED: _S.CANCELLED,
    },
    _S.CANCELLED: {},
}
"""Every legal move. The point of no return is ``clear.intent``; from there on nothing is cancelled."""

OVER: frozenset[State] = frozenset({State.FINISHED, State.CANCELLED})
CANCELLABLE: frozenset[State] = frozenset(s for s, moves in MOVES.items() if Event.CANCEL_ASKED in moves)


class IllegalMove(Exception):
    """An event that the table does not allow in this state: a bug of ours, or a request that came too late."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event} is not a move from {state}")
        self.state = state
        self.event = event


def advance(state: State, event: Event) -> State:
    """The next state; raises ``IllegalMove`` for a move that the table does not have."""
    try:
        return MOVES[state][event]
    except KeyError:
        raise IllegalMove(state, event) from None


@dataclass(frozen=True)
class Run:
    """One clear of one card, as the journal tells it. ``card`` is the device address.

    ``groups``: units that one device command closes together. ``frozen``: the preview's data (see ``FROZEN``).
    ``outcomes``: per unit, only what is known. ``facts``: the data of the latest record of each other kind.
    ``accepted``: warnings that a person took on for the next act, finding code → reason; a new preview forgets them.
    ``accepted_at``: how large each was then (``Finding.weight``); 0 of a record without a size.
    ``approvals``: the data of each approval of the preview that waits for its confirmation.
    """

    id: str
    state: State
    card: str
    device_number: str
    units: tuple[ClearUnit, ...]
    groups: tuple[tuple[ClearUnit, ...], ...]
    opened_at: str
    opened_by: str
    revision: str = ""
    frozen: Mapping[str, Any] = field(default_factory=dict)
    sent: frozenset[ClearUnit] = frozenset()
    outcomes: Mapping[ClearUnit, Outcome] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    accepted_at: Mapping[str, int] = field(default_factory=dict)
    approvals: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[Event, Mapping[str, Any]] = field(default_factory=dict)
    times: Mapping[State, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def basis(self) -> Mapping[str, Any]:
        """What the outcome stands on, ``card`` (before) and ``census`` in it: the clear's intent, or the recovery that found it done."""
        for event in (Event.RECOVERED, Event.RECOVERED_PARTLY, Event.CLEAR_INTENT):
            if event in self.facts:
                return self.facts[event]
        raise KeyError(f"run {self.id} has neither an intent nor a recovery")

    @property
    def undecided(self) -> tuple[ClearUnit, ...]:
        """Units sent to the device whose outcome nobody knows yet."""
        return tuple(
            u for u in self.units if u in self.sent and self.outcomes.get(u, Outcome.UNKNOWN) is Outcome.UNKNOWN
        )

    @property
    def verdict(self) -> str:
        """``cleared | already_cleared | partial | refused | unknown``; ``open`` before any outcome, or ``cancelled``."""
        if self.state is State.CANCELLED:
            return "cancelled"
        outcomes = [self.outcomes.get(u) for u in self.units]
        if self.undecided or self.state is State.OUTCOME_UNKNOWN:
            return "unknown"
        if not any(outcomes):
            return "open"
        closed = [o is not None and o.closed for o in outcomes]
        if all(o is Outcome.ALREADY_CLEARED for o in outcomes):
            return "already_cleared"
        if all(closed):
            return "cleared"
        return "partial" if any(closed) else "refused"


def fold(records: Iterable[Mapping[str, Any]], run: Run | None = None) -> Run:
    """The run that its journal records tell of, in order: ``{"kind", "time", "run", "who", "data"}`` each.

    Raises ``IllegalMove`` for a record the table forbids and ``ValueError`` when the first record opens nothing.
    """
    for record in records:
        run = apply(run, record)
    if run is None:
        raise ValueError("no record of this run")
    return run


def apply(run: Run | None, record: Mapping[str, Any]) -> Run:
    """The run after one more record."""
    event, data, time = Event(record["kind"]), record["data"], str(record["time"])
    if run is None:
        if event is not Event.OPENED:
            raise ValueError(f"a run starts with {Event.OPENED}, not {event}")
        return _open(record)
    state = advance(run.state, event)
    run = replace(run, state=state, facts={**run.facts, event: data})
    if state not in run.times:
        run = replace(run, times={**run.times, state: time})
    match event:
        case Event.FROZEN:
            return replace(run, revision=str(data["revision"]), frozen=data, accepted={}, accepted_at={}, approvals=())
        case Event.VOIDED | Event.EXECUTION_ABANDONED:
            return replace(run, revision="", frozen={}, accepted={}, accepted_at={}, approvals=())
        case Event.WARNING_ACCEPTED:
            code, size = str(data["code"]), int(data.get("size", 0))
            accepted = {**run.accepted, code: str(data["reason"])}
            return replace(run, accepted=accepted, accepted_at={**run.accepted_at, code: size})
        case Event.CONFIRM_ASKED:
            return replace(run, approvals=())
        case Event.APPROVED:
            return replace(run, approvals=(*run.approvals, data))
        case Event.REPORT_INTENT:
            return replace(run, accepted={}, accepted_at={})
        case Event.UNIT_SENT:
            return replace(run, sent=run.sent | set(units_of(run.device_number, data["units"])))
        case Event.UNIT_ANSWERED | Event.UNIT_SETTLED:
            outcome = Outcome(data["outcome"])
            known = dict.fromkeys(units_of(run.device_number, data["units"]), outcome)
            return replace(run, outcomes={**run.outcomes, **known})
        case Event.RECOVERED | Event.RECOVERED_PARTLY:
            found = {
                unit: Outcome(told["outcome"])
                for told in data["outcomes"]
                for unit in units_of(run.device_number, told["units"])
            }
            return replace(run, revision=str(data["preview"]["revision"]), frozen=data["preview"], outcomes=found)
    return run


def _open(record: Mapping[str, Any]) -> Run:
    data, device = record["data"], str(record["data"]["device_number"])
    groups = tuple(units_of(device, group) for group in data["groups"])
    return Run(
        id=str(record["run"]),
        state=State.OPENED,
        card=str(data["card"]),
        device_number=device,
        units=tuple(unit for group in groups for unit in group),
        groups=groups,
        opened_at=str(record["time"]),
        opened_by=str(record["who"]),
        facts={Event.OPENED: data},
        times={State.OPENED: str(record["time"])},
    )


def units_of(device_number: str, units: Iterable[Mapping[str, str]]) -> tuple[ClearUnit, ...]:
    """Units as records write them: ``{"invoice_type": "004", "period": "2026-10"}``."""
    return tuple(ClearUnit(device_number, InvoiceType(u["invoice_type"]), Period.parse(u["period"])) for u in units)


def unit_data(unit: ClearUnit) -> dict[str, str]:
    """How a record writes a unit."""
    return {"invoice_type": unit.invoice_type.value, "period": str(unit.period)}
