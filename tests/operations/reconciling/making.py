"""Books of two or three invoices, and what card and return say of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.card import MonthStatistics, Source, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports.statements import (
    EVERY,
    ON_DEVICE,
    Candidate,
    CardStatement,
    Figure,
    FiledReturn,
    Ground,
    Held,
    Scope,
    Suspects,
    Told,
)

D = Decimal
DEVICE, TAXPAYER = "990000000261", "91999999000000107U"
OCTOBER = Period(2026, 10)
AT = datetime(2026, 11, 5, 9, tzinfo=timezone(timedelta(hours=8)))
SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
CODE = "9900261130"


def sheet(number: int, amount: str = "100.00", kind: InvoiceType = SPECIAL, **changes: Any) -> InvoiceDetail:
    """An invoice of 13 %, as card and ledger tell it in brief."""
    total = D(amount) + (D(amount) * 13 / 100).quantize(D("0.01"))
    return replace(InvoiceDetail(kind, CODE, f"{number:08d}", date(2026, 10, 9), total), **changes)


def _parts(one: InvoiceDetail) -> tuple[Decimal, Decimal, Decimal]:
    amount = (one.total / D("1.13")).quantize(D("0.01"))
    return amount, one.total - amount, one.total


def held(sheets: Iterable[InvoiceDetail]) -> Held:
    rows = list(sheets)
    sums = [sum((_parts(one)[at] for one in rows if not one.void), D("0.00")) for at in range(3)]
    voids = sum(one.void for one in rows)
    return Held(len(rows), voids, sum(one.red and not one.void for one in rows), *sums)


@dataclass
class FakeBooks:
    """``sheets``: of this card; ``others``: digital ones and those of no known card, with their grounds."""

    sheets: list[InvoiceDetail]
    others: list[Candidate] = field(default_factory=list)
    streamed: int = 0

    def units(self, device_number: str, period: Period | None = None) -> tuple[ClearUnit, ...]:
        return tuple(ClearUnit(device_number, kind, OCTOBER) for kind in sorted({s.invoice_type for s in self.sheets}))

    def unit(self, unit: ClearUnit) -> Held:
        return held(s for s in self.sheets if s.invoice_type == unit.invoice_type)

    def briefs(self, unit: ClearUnit) -> Iterable[InvoiceDetail]:
        for one in self.sheets:
            if one.invoice_type == unit.invoice_type:
                self.streamed += 1
                yield one

    def scope(self, scope: Scope) -> Held:
        mine = held(s for s in self.sheets if scope.invoice_type in (EVERY, ON_DEVICE, s.invoice_type.value))
        if scope.invoice_type != EVERY:
            return mine
        sums = [sum((getattr(o, name) for o in self.others), D("0.00")) for name in ("amount", "tax", "total")]
        return Held(mine.count + len(self.others), mine.voids, mine.reds, *(getattr(mine, n) + s for n, s in
                    zip(("amount", "tax", "total"), sums, strict=True)))  # fmt: skip

    def suspects(self, scope: Scope, filed: FiledReturn, limit: int) -> tuple[Suspects, ...]:
        if scope.invoice_type != EVERY:
            return ()
        found = []
        for ground in dict.fromkeys(o.grounds[0] for o in self.others):
            rows = [o for o in self.others if o.grounds[0] is ground]
            sums = [sum((getattr(o, name) for o in rows), D("0.00")) for name in ("amount", "tax", "total")]
            found.append(Suspects(ground, len(rows), *sums, tuple(rows[:limit])))
        return tuple(found)

    def equals(self, scope: Scope, difference: Figure, limit: int) -> tuple[Candidate, ...]:
        rows = [s for s in self.sheets if _parts(s) == (difference.amount, difference.tax, difference.total)]
        return tuple(Candidate(s.invoice_type.value, s.code, s.number, s.issue_date, *_parts(s), (Ground.EQUAL,))
                     for s in rows)  # fmt: skip


def other(number: int, ground: Ground, amount: str = "100.00") -> Candidate:
    tax = (D(amount) * 13 / 100).quantize(D("0.01"))
    kind = "082" if ground is Ground.FULLY_DIGITAL else "007"
    return Candidate(kind, "", f"{number:020d}", date(2026, 10, 9), D(amount), tax, D(amount) + tax, (ground,))


def statement(sheets: Sequence[InvoiceDetail], kind: InvoiceType = SPECIAL, **changes: Any) -> CardStatement:
    """The card's statistics of these sheets."""
    rows = [s for s in sheets if s.invoice_type is kind]
    sums = held(rows)
    told = MonthStatistics(kind, OCTOBER, sums.count - sums.voids, sums.voids, 0, 0, sums.amount, sums.tax)
    return CardStatement(DEVICE, replace(told, **changes), Source.READ, AT)


def filed(*figures: Figure) -> FiledReturn:
    return FiledReturn(TAXPAYER, OCTOBER, figures, Told.FILE, AT)


def figure(amount: str, tax: str, kind: str = EVERY, rate: str = EVERY) -> Figure:
    return Figure(kind, rate, D(amount), D(tax), D(amount) + D(tax))


class FakeCard:
    """``listed`` None: it cannot list its invoices."""

    def __init__(self, listed: Sequence[InvoiceDetail] | None, volumes: Sequence[Volume] = ()) -> None:
        self.listed, self.volumes = listed, volumes
        self.asked: list[ClearUnit] = []

    def read_details(self, units: Sequence[ClearUnit], progress: object = None) -> tuple[InvoiceDetail, ...] | None:
        self.asked += units
        return None if self.listed is None else tuple(self.listed)

    def read_volumes(self) -> tuple[Volume, ...]:
        return tuple(self.volumes)
