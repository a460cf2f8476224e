"""The reconciliation itself (对账): columns side by side, then the invoices behind each difference. Pure over ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.card import MonthStatistics
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.differing import differences
from fapiao_kernel.operations.reconciling.explaining import explain
from fapiao_kernel.operations.reconciling.values import Agreement, Apart, Line, Reconciliation, Side
from fapiao_kernel.ports import Card, Progress, UnitPreview
from fapiao_kernel.ports.statements import EVERY, ON_DEVICE, Books, CardStatement, Figure, FiledReturn, Held, Scope


def reconcile(
    books: Books,
    *,
    device_number: str,
    taxpayer_id: str,
    period: Period,
    told: Sequence[CardStatement],
    filed: Sequence[FiledReturn],
    card: Card | None,
    fresh: bool = True,
    tolerance: Decimal = ZERO,
    tell: Progress = lambda label, done, total: None,
) -> Reconciliation:
    """One period. ``told``: the card's statistics of it, read now (``fresh``) or kept; ``card``: to list invoices, None when it is away.

    A type that the card told nothing of, while it told of another of that period, it counts as none. Raises what ``tell`` raises.
    """
    errors: dict[str, str] = {}
    lines = _against_card(books, device_number, taxpayer_id, period, told, tolerance)
    lines = _named(books, card, lines, device_number, tell, errors)
    card_sides = {line.scope.invoice_type: line for line in lines}
    wanted = [(back, figure) for back in filed for figure in back.figures]
    for done, (back, figure) in enumerate(wanted):
        tell("对申报表", done, len(wanted))
        lines = _beside_return(books, lines, card_sides, Scope(taxpayer_id, period), figure, back, tolerance)
    partly = _partly(books, lines, Scope(taxpayer_id, period))
    against_return = Agreement.of([line.against_return for line in lines if line.against_return is not None])
    if partly and against_return is Agreement.AGREES:
        against_return = Agreement.UNKNOWN
    return Reconciliation(
        device_number,
        taxpayer_id,
        period,
        tolerance,
        tuple(lines),
        Agreement.of([line.against_card for line in lines if line.against_card is not None]),
        against_return,
        max((one.read_at for one in told), default=None),
        fresh,
        tuple(filed),
        errors,
        partly,
    )


def _partly(books: Books, lines: Sequence[Line], every: Scope) -> tuple[Decimal, Decimal] | None:
    """The period's sum in the ledger, and what the return's figures are about of it; None when they are about all of it, or
    about all that the devices issued, or when there are none. A total of every rate is; parts are when they add up to it."""
    told = {line.scope: line.ledger.total for line in lines if line.filed is not None}
    if not told or any(scope.rate == EVERY and scope.invoice_type in (EVERY, ON_DEVICE) for scope in told):
        return None
    parts, whole = sum(told.values(), ZERO), books.scope(every).total
    if parts in (whole, books.scope(replace(every, invoice_type=ON_DEVICE)).total):
        return None
    return whole, parts


def _against_card(
    books: Books,
    device_number: str,
    taxpayer_id: str,
    period: Period,
    told: Sequence[CardStatement],
    tolerance: Decimal,
) -> list[Line]:
    """A line for each type that the ledger or the card has of this card and period."""
    said = {one.statistics.invoice_type: one.statistics for one in told}
    types = {unit.invoice_type for unit in books.units(device_number, period)} | {t for t, s in said.items() if s.count}
    lines = []
    for kind in sorted(types):
        ledger = _side(books.unit(ClearUnit(device_number, kind, period)))
        line = Line(Scope(taxpayer_id, period, kind.value), ledger, against_card=Agreement.UNKNOWN)
        if told:
            card = _card_side(said.get(kind) or MonthStatistics(kind, period))
            apart = Apart.between(ledger, card)
            agreement = Agreement.AGREES if apart.within(tolerance) else Agreement.DIFFERS
            line = replace(line, card=card, card_apart=apart, against_card=agreement)
        lines.append(line)
    return lines


class _Whole:
    """The whole of a unit in brief, open and cleared, where ``differences`` asks for what a preview counted."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def details(self, preview: UnitPreview) -> Iterable[InvoiceDetail]:
        return self._books.briefs(preview.unit)


def _named(
    books: Books, card: Card | None, lines: list[Line], device_number: str, tell: Progress, errors: dict[str, str]
) -> list[Line]:
    """The invoices behind each difference with the card: from its own list, else from the gaps in its volumes."""
    differing = [line for line in lines if line.against_card is Agreement.DIFFERS]
    if card is None or not differing:
        return lines
    units, rows = [], []
    for line in differing:
        kind, ledger, own = InvoiceType(line.scope.invoice_type), line.ledger, line.card
        assert own is not None
        unit = ClearUnit(device_number, kind, line.scope.period)
        count = ledger.count or 0
        zeros = (ledger.voids or 0, 0, ledger.amount or ZERO, ledger.tax or ZERO, ledger.total)
        units.append(UnitPreview(unit, count, *zeros, (), "", 0))
        row: dict[str, Any] = {"agrees": False, "card_count": own.count, "card_total": plain(own.total)}
        rows.append({**row, "ledger_count": count, "ledger_total": plain(ledger.total)})
    try:
        found = differences(card, _Whole(books), units, rows, tell)
    except FapiaoError as error:  # the figures stand; only the numbers behind them stay unnamed
        errors["card"] = error.sentence
        return lines
    entries: Mapping[str, Mapping[str, Any]] = {entry["invoice_type"]: entry for entry in found}
    return [replace(line, named=entries.get(line.scope.invoice_type)) for line in lines]


def _beside_return(
    books: Books,
    lines: list[Line],
    cards: Mapping[str, Line],
    whole: Scope,
    figure: Figure,
    filed: FiledReturn,
    tolerance: Decimal,
) -> list[Line]:
    """The return's figure in its line: that of the card, where both are about the same invoices, else one of its own."""
    scope = replace(whole, invoice_type=figure.invoice_type, rate=figure.rate)
    ledger = _side(books.scope(scope))
    told = Side(None, None, figure.amount, figure.tax, figure.total)
    apart = Apart.between(ledger, told)
    agreement = Agreement.AGREES if apart.within(tolerance) else Agreement.DIFFERS
    why = explain(books, scope, apart, filed) if agreement is Agreement.DIFFERS else None
    own = Line(
        scope, ledger, filed=told, filed_apart=apart, against_return=agreement, explained=why, source=filed.source
    )
    same = cards.get(figure.invoice_type) if figure.rate == EVERY else None
    if same is not None and same.ledger == ledger:
        return [_both(line, own) if line.scope == same.scope else line for line in lines]
    sums = _together(list(cards.values())) if figure.invoice_type == ON_DEVICE and figure.rate == EVERY else None
    if sums is not None and sums[0] == ledger:
        own = replace(own, card=sums[1], card_apart=Apart.between(ledger, sums[1]))
    return [*lines, own]


def _both(card: Line, filed: Line) -> Line:
    return replace(
        card,
        filed=filed.filed,
        filed_apart=filed.filed_apart,
        against_return=filed.against_return,
        explained=filed.explained,
        source=filed.source,
    )


def _together(lines: Sequence[Line]) -> tuple[Side, Side] | None:
    """All types of the card added up, on both sides; None when the card did not tell."""
    cards = [line.card for line in lines if line.card is not None]
    if not cards or len(cards) < len(lines):
        return None
    return _sum([line.ledger for line in lines]), _sum(cards)


def _sum(sides: Sequence[Side]) -> Side:
    return Side(
        sum(side.count or 0 for side in sides),
        sum(side.voids or 0 for side in sides),
        sum((side.amount or ZERO for side in sides), ZERO),
        sum((side.tax or ZERO for side in sides), ZERO),
        sum((side.total for side in sides), ZERO),
    )


def _side(held: Held) -> Side:
    return Side(held.count, held.voids, held.amount, held.tax, held.total)


def _card_side(told: MonthStatistics) -> Side:
    amount, tax = told.positive_amount + told.negative_amount, told.positive_tax + told.negative_tax
    return Side(told.count, told.positive_void + told.negative_void, amount, tax, told.total)
