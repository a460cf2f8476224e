"""What a card would hold of given invoices: monthly statistics (月统计) and invoice volumes (发票卷)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from fapiao_kernel.domain.card import MonthStatistics, Volume
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period

VOLUME_GAP = 1000
"""Numbers of one code that lie further apart than this come from different volumes."""


def statistics_of(invoices: Iterable[Invoice]) -> tuple[MonthStatistics, ...]:
    """Monthly statistics per type and period, in that order; fully digital invoices are no card's and are left out.

    Tax is taken as total minus amount, so that a card's total is the invoices' total whatever a file wrote as tax.
    """
    tallies: dict[tuple[InvoiceType, int, int], _Tally] = {}
    void = InvoiceStatus.VOID
    for invoice in invoices:
        day = invoice.issue_date
        key = (invoice.invoice_type, day.year, day.month)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = _Tally()
        if invoice.status is void:
            if invoice.red:
                tally.negative_void += 1
            else:
                tally.positive_void += 1
        elif invoice.red:
            tally.negative += 1
            tally.negative_amount += invoice.amount
            tally.negative_total += invoice.total
        else:
            tally.positive += 1
            tally.positive_amount += invoice.amount
            tally.positive_total += invoice.total
    return tuple(tallies[key].statistics(key[0], Period(key[1], key[2])) for key in sorted(tallies) if key[0].on_device)


class _Tally:
    """Running counts and sums of one type in one period."""

    def __init__(self) -> None:
        self.positive = self.positive_void = self.negative = self.negative_void = 0
        self.positive_amount: Decimal = ZERO
        self.positive_total: Decimal = ZERO
        self.negative_amount: Decimal = ZERO
        self.negative_total: Decimal = ZERO

    def statistics(self, invoice_type: InvoiceType, period: Period) -> MonthStatistics:
        return MonthStatistics(
            invoice_type,
            period,
            self.positive,
            self.positive_void,
            self.negative,
            self.negative_void,
            self.positive_amount,
            self.positive_total - self.positive_amount,
            self.negative_amount,
            self.negative_total - self.negative_amount,
        )


def volumes_of(invoices: Iterable[Invoice]) -> tuple[Volume, ...]:
    """The volumes that the invoices' numbers come from, by type, code and number.

    An invoice whose code or number is not digits, or longer than a card's fields, belongs to no volume.
    """
    numbers: dict[tuple[InvoiceType, str, int], list[int]] = {}
    for invoice in invoices:
        number = invoice.number
        key = (invoice.invoice_type, invoice.code, len(number))
        found = numbers.get(key)
        if found is None:
            if not (key[0].on_device and key[1].isascii() and key[1].isdigit() and len(key[1]) <= 12 and key[2] <= 8):
                continue
            found = numbers[key] = []
        if number.isascii() and number.isdigit():
            found.append(int(number))
    volumes: list[Volume] = []
    for (invoice_type, code, digits), found in sorted(numbers.items()):
        volumes.extend(
            Volume(invoice_type, code, f"{first:0{digits}d}", f"{last:0{digits}d}") for first, last in _runs(found)
        )
    return tuple(volumes)


def with_spare(volumes: Sequence[Volume], spare: int) -> tuple[tuple[Volume, ...], dict[Volume, str]]:
    """The volumes, the last of each type with so many more numbers behind those used, and of each such one its next number.

    Fewer where the digits end, none where a number's digits end at once.
    """
    last: dict[InvoiceType, int] = {}
    for n, volume in enumerate(volumes):
        known = last.get(volume.invoice_type)
        if known is None or (volume.last, volume.code) > (volumes[known].last, volumes[known].code):
            last[volume.invoice_type] = n
    longer, upcoming = list(volumes), {}
    for n in last.values():
        volume = volumes[n]
        digits = len(volume.last)
        end = min(int(volume.last) + spare, 10**digits - 1)
        if end > int(volume.last):
            longer[n] = replace(volume, last=f"{end:0{digits}d}")
            upcoming[longer[n]] = f"{int(volume.last) + 1:0{digits}d}"
    return tuple(longer), upcoming


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number - runs[-1][1] <= VOLUME_GAP:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
