"""Rows of a table (导出行): what a row says of its invoice. A row that cannot be read is one finding with its number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports.intake import Table
from fapiao_kernel.records.intake import values, words
from fapiao_kernel.records.intake.columns import TITLES, Columns
from fapiao_kernel.records.intake.table_text import UNCLOSED, Row

Key = tuple[str, str]
SAFE = 10**15
"""A spreadsheet keeps 15 digits of a number (Excel specifications and limits): from here on the rest is lost."""
_IDENTITY = ("code", "number", "digital_number")
_WHOLE = re.compile(r"([0-9]{1,16})\.0")
_GREAT = re.compile(r"[0-9](?:\.[0-9]+)?e\+[0-9]{2,3}")
"""A number cell's shortest text, below and above 1e16: a workbook's text cells with codes look otherwise."""


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


@dataclass(frozen=True)
class Form:
    """What a table's cells mean (写法): ``kinds``, it has a column for the type; ``flag``, its status is a yes or no (作废标志);
    ``typed``, it came out of cells with types, so a number shows as one: text without its leading zeros was never whole there."""

    kinds: bool = True
    flag: bool = False
    typed: bool = True


class Lines:
    """The goods lines of one invoice, with the row of the first."""

    __slots__ = ("amount", "lines", "row", "total")

    def __init__(self, row: int) -> None:
        self.row = row
        self.lines: list[InvoiceLine] = []
        self.amount = self.total = ZERO

    def add(self, line: InvoiceLine, total: Decimal = ZERO) -> None:
        self.lines.append(line)
        self.amount += line.amount
        self.total += total


class Reader:
    """Reads rows of one table. Conversions are remembered: a month has few different days, kinds, rates and names."""

    def __init__(self, table: Table, form: Form) -> None:
        self._width = table.width
        self._form = form

        def at(field: str) -> int:
            return table.columns.get(field, -1)

        self._code, self._number, self._digital = (at(field) for field in _IDENTITY)
        self._identity = [place for place in (self._code, self._number, self._digital) if place >= 0]
        self._amount, self._tax, self._total = at("amount"), at("tax"), at("total")
        self._issued, self._kind, self._source = at("issued"), at("kind"), at("source")
        self._parties = [at(name) for name in ("seller_id", "seller_name", "buyer_id", "buyer_name", "machine_number")]
        self._status, self._positive, self._remark = at("status"), at("positive"), at("remark")
        self._uploaded, self._red_of = at("uploaded"), at("red_of")
        self._goods = [at(name) for name in ("item", "tax_class", "specification", "unit")]
        self._rate, self._quantity, self._price = at("rate"), at("quantity"), at("price")
        self._first = 1 if table.numbered else 0
        self._days: dict[str, date] = {}
        self._kinds: dict[tuple[str, str, str], InvoiceType | None] = {}
        self._rates: dict[str, str] = {}
        self._amounts: dict[str, Decimal] = {}
        self._texts: dict[str, str] = {}

    def full(self, row: Row) -> Row:
        """The row with a cell for every column. Raises ``RowError`` where a quote is never closed."""
        if row is UNCLOSED:
            raise RowError("intake_quote_open", None)
        return row if len(row) >= self._width else [*row, *[""] * (self._width - len(row))]

    def nobody(self, row: Row) -> bool:
        """Whether the row names no invoice and no day."""
        return not any(row[place].strip() for place in self._identity) and not row[self._issued].strip()

    def goes_on(self, row: Row) -> bool:
        """Whether a row that names nobody is one more goods line of the invoice above (续行)."""
        return bool(row[self._amount].strip()) and not self.aside(row)

    def aside(self, row: Row) -> bool:
        """Whether it is no row of anything: blank, sums (合计), a section's title, or the header once more."""
        if any((cell := row[place]) and (cell.isdigit() or _is_number(cell)) for place in self._identity):
            return False
        cells = row[self._first :]
        if not any(cell and not cell.isspace() for cell in cells):
            return True
        if Columns(cells).is_header:
            return True
        return not row[self._issued].strip() and words.is_sum(cells)

    def key(self, row: Row) -> Key:
        """Code and number, or the 20 digits alone. Raises ``RowError``."""
        digital = self._digits(row, self._digital, "digital_number", 20)
        if digital:
            if not values.digits(digital, 20):
                raise RowError("intake_number_bad", digital, value=digital)
            return ("", digital)
        code, number = self._digits(row, self._code, "code", 12), self._digits(row, self._number, "number", 8)
        if not code and values.digits(number, 20):
            return ("", number)
        if not (values.digits(code, 10, 12) and values.digits(number, 8)):
            raise RowError("intake_number_bad", f"{code} {number}", value=f"{code} {number}".strip() or "空")
        return (code, number)

    def invoice(self, row: Row, key: Key, number: int, money: Money, lines: tuple[InvoiceLine, ...] = ()) -> Invoice:
        """The invoice that a row tells of. Raises ``RowError``."""
        code, digits = key
        name = self._text(row, self._kind)
        kind = self._type(name, self._text(row, self._source), code)
        if kind is None:
            raise RowError("intake_type_unknown", key, value=name or "空")
        if kind.on_device is (not code):
            raise RowError("intake_number_bad", key, value=f"{name} {code} {digits}")
        issued = self._day(row[self._issued], key)
        remark = self._text(row, self._remark)
        red = self._text(row, self._positive) == "否" or money.amount < 0
        seller_id, seller, buyer_id, buyer, machine = (self._text(row, at) for at in self._parties)
        rate = self._text(row, self._rate) if not lines else ""
        return Invoice(
            code, digits, kind, issued, money.amount, money.tax, money.total, seller_id, seller, buyer_id, buyer,
            machine if kind.on_device else "", InvoiceStatus.VOID if self.void(row) else InvoiceStatus.NORMAL,
            red, self._reversed(row, remark) if red else "", remark, lines, number,
            words.uploaded(self._text(row, self._uploaded)), self._rate_of(rate) if rate else "",
        )  # fmt: skip

    def money(self, row: Row, key: Key) -> Money:
        """Amounts of a row; a total that the row does not tell is amount plus tax. Raises ``RowError``."""
        amount = self._value(row[self._amount], "amount", key, values.amount)
        tax = self._value(row[self._tax], "tax", key, values.tax)
        if self._total < 0 or not (cell := row[self._total]).strip():
            return Money(amount, tax, amount + tax)
        return Money(amount, tax, self._value(cell, "total", key, values.amount))

    def rounded(self, row: Row) -> tuple[str, str] | None:
        """The first amount of a row that is not whole fen, as (column, cell)."""
        for place, name in ((self._amount, "amount"), (self._tax, "tax"), (self._total, "total")):
            if place >= 0 and values.finer(row[place]):
                return TITLES[name], row[place]
        return None

    def line(self, row: Row, money: Money) -> InvoiceLine:
        """The goods line that a row tells of."""
        item, tax_class, specification, unit = (self._text(row, at) for at in self._goods)
        rate = self._rate_of(row[self._rate] if self._rate >= 0 else "")
        quantity, price = self._text(row, self._quantity), self._text(row, self._price)
        return InvoiceLine(item, money.amount, rate, money.tax, tax_class, specification, unit, quantity, price)

    def void(self, row: Row) -> bool | None:
        """As ``words.void``, by the row's status."""
        return words.void(self._text(row, self._status), flag=self._form.flag)

    def status(self, row: Row) -> str:
        return self._text(row, self._status)

    def _type(self, name: str, source: str, code: str) -> InvoiceType | None:
        asked = (name, source, code if not self._form.kinds else code[:1])
        if asked not in self._kinds:
            self._kinds[asked] = words.kind(name, source, code, column=self._form.kinds)
        return self._kinds[asked]

    def _day(self, cell: str, key: Key) -> date:
        try:
            return self._days.get(cell) or self._days.setdefault(cell, values.day(words.bare(cell)))
        except ValueError:
            raise RowError("intake_date_bad", key, value=cell or "空") from None

    def _reversed(self, row: Row, remark: str) -> str:
        said = words.bare(self._text(row, self._red_of))
        return said if values.digits(said, 18, 20) else values.red_of(remark)

    def _rate_of(self, cell: str) -> str:
        return self._rates.get(cell) or self._rates.setdefault(cell, values.rate(cell))

    def _text(self, row: Row, at: int) -> str:
        """A cell's text, the same object for the same text: names repeat, and every cell would be a string of its own."""
        if at < 0:
            return ""
        cell = row[at]
        if (known := self._texts.get(cell)) is None:
            text = cell.strip() if self._form.typed else words.bare(cell) if cell[:1] in "=\t'" else cell.strip()
            if self._form.typed and _WHOLE.fullmatch(text.removeprefix("-")):
                text = text[:-2]
            known = self._texts[cell] = text
        return known

    def _value(self, cell: str, field: str, key: Key, convert: Callable[[object], Decimal]) -> Decimal:
        try:
            if (known := self._amounts.get(cell)) is None:
                known = convert(cell)
                if cell:
                    self._amounts[cell] = known
            return known
        except ValueError:
            raise RowError("intake_amount_bad", key, column=TITLES[field], value=cell or "空") from None

    def _digits(self, row: Row, at: int, field: str, length: int) -> str:
        """A code or number as text. A number cell has lost its leading zeros, which come back, or its last digits, which do not."""
        if at < 0:
            return ""
        text = words.bare(values.plain(row[at]))
        if values.digits(text, length) or not text:
            return text
        if "E+" in text.upper():
            raise _rounded(text, field)
        if whole := _WHOLE.fullmatch(text):
            if int(whole[1]) >= SAFE:
                raise _rounded(text, field)
            return _zeros(whole[1], length) if int(whole[1]) else text
        if not self._form.typed and text.isascii() and text.isdigit() and length < 20:
            return _zeros(text, length)
        return text


def _rounded(text: str, field: str) -> RowError:
    own = _WHOLE.fullmatch(text) or _GREAT.fullmatch(text)  # a number cell's own text, not what somebody typed
    value = f"{float(text):.15g}" if own else text
    return RowError("intake_number_rounded", text, column=TITLES[field], value=value)


def _zeros(text: str, length: int) -> str:
    return text if length == 12 and len(text) <= 10 else text.zfill(length)


def _is_number(cell: str) -> bool:
    return sum(letter.isdigit() for letter in cell) >= 8
