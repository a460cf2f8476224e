"""Doubts (疑点): what an import finds odd about an invoice that comes in all the same, as bit flags in ``invoice.doubts``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import IntFlag
from functools import lru_cache

from fapiao_kernel.domain.invoice import EXEMPT, MIXED, NOT_TAXED, UNKNOWN_RATE, Invoice, InvoiceLine
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period


class Doubt(IntFlag):
    """One bit a doubt. ``UNSENT`` is what the source said when the invoice came in; later states are marks."""

    SUM = 1
    """价税合计 is not 金额 + 税额."""
    LINES = 2
    """金额 or 税额 is not the sum of the goods lines."""
    RATE = 4
    """A rate that no VAT taxpayer may use on that day."""
    ID = 8
    """A 统一社会信用代码 whose check digit is wrong."""
    PERIOD = 16
    """Issued outside the period that was asked for."""
    FUTURE = 32
    """Issued after the day of the import."""
    UNSENT = 64
    """未上传 when it came in."""


ALWAYS = (
    "0.13",
    "0.09",
    "0.06",
    "0.05",
    "0.03",
    "0.02",
    "0.015",
    "0.01",
    "0.005",
    "0",
    EXEMPT,
    NOT_TAXED,
    UNKNOWN_RATE,
    MIXED,
)
"""Rates in use today, and the words. 13, 9, 6, 0 %: 增值税法 第十条 (before 2026: 财政部 税务总局 海关总署公告2019年第39号). Levy rates
(征收率) 3 %: 增值税法 第十一条; 5 %: 财税〔2016〕36号; reduced from these 2 %: 财税〔2009〕9号, 1.5 %: 国家税务总局公告2016年第16号,
1 %: 财政部 税务总局公告2023年第19号, 0.5 %: 财政部 税务总局公告2020年第17号. A masked rate (未知) is none."""
UNTIL = (
    (date(2019, 3, 31), ("0.16", "0.1")),
    (date(2018, 4, 30), ("0.17", "0.11")),
    (date(2014, 6, 30), ("0.04",)),
)
"""Last day → rates that ended with it: 公告2019年第39号, 财税〔2018〕32号, 财税〔2014〕57号. A red invoice keeps its blue one's rate."""
SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID = 18


def rate_doubtful(rate: str, day: date, *, red: bool) -> bool:
    """Whether nobody may use the rate on that day."""
    if rate in ALWAYS:
        return False
    return not any(rate in rates and (red or day <= last) for last, rates in UNTIL)


@lru_cache(8192)
def id_doubtful(taxpayer: str) -> bool:
    """Whether 18 characters are no 统一社会信用代码, by symbols and check digit (GB 32100-2015: weights 3^i mod 31).

    Other lengths say nothing.
    """
    if len(taxpayer) != _ID:
        return False
    try:
        values = [SYMBOLS.index(symbol) for symbol in taxpayer.upper()]
    except ValueError:
        return True
    weighed = sum(value * pow(3, place, 31) for place, value in enumerate(values[:-1]))
    return (weighed + values[-1]) % 31 != 0


def lines_differ(invoice: Invoice) -> bool:
    """Whether the goods lines, where there are any, add up to something else."""
    lines: Collection[InvoiceLine] = invoice.lines
    if not lines:
        return False
    return (sum((g.amount for g in lines), ZERO), sum((g.tax for g in lines), ZERO)) != (invoice.amount, invoice.tax)


def of(invoice: Invoice, at: datetime, period: Period | None) -> Doubt:
    """What is odd about one invoice, told without the others."""
    found = Doubt(0)
    if invoice.total != invoice.amount + invoice.tax:
        found |= Doubt.SUM
    if lines_differ(invoice):
        found |= Doubt.LINES
    rates = {line.rate for line in invoice.lines} or {invoice.rate}
    if any(rate_doubtful(rate, invoice.issue_date, red=invoice.red) for rate in rates):
        found |= Doubt.RATE
    if id_doubtful(invoice.seller_id) or id_doubtful(invoice.buyer_id):
        found |= Doubt.ID
    if period is not None and invoice.period != period:
        found |= Doubt.PERIOD
    if invoice.issue_date > at.date():
        found |= Doubt.FUTURE
    if invoice.uploaded is False:
        found |= Doubt.UNSENT
    return found
