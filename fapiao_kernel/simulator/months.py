"""What a practice world is made of: a month (or several) of one card, the sample's or the user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from fapiao_kernel.domain.card import Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.clock import CHINA
from fapiao_kernel.simulator.sample_month import SampleMonth
from fapiao_kernel.simulator.sample_stock import DEVICE_NUMBER, SELLER_ID, SELLER_NAME
from fapiao_kernel.simulator.totals import statistics_of, volumes_of

T = TypeVar("T")

REPORT_DAY = 5
"""Day of the month on which the practice company reports: its last report, and its clock at the start."""
LOCK_DAY = 17
"""Day of the month on which the card locks (domain note 1.2: about the 17th)."""


@dataclass(frozen=True)
class CardMonths:
    """One card's open span: whose it is, what it issued, and the practice time that goes with it."""

    taxpayer_id: str
    taxpayer_name: str
    device_number: str
    first: Period
    last: Period
    volumes: tuple[Volume, ...]
    statistics: tuple[MonthStatistics, ...]
    invoices: Sequence[Invoice] = ()
    """What the card issued in it."""

    @property
    def types(self) -> tuple[InvoiceType, ...]:
        return tuple(sorted({s.invoice_type for s in self.statistics}))

    @property
    def start(self) -> datetime:
        """Practice time at the first start: 09:00 on the 5th of the month after the last."""
        day = _day(self.last.next(), REPORT_DAY)
        return datetime(day.year, day.month, day.day, 9, tzinfo=CHINA)

    def monitoring(self, not_uploaded: Mapping[InvoiceType, int] | None = None) -> tuple[Monitoring, ...]:
        """Monitoring data (监控数据) of each type: not yet reported, locking this month."""
        missing = not_uploaded or {}
        return tuple(
            Monitoring(
                invoice_type=each,
                lock_date=_day(self.last.next(), LOCK_DAY),
                report_start=self.first.first_day,
                report_end=self.last.last_day,
                last_report=_day(self.last, REPORT_DAY),
                reported=False,
                not_uploaded=missing.get(each, 0),
            )
            for each in self.types
        )


def months_of_sample(sample: SampleMonth) -> CardMonths:
    """The card of the sample month."""
    return CardMonths(
        *sample.taxpayer,
        sample.device_number,
        sample.period,
        sample.period,
        sample.volumes,
        sample.statistics,
        sample.invoices,
    )


def months_of_own(invoices: Sequence[Invoice]) -> CardMonths:
    """The card that would have issued the user's own invoices: the most common machine, the most common seller.

    Invoices of another machine are another card's; those whose machine is not known are this card's. An invoice that stands
    in two files counts once. Raises ``Refused`` (``practice_nothing_to_clear``) when no device issued any of them.
    """
    once = {invoice.key: invoice for invoice in reversed(invoices)}.values()
    issued = [invoice for invoice in once if not invoice.fully_digital]
    if not issued:
        raise Refused("practice_nothing_to_clear", digital=len(once))
    device = _most_common([machine for i in issued if (machine := _machine(i))]) or DEVICE_NUMBER
    mine = [invoice for invoice in issued if _machine(invoice) in ("", device)]
    seller_id, seller_name = _most_common([(i.seller_id, i.seller_name) for i in mine if _fits(i.seller_id)]) or (
        SELLER_ID,
        SELLER_NAME,
    )
    periods = [invoice.period for invoice in mine]
    return CardMonths(
        seller_id,
        seller_name or SELLER_NAME,
        device,
        min(periods),
        max(periods),
        volumes_of(mine),
        _every_month(statistics_of(mine), min(periods), max(periods)),
        sorted(mine, key=lambda invoice: invoice.key),
    )


def _every_month(found: Sequence[MonthStatistics], first: Period, last: Period) -> tuple[MonthStatistics, ...]:
    """A card has statistics of each of its types for every month of the open span, zeros where nothing was issued."""
    by_unit = {(each.invoice_type, each.period): each for each in found}
    span = [first]
    while span[-1] < last:
        span.append(span[-1].next())
    types = sorted({each.invoice_type for each in found})
    return tuple(by_unit.get((each, month)) or MonthStatistics(each, month) for each in types for month in span)


def _machine(invoice: Invoice) -> str:
    """The machine number as a card has it, 12 digits; empty when the file has none that could be one."""
    number = invoice.machine_number.strip()
    return number.zfill(12) if number.isascii() and number.isdigit() and len(number) <= 12 else ""


def _most_common(items: Sequence[T]) -> T | None:
    return Counter(items).most_common(1)[0][0] if items else None


def _fits(taxpayer_id: str) -> bool:
    """Whether a card can hold it (税号, 20 characters: domain note 1.4)."""
    return taxpayer_id.isascii() and taxpayer_id.isalnum() and len(taxpayer_id) <= 20


def _day(period: Period, day: int) -> date:
    return period.first_day.replace(day=day)
