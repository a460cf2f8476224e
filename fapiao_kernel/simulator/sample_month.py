"""The sample month (样例月份): one company's invoices of 2026-10, the same for the same size and seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from fapiao_kernel.domain.card import MonthStatistics, Volume
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator import identifiers
from fapiao_kernel.simulator.sample_stock import (
    BUYERS,
    DEVICE_NUMBER,
    EXEMPT_GOODS,
    GOODS,
    SELLER_ID,
    SELLER_NAME,
    Good,
)
from fapiao_kernel.simulator.totals import statistics_of, volumes_of

__all__ = ["PERIOD", "SampleMonth", "sample_month", "statistics_of", "volumes_of"]

PERIOD = Period(2026, 10)
LARGEST = 1_000_000
"""More invoices than a month's export can hold rows of (a sheet ends at row 1,048,576)."""

VOLUME_SIZE = 20_000
"""Numbers in one volume (发票卷) of the sample month."""

_CYCLE = 50
_VOID_AT, _RED_AT = 7, 23
"""In every fifty invoices one void (作废) and one red (红字): 2 % each."""

_FIRST_NUMBER = {InvoiceType.SPECIAL: 10_000_001, InvoiceType.ORDINARY: 50_000_001}


@dataclass(frozen=True)
class SampleMonth:
    """The invoices that the card issued, the fully digital ones apart (数电票: of no card), and what the card holds of them."""

    period: Period
    taxpayer: tuple[str, str]
    """Taxpayer id and name."""
    device_number: str
    invoices: list[Invoice]
    digital: list[Invoice]
    volumes: tuple[Volume, ...]
    statistics: tuple[MonthStatistics, ...]

    @property
    def exported(self) -> list[Invoice]:
        """All of them by day, as the tax bureau's export lists them."""
        return sorted([*self.invoices, *self.digital], key=lambda invoice: invoice.issue_date)


def sample_month(size: int = 2000, seed: int = 20261) -> SampleMonth:
    """``size`` device-issued invoices, and one fully digital one for every hundred. Raises ``UsageError`` for a size out of range."""
    if not 1 <= size <= LARGEST:
        raise UsageError("practice_size", size=size, largest=LARGEST)
    make = _Maker(Random(seed))
    days = [date(PERIOD.year, PERIOD.month, day) for day in range(1, PERIOD.last_day.day + 1)]
    invoices = [make.invoice(i, days[i * len(days) // size]) for i in range(size)]
    digital_size = max(1, size // 100)
    digital = [make.digital(i, days[i * len(days) // digital_size]) for i in range(digital_size)]
    return SampleMonth(
        PERIOD,
        (SELLER_ID, SELLER_NAME),
        DEVICE_NUMBER,
        invoices,
        digital,
        volumes_of(invoices),
        statistics_of(invoices),
    )


class _Maker:
    """Makes invoices one after the other; amounts are whole fen until the last moment."""

    def __init__(self, random: Random) -> None:
        self._random = random.random
        self._issued = {InvoiceType.SPECIAL: 0, InvoiceType.ORDINARY: 0}
        self._blue: dict[InvoiceType, Invoice] = {}

    def invoice(self, i: int, day: date) -> Invoice:
        """The next one from the card: void or red where the cycle says so."""
        special = i == 0 or (i != 1 and self._random() < 0.4)
        kind = InvoiceType.SPECIAL if special else InvoiceType.ORDINARY
        serial = self._issued[kind]
        self._issued[kind] = serial + 1
        volume = serial // VOLUME_SIZE
        batch = volume % 9 + 1
        code = identifiers.special_code(batch) if special else identifiers.ordinary_code(batch)
        number = str(_FIRST_NUMBER[kind] + serial)
        turn = i % _CYCLE
        if turn == _RED_AT and (blue := self._blue.pop(kind, None)) is not None:
            return _red(blue, code, number, day, f"对应正数发票代码:{blue.code}号码:{blue.number}")
        lines, amount, tax = self._goods(exempt=not special and self._random() < 0.08)
        buyer_id, buyer_name = BUYERS[int(self._random() * len(BUYERS))]
        invoice = Invoice(
            code,
            number,
            kind,
            day,
            _yuan(amount),
            _yuan(tax),
            _yuan(amount + tax),
            SELLER_ID,
            SELLER_NAME,
            buyer_id,
            buyer_name,
            DEVICE_NUMBER,
            InvoiceStatus.VOID if turn == _VOID_AT else InvoiceStatus.NORMAL,
            lines=lines,
        )
        if turn != _VOID_AT:
            self._blue[kind] = invoice
        return invoice

    def digital(self, i: int, day: date) -> Invoice:
        """A fully digital one (数电票): no code, no machine; every tenth is red."""
        number = identifiers.digital_number(i + 1)
        kind = InvoiceType.DIGITAL_SPECIAL if i % 2 else InvoiceType.DIGITAL_ORDINARY
        if i % 10 == 9 and (blue := self._blue.pop(kind, None)) is not None:
            return _red(blue, "", number, day, f"被红冲蓝字数电发票号码：{blue.number}")
        lines, amount, tax = self._goods(exempt=False)
        buyer_id, buyer_name = BUYERS[int(self._random() * len(BUYERS))]
        self._blue[kind] = invoice = Invoice(
            "",
            number,
            kind,
            day,
            _yuan(amount),
            _yuan(tax),
            _yuan(amount + tax),
            SELLER_ID,
            SELLER_NAME,
            buyer_id,
            buyer_name,
            lines=lines,
        )
        return invoice

    def _goods(self, *, exempt: bool) -> tuple[tuple[InvoiceLine, ...], int, int]:
        """One to three lines with their sums in fen. Further lines have the first one's rate, save for a few of mixed rates."""
        random = self._random
        stock = EXEMPT_GOODS if exempt else GOODS
        good = stock[int(random() * len(stock))]
        share = random()
        if share < 0.75:
            line, amount, tax = _line(good, 1 + int(random() * 40))
            return (line,), amount, tax
        chosen = [good]
        for _ in range(2 if share > 0.93 else 1):
            other = stock[int(random() * len(stock))]
            chosen.append(other if other.rate == good.rate or random() < 0.2 else good)
        made = [_line(each, 1 + int(random() * 40)) for each in chosen]
        return tuple(m[0] for m in made), sum(m[1] for m in made), sum(m[2] for m in made)


def _line(good: Good, quantity: int) -> tuple[InvoiceLine, int, int]:
    amount = good.price_fen * quantity
    tax = (amount * good.percent + 50) // 100  # half away from zero; amounts here are positive
    line = InvoiceLine(
        good.item,
        _yuan(amount),
        good.rate,
        _yuan(tax),
        good.tax_class,
        good.specification,
        good.unit,
        str(quantity),
        str(_yuan(good.price_fen)),
    )
    return line, amount, tax


def _red(blue: Invoice, code: str, number: str, day: date, remark: str) -> Invoice:
    """The red invoice (红字发票) that takes the blue one back whole."""
    lines = tuple(
        InvoiceLine(
            line.item,
            -line.amount,
            line.rate,
            -line.tax if line.tax else line.tax,
            line.tax_class,
            line.specification,
            line.unit,
            f"-{line.quantity}",
            line.price,
        )
        for line in blue.lines
    )
    return Invoice(
        code,
        number,
        blue.invoice_type,
        day,
        -blue.amount,
        -blue.tax if blue.tax else blue.tax,
        -blue.total,
        blue.seller_id,
        blue.seller_name,
        blue.buyer_id,
        blue.buyer_name,
        blue.machine_number,
        red=True,
        red_of=blue.code + blue.number,
        remark=remark,
        lines=lines,
    )


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
