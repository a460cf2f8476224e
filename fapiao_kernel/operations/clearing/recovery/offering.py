"""Offering (下一步): of all that could be done about a unit, the one action that its four witnesses leave. Pure."""

from __future__ import annotations

from enum import StrEnum

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import MOVES, Event, Run, State
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.operations.clearing.recovery.testimony import Books, Device, Said, TaxSide, Told
from fapiao_kernel.operations.clearing.settling import UNSETTLED, WAITING, evidence_of
from fapiao_kernel.operations.clearing.words import either


class Action(StrEnum):
    """What may be done. ``support``: nothing that we may do; a person with the whole view has to look."""

    NONE = "none"
    FALSE_ALARM = "false_alarm"
    CONTINUE = "continue_from_device"
    READ_BACK = "read_back"
    CONCLUDE = "conclude"
    SUPPORT = "support"


GRAVEST_FIRST = (
    Action.SUPPORT,
    Action.CONCLUDE,
    Action.READ_BACK,
    Action.CONTINUE,
    Action.FALSE_ALARM,
    Action.NONE,
)
"""One action is offered over all units: where records contradict the device nothing else is, and what has begun ends first."""

ALARMING = frozenset({Event.EXECUTION_ABANDONED, Event.REPORT_REFUSED, Event.VOIDED})
"""Last records of a run after which a person may well think that the device was changed."""


def offer(said: Said, run: Run | None, last_kind: str, still: bool, back: bool) -> tuple[Action, str]:
    """The action for one unit, and the code of its finding.

    ``run``: the open run · ``last_kind``: the kind of its last record · ``still``: whether none of its units has moved ·
    ``back``: whether this type's dates are older than those read before.
    """
    mine = run is not None and said.unit in run.units
    state = run.state if run is not None and mine else None
    if back:
        return Action.SUPPORT, "recovery_backwards"
    if said.unrecorded:
        cleared_or_unclear = said.device in (Device.CLEARED, Device.UNCLEAR)
        return Action.SUPPORT, "recovery_unrecorded" if cleared_or_unclear else "recovery_behind"
    if said.device is Device.UNCLEAR:
        unsettled = state in UNSETTLED
        return (Action.READ_BACK, "recovery_undecided") if unsettled else (Action.SUPPORT, "recovery_unclear")
    if said.device is Device.CLEARED:
        return _cleared(said, run, state)
    if said.ledger is Books.CLOSED or said.journal is Told.CLEARED:
        return Action.SUPPORT, "recovery_behind"
    if state in UNSETTLED:
        reported = said.device is Device.REPORTED and state in (State.REPORTING, State.REPORT_UNKNOWN)
        if still and not reported:
            return Action.FALSE_ALARM, "recovery_unmoved"
        return Action.READ_BACK, "recovery_undecided"
    if state in WAITING:
        return Action.CONCLUDE, "recovery_waits"
    if said.authority is TaxSide.CLEARED:
        return Action.SUPPORT, "recovery_tax_side_ahead"
    if mine and last_kind in ALARMING:
        return Action.FALSE_ALARM, "recovery_unmoved"
    return Action.NONE, "recovery_quiet"


def _cleared(said: Said, run: Run | None, state: State | None) -> tuple[Action, str]:
    if state in UNSETTLED:
        return Action.READ_BACK, "recovery_undecided"
    if state in WAITING and said.journal is Told.CLEARED:
        return Action.CONCLUDE, "recovery_waits"
    if said.ledger is Books.CLOSED:
        if said.authority is TaxSide.NOT:
            return Action.SUPPORT, "recovery_tax_side_behind"
        return Action.NONE, "recovery_quiet"
    if run is not None and not recoverable(run):
        return (Action.CONCLUDE, "recovery_waits") if state in WAITING else (Action.NONE, "recovery_after_run")
    if run is not None and state is None:
        return Action.NONE, "recovery_after_run"
    return Action.CONTINUE, "recovery_ahead"


def recoverable(run: Run) -> bool:
    """Whether a run may go on from what the device says: before the point of no return, and not being cancelled.

    A run interrupted between its confirmation and its intent is, once it was abandoned.
    """
    return Event.RECOVERED in MOVES[run.state] or Event.EXECUTION_ABANDONED in _abandonable(run)


def _abandonable(run: Run) -> frozenset[Event]:
    return frozenset(MOVES[run.state]) if run.state in (State.AUTHORISING, State.AUTHORISED) else frozenset()


def told(said: Said, code: str, run: Run | None, evidence: str) -> Finding:
    """The finding of that code, with what the witnesses said as its ground."""
    named = said.ledger_run or said.journal_run or (run.id if run is not None else "")
    return finding(code, evidence=evidence, unit=said.unit, run=named)


def evidence(said: Said, state: CardState, before: CardState | None) -> str:
    """The dates, before → after where the journal knows a before, then what each of the four says."""
    return either("；", "; ").join((dates(said, state, before), spoken(said)))


def dates(said: Said, state: CardState, before: CardState | None) -> str:
    """The two dates that decide it: before → after, or as they stand when nothing before is known."""
    now = state.of(said.unit.invoice_type)
    was = before.of(said.unit.invoice_type) if before is not None else None
    if now is None:
        return either("设备不给出这个票种", "the device does not tell of this type")
    if was is not None:
        return evidence_of(was, now)
    return either(
        f"锁死日期 {now.lock_date}；抄报起始 {now.report_start}",
        f"lock date {now.lock_date}; report start {now.report_start}",
    )


_WORDS: tuple[tuple[Device | Books | TaxSide | Told, tuple[str, str]], ...] = (
    (Device.CLEARED, ("已清", "cleared")),
    (Device.REPORTED, ("已抄税", "reported")),
    (Device.OPEN, ("未清", "open")),
    (Device.UNCLEAR, ("说不清", "unclear")),
    (Books.CLOSED, ("已结转", "closed")),
    (Books.OPEN, ("未结转", "open")),
    (Books.NOTHING, ("没有发票", "nothing")),
    (TaxSide.CLEARED, ("已清", "cleared")),
    (TaxSide.NOT, ("未清", "not")),
    (TaxSide.UNKNOWN, ("未知", "unknown")),
    (Told.CLEARED, ("已清", "cleared")),
    (Told.REFUSED, ("未清", "refused")),
    (Told.UNKNOWN, ("未知", "unknown")),
    (Told.NOT_SENT, ("未发送", "not sent")),
    (Told.NOTHING, ("没有记录", "nothing")),
)
"""A tuple, not a mapping: members of different enums with the same text are equal, and would be one key."""


def spoken(said: Said) -> str:
    """Device, ledger, tax side and journal in one line."""
    four = (
        (("设备", "device"), said.device, ""),
        (("发票库", "ledger"), said.ledger, said.ledger_run),
        (("税局", "tax side"), said.authority, said.authority_why),
        (("日志", "journal"), said.journal, said.journal_run),
    )
    parts = []
    for name, word, more in four:
        text = f"{either(*name)} {either(*_said(word))}"
        parts.append(f"{text} ({more})" if more else text)
    return either("，", ", ").join(parts)


def _said(word: Device | Books | TaxSide | Told) -> tuple[str, str]:
    return next(words for known, words in _WORDS if known is word)
