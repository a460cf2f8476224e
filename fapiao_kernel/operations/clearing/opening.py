"""Opening a run (开始): what this clear is about, told by the card."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from fapiao_kernel.domain.card import CardProfile, CardState
from fapiao_kernel.domain.clearing import Run, unit_data
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.due import Groups, due_groups, proof
from fapiao_kernel.operations.clearing.selecting import Along, Selected, SelectedUnit
from fapiao_kernel.operations.clearing.selecting import resolve as resolve_selection
from fapiao_kernel.operations.clearing.words import either, unit_list


def open_run(
    desk: Desk,
    address: str,
    types: Sequence[str],
    periods: Sequence[str],
    who: str,
    selection: Selection | None = None,
) -> Run:
    """Open a run over everything of the asked types that the card would close now; no types or periods: all of it.

    With a ``selection`` (then no types and periods beside it) the whole units are asked for: one that is narrower is refused,
    what comes along named, unless it says ``whole``; what was asked is kept in ``run.opened``.

    Raises ``UsageError`` (``clear_request``, ``selection_wrong``), ``Refused`` (``run_open``, ``nothing_to_clear``,
    ``unit_wider_than_asked``, ``period_not_open``, ``picked_not_open``, ``no_type_licensed``) and what reading the card raises.
    """
    if selection is not None and (types or periods):
        raise UsageError(
            "selection_wrong", what=either("票种和征期写在选择里", "types and periods go into the selection")
        )
    asked_types, asked_periods = parse_request(types, periods)
    with desk.book.holding(address):
        card = desk.card(address)
        state = card.read_state()
        other = desk.book.open_on(card.address, state.identity.device_number)
        if other is not None:
            raise Refused("run_open", run=other.id)
        asked: dict[str, Any] = {"types_asked": asked_types, "periods_asked": asked_periods}
        if selection is None:
            groups = resolve(state, card.profile, asked_types, asked_periods)
        else:
            groups = _whole(resolve_selection(state, card.profile, desk.ledger, selection, address), selection)
            asked = {"types_asked": selection.types, "periods_asked": selection.periods, "selection": selection}
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
                **asked,
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
    groups = due_groups(state, profile, types or licensed)
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


def _whole(selected: Selected, selection: Selection) -> Groups:
    """The units that close; refused unless they are what was asked for, or the whole units were."""
    if selected.missing:
        raise Refused("picked_not_open", count=selected.missing)
    if selected.along and not selection.whole:
        extra = either("、", ", ").join(map(extra_word, selected.along))
        units = unit_list(one.unit for one in selected.units)
        raise Refused("unit_wider_than_asked", units=units, extra=extra)
    return tuple(tuple(one.unit for one in group) for group in selected.groups)


def extra_word(one: SelectedUnit) -> str:
    """What comes along of a unit, in words: the rest of it by sheets, or all of it."""
    if one.along is Along.REST and one.held.count:
        count = one.held.count - one.asked.count
        return either(f"{one.unit} 的另外 {count} 张", f"{count} more sheets of {one.unit}")
    return str(one.unit)
