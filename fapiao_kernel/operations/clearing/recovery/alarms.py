"""The false alarm (误报): somebody thinks that the card was changed, and its reading proves that it was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import MOVES, Event, Outcome, Run, State
from fapiao_kernel.domain.errors import OutcomeUnknown, Refused, UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.concluding import conclude
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.recovery.looking import Look, look
from fapiao_kernel.operations.clearing.recovery.recovering import INTERRUPTED
from fapiao_kernel.operations.clearing.recovery.testimony import Device, device_says
from fapiao_kernel.operations.clearing.settling import UNSETTLED, evidence_of, moved, settle_one
from fapiao_kernel.operations.clearing.words import either, unit_list

RUNLESS = "recovery.false_alarm"
"""Kind of the record without a run: nothing was open, and nothing had happened."""


def false_alarm(desk: Desk, address: str, statement: str, who: str = "") -> Run | None:
    """Prove by a fresh reading that nothing moved, and keep the statement beside the proof. Gives the run it is about, if any.

    An unknown outcome is settled as not applied; a run before the point of no return stays where it is; without a run the
    journal alone keeps it (None). The same statement about the same reading is kept once. Raises what reading raises, and
    ``UsageError`` (``recovery_statement_missing``), ``Refused`` (``recovery_device_moved``: the dates, and what to do instead;
    ``wrong_step``), ``OutcomeUnknown`` (``readback_unclear``: the dates prove neither).
    """
    statement = statement.strip()
    if not statement:
        raise UsageError("recovery_statement_missing")
    with desk.book.holding(address):
        seen = look(desk, address)
        state = seen.read()
        run = seen.run
        _refuse_movement(seen, state)
        evidence = _evidence(seen, state)
        if run is None:
            return _runless(desk, seen, statement, evidence, who)
        stated = {"statement": statement, "stated_by": who}
        if run.state in UNSETTLED:
            return settle_one(desk, run, stated)
        if run.state in INTERRUPTED:
            run = settle_one(desk, run)
        if run.state is State.REFUSED:
            conclude(desk, run.id)  # settled as not applied before: what is left is its end, and the statement
            _runless(desk, seen, statement, evidence, who)
            return desk.book.run(run.id)
        if Event.FALSE_ALARM not in MOVES[run.state]:
            require(run)
        data = {"statement": statement, "evidence": evidence, "who": who}
        last = desk.book.records(run.id)[-1]
        if last.kind == Event.FALSE_ALARM and {key: last.data[key] for key in data} == data:
            return run
        return desk.book.append(run.id, Event.FALSE_ALARM, {**data, "card": state}, who)


def _refuse_movement(seen: Look, state: CardState) -> None:
    """The card as the journal last knew it, against now: a date or a report flag that differs is no false alarm.

    A card that the journal does not know yet is judged by its dates alone: none of what is asked about may be cleared.
    """
    unclear = []
    for invoice_type in _types(seen, state):
        was = seen.before.of(invoice_type) if seen.before is not None else None
        now = state.of(invoice_type)
        if was is None or now is None:
            continue
        outcome = moved(was, now)
        if outcome is Outcome.CLEARED or (outcome is Outcome.REFUSED and was.reported != now.reported):
            raise Refused("recovery_device_moved", proof=_evidence(seen, state))
        if outcome is None:
            unclear.append(invoice_type)
    units = seen.run.units if seen.run is not None else ()
    if any(device_says(unit, state, seen.before) is Device.CLEARED for unit in units):
        raise Refused("recovery_device_moved", proof=_evidence(seen, state))
    if unclear:
        named = unit_list(u for u in units if u.invoice_type in unclear) or "、".join(t.zh for t in unclear)
        raise OutcomeUnknown("readback_unclear", units=named)


def _types(seen: Look, state: CardState) -> Sequence[InvoiceType]:
    if seen.run is not None:
        return tuple(dict.fromkeys(unit.invoice_type for unit in seen.run.units))
    return tuple(m.invoice_type for m in state.monitoring)


def _evidence(seen: Look, state: CardState) -> str:
    """Each type's two dates and whether it is reported, before → after where the journal knows a before."""
    parts = []
    for invoice_type in _types(seen, state):
        was = seen.before.of(invoice_type) if seen.before is not None else None
        now = state.of(invoice_type)
        if now is None:
            parts.append(f"{invoice_type.zh} " + either("设备不给出", "not told by the device"))
            continue
        text = f"{invoice_type.zh} {evidence_of(was or now, now)}"
        flags = (was.reported if was is not None else now.reported, now.reported)
        words = [either("已抄税", "reported") if flag else either("未抄税", "not reported") for flag in flags]
        parts.append(f"{text}; {words[0]} → {words[1]}")
    return either("；", "; ").join(parts)


def _runless(desk: Desk, seen: Look, statement: str, evidence: str, who: str) -> Run | None:
    """One record without a run. A run that the same statement settled a moment ago is given back instead: asked twice, kept once."""
    last = seen.last
    if last is not None and last.facts.get(Event.UNIT_SETTLED, {}).get("statement") == statement:
        return last
    data: dict[str, Any] = {"card": seen.address, "device_number": seen.device_number, "statement": statement}
    data |= {"evidence": evidence, "who": who}
    kept = [r for r in desk.book.journal.records() if r.kind == RUNLESS and not r.run and _of(r.data, seen)]
    if not kept or dict(kept[-1].data) != plain(data):
        desk.book.journal.append(RUNLESS, plain(data), who=who)
    return None


def _of(data: Mapping[str, Any], seen: Look) -> bool:
    return bool(data["device_number"] == seen.device_number)
