"""Selecting (选择): what was asked for, beside the clear units that would really close. Reads card and ledger, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fapiao_kernel.domain.card import CardProfile, CardState
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.due import Groups, due_groups, proof
from fapiao_kernel.ports import Ledger, Tally

NONE = Tally(0, ZERO)


class Along(StrEnum):
    """Why something closes that was not asked for."""

    OTHER_TYPE = "other_type"
    OTHER_MONTH = "other_month"
    REST = "rest"


@dataclass(frozen=True)
class SelectedUnit:
    """One unit that would close: what the ledger ``held`` of it, how much of that was ``asked`` for, and why the rest comes
    ``along`` (None: all of it was asked for)."""

    unit: ClearUnit
    held: Tally
    asked: Tally
    along: Along | None = None


@dataclass(frozen=True)
class Selected:
    """What a selection comes to on a device, on a day of its clock. ``groups``: units that one command closes together.

    ``missing``: picked invoices that are in none of these units (another card's, cleared already, 数电票, or not in the ledger).
    """

    card: str
    device_number: str
    today: date
    groups: tuple[tuple[SelectedUnit, ...], ...]
    missing: int = 0

    @property
    def units(self) -> tuple[SelectedUnit, ...]:
        """Every unit that would close, in order."""
        return tuple(one for group in self.groups for one in group)

    @property
    def along(self) -> tuple[SelectedUnit, ...]:
        """The units of which something comes along unasked."""
        return tuple(one for one in self.units if one.along is not None)

    @property
    def exact(self) -> bool:
        """Whether exactly what was asked for would close."""
        return not self.along and not self.missing


def select(desk: Desk, address: str, selection: Selection) -> Selected:
    """What would really close, beside what was asked for.

    Raises ``UsageError`` (``selection_wrong``), ``Refused`` (``nothing_to_clear``, ``period_not_open``, ``picked_not_open``,
    ``no_type_licensed``) and what reading the card raises.
    """
    with desk.book.holding(address):
        card = desk.card(address)
        return resolve(card.read_state(), card.profile, desk.ledger, selection, address)


def resolve(state: CardState, profile: CardProfile, ledger: Ledger, selection: Selection, address: str) -> Selected:
    """The same from a reading at hand."""
    if not state.monitoring:
        raise Refused("no_type_licensed")
    try:
        types = selection.asked_types(tuple(m.invoice_type for m in state.monitoring))
    except ValueError as error:
        raise UsageError("selection_wrong", what=str(error)) from error
    groups = due_groups(state, profile, types)
    if not groups:
        raise Refused("nothing_to_clear", proof=proof(state, types))
    meant = _meant(state, groups, types, selection)
    asked = dict.fromkeys(meant, NONE)
    missing = 0
    if selection.narrow:
        asked |= ledger.within(meant, selection.first_day, selection.last_day, selection.invoices)
    if selection.invoices:
        missing = len(set(selection.invoices)) - sum(tally.count for tally in asked.values())
        asked = {unit: tally for unit, tally in asked.items() if tally.count}
        if not asked:
            raise Refused("picked_not_open", count=missing)
    closing = tuple(group for group in groups if any(unit in asked for unit in group))
    held = ledger.within([unit for group in closing for unit in group])
    if not selection.narrow:
        asked = {unit: held[unit] for unit in asked if unit in held}
    told = tuple(tuple(_unit(unit, held, asked, selection) for unit in group) for group in closing)
    return Selected(address, state.identity.device_number, state.clock.date(), told, missing)


def _meant(
    state: CardState, groups: Groups, types: tuple[InvoiceType, ...], selection: Selection
) -> tuple[ClearUnit, ...]:
    """The units that the selection means by type and month. Months by hand must all be open; of a preset, those that are."""
    every = [unit for group in groups for unit in group]
    open_periods = {unit.period for unit in every if unit.invoice_type in types}
    asked: set[Period] = set(selection.periods)
    if selection.preset is not None:
        asked = set(selection.preset.periods(state.clock.date()))
    closed = asked - open_periods if selection.periods else set()
    meant = tuple(
        unit
        for unit in every
        if unit.invoice_type in types and (not asked or unit.period in asked) and selection.touches(unit.period)
    )
    if closed or not meant:
        named = ", ".join(map(str, sorted(closed or asked))) or _days(selection)
        raise Refused("period_not_open", periods=named, proof=proof(state, types))
    return meant


def _days(selection: Selection) -> str:
    return f"{selection.first_day or ''}..{selection.last_day or ''}"


def _unit(
    unit: ClearUnit, held: Mapping[ClearUnit, Tally], asked: Mapping[ClearUnit, Tally], selection: Selection
) -> SelectedUnit:
    mine = asked.get(unit)
    if mine is None:
        same_type = any(other.invoice_type is unit.invoice_type for other in asked)
        return SelectedUnit(unit, held[unit], NONE, Along.OTHER_MONTH if same_type else Along.OTHER_TYPE)
    # Of a unit that the ledger holds nothing of, nobody knows what a few days leave out.
    whole = not selection.narrow or 0 < mine.count == held[unit].count
    if selection.by_days and selection.covers(unit.period):
        whole = True
    return SelectedUnit(unit, held[unit], mine, None if whole else Along.REST)
