"""Opening a run (开始): what this clear is about, told by the card."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from fapiao_kernel.domain.card import CardProfile, CardState, Monitoring
from fapiao_kernel.domain.clearing import Run, unit_data
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.domain.verdict import Verdict, judge_type
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.words import either, unit_list

Groups = tuple[tuple[ClearUnit, ...], ...]


def open_run(desk: Desk, address: str, types: Sequence[str], periods: Sequence[str], who: str) -> Run:
    """Open a run over everything of the asked types that the card would close now; no types or periods: all of it.

    Raises ``UsageError`` (``clear_request``), ``Refused`` (``run_open``, ``nothing_to_clear``, ``unit_wider_than_asked``,
    ``no_type_licensed``) and what reading the card raises.
    """
    asked_types, asked_periods = parse_request(types, periods)
    with desk.book.holding(address):
        card = desk.card(address)
        state = card.read_state()
        other = desk.book.open_on(card.address, state.identity.device_number)
        if other is not None:
            raise Refused("run_open", run=other.id)
        groups = resolve(state, card.profile, asked_types, asked_periods)
        identity = state.identity
        run = f"{desk.now():%Y%m%d}-{identity.device_number[-4:]}-{secrets.token_hex(3)}"
        return desk.book.open(
            run,
            who,
            {
                "card": card.address,
                "device_number": identity.device_number,
                "taxpayer_id": identity.taxpayer_id,
                "taxpayer_name": identity.taxpayer_name,
                "simulated": identity.simulated,
                "groups": [[unit_data(unit) for unit in group] for group in groups],
                "types_asked": asked_types,
                "periods_asked": asked_periods,
            },
        )


def parse_request(types: Sequence[str], periods: Sequence[str]) -> tuple[tuple[InvoiceType, ...], tuple[Period, ...]]:
    """The asked types and periods; raises ``UsageError`` (``clear_request``) for one that is none."""
    try:
        return tuple(InvoiceType(t) for t in types), tuple(Period.parse(str(p)) for p in periods)
    except ValueError as error:
        raise UsageError("clear_request", what=str(error)) from error


def resolve(
    state: CardState, profile: CardProfile, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
) -> Groups:
    """The groups of units that close together. A device closes whole spans: periods that cover less are refused, and named."""
    if not state.monitoring:
        raise Refused("no_type_licensed")
    licensed = tuple(m.invoice_type for m in state.monitoring)
    absent = [t for t in types if t not in licensed]
    if absent:
        raise UsageError("clear_request", what=either("设备没有票种 ", "not on this device: ") + ", ".join(absent))
    chosen = profile.groups(types or licensed)
    found = tuple(tuple(_units(state, t) for t in group if t in licensed and is_due(state, t)) for group in chosen)
    groups = tuple(tuple(u for units in group for u in units) for group in found if group)
    if not groups:
        raise Refused("nothing_to_clear", proof=proof(state, types or licensed))
    wider = [u for group in groups for u in group if periods and u.period not in periods]
    if wider:
        every = [u for group in groups for u in group]
        raise Refused("unit_wider_than_asked", units=unit_list(every), extra=unit_list(wider))
    if periods and not {u.period for group in groups for u in group} >= set(periods):
        missing = sorted(set(periods) - {u.period for group in groups for u in group})
        raise Refused("period_not_open", periods=", ".join(map(str, missing)), proof=proof(state, types or licensed))
    return groups


def _units(state: CardState, invoice_type: InvoiceType) -> tuple[ClearUnit, ...]:
    monitoring = _of(state, invoice_type)
    return tuple(ClearUnit(state.identity.device_number, invoice_type, period) for period in monitoring.periods)


def _of(state: CardState, invoice_type: InvoiceType) -> Monitoring:
    monitoring = state.of(invoice_type)
    if monitoring is None:
        raise Refused("no_type_licensed")
    return monitoring


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
