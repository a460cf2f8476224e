"""What is due (应清): the units that a device would close now, in the groups that its commands close together."""

from __future__ import annotations

from collections.abc import Sequence

from fapiao_kernel.domain.card import CardProfile, CardState, Monitoring
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.domain.verdict import Verdict, judge_type
from fapiao_kernel.operations.clearing.words import either

Groups = tuple[tuple[ClearUnit, ...], ...]


def due_groups(state: CardState, profile: CardProfile, types: tuple[InvoiceType, ...]) -> Groups:
    """Every unit that would close with these types: whole groups of types, and each type's whole open span."""
    licensed = {m.invoice_type for m in state.monitoring}
    chosen = profile.groups(types)
    found = tuple(tuple(_units(state, t) for t in group if t in licensed and is_due(state, t)) for group in chosen)
    return tuple(tuple(u for units in group for u in units) for group in found if group)


def is_due(state: CardState, invoice_type: InvoiceType) -> bool:
    """Whether the type's clear is due: its span is over, and its lock date not yet in a later month (domain note 1.3)."""
    return judge_type(_of(state, invoice_type), state.clock.date(), None) not in (Verdict.CLEARED, Verdict.NOT_YET)


def proof(state: CardState, types: Sequence[InvoiceType]) -> str:
    """Why nothing is due, by the two dates that decide it."""
    today = state.clock.date()
    parts = []
    for invoice_type in types:
        m = _of(state, invoice_type)
        if judge_type(m, today, None) is Verdict.NOT_YET:
            why = either(f"本期到 {m.report_end} 才结束", f"its span ends on {m.report_end}")
        else:
            why = either(f"锁死日期 {m.lock_date}", f"lock date {m.lock_date}")
        parts.append(f"{invoice_type.zh} {why}")
    return either(f"设备时钟 {today}；", f"device clock {today}; ") + either("，", ", ").join(parts)


def _units(state: CardState, invoice_type: InvoiceType) -> tuple[ClearUnit, ...]:
    monitoring = _of(state, invoice_type)
    return tuple(ClearUnit(state.identity.device_number, invoice_type, period) for period in monitoring.periods)


def _of(state: CardState, invoice_type: InvoiceType) -> Monitoring:
    monitoring = state.of(invoice_type)
    if monitoring is None:
        raise Refused("no_type_licensed")
    return monitoring
