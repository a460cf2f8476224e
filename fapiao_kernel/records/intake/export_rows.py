"""Rows of the full export (导出行): what a row says of its invoice. A row that cannot be read is one finding with its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.records.intake import export_sheet as s
from fapiao_kernel.records.intake import kinds, values

Key = tuple[str, str]
SAFE = 10**15
"""A spreadsheet keeps 15 digits of a number (Excel specifications and limits): from here on the rest is lost."""


class RowError(Exception):
    """A row that cannot be read; ``key`` is its invoice's identity, or the damaged number itself."""

    def __init__(self, code: str, key: object, **facts: object) -> None:
        super().__init__(code)
        self.code, self.key, self.facts = code, key, facts

    def finding(self, sheet: str, row: int) -> Finding:
        return finding(self.code, row=row, evidence=f"{sheet} {row}", sheet=sheet, at=row, **self.facts)  # type: ignore[arg-type]  # facts of any name


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    tax: Decimal
    total: Decimal


class Lines:
    """The goods lines of one invoice, with the row of the first; not ``whole`` when one of them could not be read."""

    __slots__ = ("amount", "lines", "row", "total", "whole")

    def __init__(self, row: int) -> None:
        self.row, self.whole = row, True
        self.lines: list[InvoiceLine] = []
        self.amount = self.total = ZERO

    def add(self, line: InvoiceLine, total: Decimal = ZERO) -> None:
        self.lines.append(line)
        self.amount += line.amount
        self.total += total


class Reader:
    """Reads rows of one sheet. Conversions are remembered: a month has few different days, kinds, rates and names."""

    def __init__(self, sheet: s.Sheet) -> None:
        at = sheet.at
        self._identity = at(s.CODE), at(s.NUMBER), at(s.DIGITAL_NUMBER)
        self._money = at(s.AMOUNT), at(s.TAX), at(s.TOTAL)
        self._issued, self._kind, self._source = at(s.ISSUED), at(s.KIND), at("发票来源")
        self._parties = [at(name) for name in ("销方识别号", "销方名称", "购方识别号", "购买方名称")]
        self._status, self._positive, self._remark = at("发票状态"), at("是否正数发票"), at("备注")
        self._goods = [at(name) for name in ("货物或应税劳务名称", "税收分类编码", "规格型号", "单位")]
        self._rate, self._quantity, self._price = at("税率"), at("数量"), at("单价")
        self._days: dict[object, date] = {}
        self._kinds: dict[tuple[str, str], InvoiceType | None] = {}
        self._rates: dict[object, str] = {}
        self._amounts: dict[object, Decimal] = {}
        self._texts: dict[object, str] = {}

    def key(self, row: Sequence[Any]) -> Key:
        """Code and number, or the 20 digits alone. Raises ``RowError``."""
        code_at, number_at, digital_at = self._identity
        digital = _number(row, digital_at, s.DIGITAL_NUMBER, 20)
        if digital:
            if not values.digits(digital, 20):
                raise RowError("intake_number_bad", digital, value=digital)
            return ("", digital)
        code, number = _number(row, code_at, s.CODE, 12), _number(row, number_at, s.NUMBER, 8)
        if not code and values.digits(number, 20):
            return ("", number)
        if not (values.digits(code, 10, 12) and values.digits(number, 8)):
            raise RowError("intake_number_bad", f"{code} {number}", value=f"{code} {number}".strip() or "空")
        return (code, number)

    def invoice(
        self, row: Sequence[Any], key: Key, number: int, money: Money, lines: tuple[InvoiceLine, ...] = ()
    ) -> Invoice:
        """The invoice that a row tells of. Raises ``RowError``."""
        code, digits = key
        source = self._text(row, self._source)
        if not code and not source:
            source = kinds.DIGITAL_SOURCE
        name = self._text(row, self._kind)
        if (name, source) not in self._kinds:
            self._kinds[name, source] = kinds.by_name(name, source)
        kind = self._kinds[name, source]
        if kind is None:
            raise RowError("intake_type_unknown", key, value=name or "空")
        if kind.on_device is (not code):
            raise RowError("intake_number_bad", key, value=f"{name} {code} {digits}")
        cell = row[self._issued]
        try:
            issued = self._days.get(cell) or self._days.setdefault(cell, values.day(cell))
        except ValueError:
            raise RowError("intake_date_bad", key, value=cell if cell != "" else "空") from None
        remark = self._text(row, self._remark)
        red = self._text(row, self._positive) == "否" or money.amount < 0
        seller_id, seller, buyer_id, buyer = (self._text(row, at) for at in self._parties)
        return Invoice(
            code, digits, kind, issued, money.amount, money.tax, money.total, seller_id, seller, buyer_id, buyer, "",
            InvoiceStatus.VOID if "作废" in self._text(row, self._status) else InvoiceStatus.NORMAL,
            red, values.red_of(remark) if red else "", remark, lines, number,
        )  # fmt: skip

    def money(self, row: Sequence[Any], key: Key) -> Money:
        """Amounts of a row; a total that the row does not tell is amount plus tax. Raises ``RowError``."""
        amount_at, tax_at, total_at = self._money
        amount = self._value(row[amount_at], s.AMOUNT, key, values.amount)
        tax = ZERO if (cell := row[tax_at]) in values.MASKED else self._value(cell, s.TAX, key, values.tax)
        if total_at < 0 or (cell := row[total_at]) == "":
            return Money(amount, tax, amount + tax)
        return Money(amount, tax, self._value(cell, s.TOTAL, key, values.amount))

    def line(self, row: Sequence[Any], money: Money) -> InvoiceLine:
        """The goods line that a row tells of."""
        item, tax_class, specification, unit = (self._text(row, at) for at in self._goods)
        cell = row[self._rate] if self._rate >= 0 else ""
        rate = self._rates.get(cell) or self._rates.setdefault(cell, values.rate(cell))
        quantity, price = self._text(row, self._quantity), self._text(row, self._price)
        return InvoiceLine(item, money.amount, rate, money.tax, tax_class, specification, unit, quantity, price)

    def _text(self, row: Sequence[Any], at: int) -> str:
        """A cell's text, the same object for the same text: names repeat, and every cell would be a string of its own."""
        if at < 0:
            return ""
        cell = row[at]
        if (known := self._texts.get(cell)) is None:
            known = self._texts[cell] = cell.strip() if type(cell) is str else values.quantity(cell)
        return known

    def _value(self, cell: object, column: str, key: Key, convert: Callable[[object], Decimal]) -> Decimal:
        try:
            known = self._amounts.get(cell) if type(cell) is float else None
            if known is None:
                known = convert(cell)
                if type(cell) is float:
                    self._amounts[cell] = known
            return known
        except ValueError:
            raise RowError("intake_amount_bad", key, column=column, value=cell if cell != "" else "空") from None


def _number(row: Sequence[Any], at: int, column: str, length: int) -> str:
    """A code or number as text. A number cell has lost its leading zeros, which come back, or its last digits, which do not."""
    if at < 0:
        return ""
    cell = row[at]
    if type(cell) is str:
        text = cell.strip().lstrip("'")
        if "E+" in text.upper():
            raise RowError("intake_number_rounded", text, column=column, value=text)
        return text
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if abs(cell) >= SAFE:
            raise RowError("intake_number_rounded", float(cell), column=column, value=f"{cell:.15g}")
        if cell > 0 and cell == int(cell):
            text = str(int(cell))
            return text if length == 12 and len(text) <= 10 else text.zfill(length)
    raise RowError("intake_number_bad", str(cell), value=cell)
