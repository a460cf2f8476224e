"""Filters (筛选): a column, a comparison, a value; the value is checked by the column's kind, and bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.money import money
from fapiao_kernel.domain.period import Period
from fapiao_kernel.records.ledger.browsing import columns
from fapiao_kernel.records.ledger.browsing.columns import SQL_TYPE, Column, Kind
from fapiao_kernel.records.ledger.names import normalised

ORDERED = ("=", "!=", "<", "<=", ">", ">=", "in")
OPS: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: (*ORDERED, "contains", "empty"),
    Kind.AMOUNT: ORDERED,
    Kind.DATE: ORDERED,
    Kind.PERIOD: ORDERED,
    Kind.NUMBER: ORDERED,
    Kind.FLAG: ("=", "!="),
}
"""Comparisons by kind. Nothing is ever absent in a row, so ``empty`` is of text alone."""
MOST = 10_000
"""Values of one ``in``."""
_LONGEST = 10_000
_NAMES = ("seller_name", "buyer_name")
"""Names are found in any writing: full or half width, either kind of bracket (``names.normalised``)."""
_WANTED = {
    Kind.TEXT: "文字 / text",
    Kind.AMOUNT: "金额，两位小数 / an amount: 1234.50",
    Kind.DATE: "日期 / a day: 2026-10-31",
    Kind.PERIOD: "所属期 / a period: 2026-10",
    Kind.NUMBER: "整数 / a whole number: 12",
    Kind.FLAG: "true / false",
}
_ROOM = Decimal(10) ** 16
"""DECIMAL(18,2) ends below this."""


@dataclass(frozen=True)
class Filter:
    """``value`` is a value of the column's kind, a tuple of them for ``in``, a bool for ``empty``."""

    column: Column
    op: str
    value: Any

    @classmethod
    def parse(cls, column: str, op: str, value: Any) -> Filter:
        """Raises ``UsageError``: ``grid_column``, ``grid_op``, ``grid_value``, each with what there is."""
        found = columns.find(column)
        if op not in OPS[found.kind]:
            raise UsageError("grid_op", column=column, op=op[:20], known=" ".join(OPS[found.kind]))
        if op == "empty":
            if value is not None and not isinstance(value, bool):
                raise _wrong(found, value, "true / false")
            return cls(found, op, value is not False)
        if op != "in":
            return cls(found, op, _value(found, value))
        if not isinstance(value, list | tuple) or len(value) > MOST:
            raise _wrong(found, value, f"[…] ≤ {MOST}")
        return cls(found, op, tuple(_value(found, each) for each in value))

    def told(self) -> list[str]:
        """For a view's fingerprint."""
        value = [str(each) for each in self.value] if isinstance(self.value, tuple) else str(self.value)
        return [self.column.name, self.op, repr(value)]

    def sql(self, bind: Callable[[Any], str]) -> str:
        """A condition over ``invoice i``; ``bind`` keeps a value and gives its place in the SQL."""
        left, kind = self.column.sql, SQL_TYPE[self.column.kind]
        if self.op == "empty":
            return f"{left} {'=' if self.value else '<>'} ''"
        if self.op == "in":
            return f"list_contains({bind([_bound(each) for each in self.value])}::{kind}[], {left})"
        if self.op == "contains":
            if self.column.name not in _NAMES:
                return f"contains({left}, {bind(self.value)}::VARCHAR)"
            alike = (
                f"{left} IN (SELECT name FROM party_name WHERE contains(normalised, {bind(normalised(self.value))}))"
            )
            return f"(contains({left}, {bind(self.value)}::VARCHAR) OR {alike})"
        return f"{left} {'<>' if self.op == '!=' else self.op} {bind(_bound(self.value))}::{kind}"


def _bound(value: Any) -> Any:
    return value.first_day if isinstance(value, Period) else value


def _value(column: Column, given: Any) -> Any:
    try:
        return _READ[column.kind](given)
    except (ValueError, TypeError):
        raise _wrong(column, given, _WANTED[column.kind]) from None


def _text(given: Any) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST:
        raise TypeError
    given.encode()  # half a surrogate pair is no text (a ``UnicodeEncodeError`` is a ``ValueError``)
    return given


def _amount(given: Any) -> Decimal:
    if not isinstance(given, str) and not (isinstance(given, int) and not isinstance(given, bool)):
        raise TypeError  # a float has lost its cents
    if isinstance(given, str) and len(given) > 30:
        raise ValueError
    value = Decimal(given) if isinstance(given, int) else Decimal(_ascii(given).replace(",", ""))
    if not value.is_finite() or abs(value) >= _ROOM:
        raise ValueError
    return money(value)


def _day(given: Any) -> date:
    return date.fromisoformat(_ascii(given)) if len(_ascii(given)) == 10 else _none()


def _number(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise TypeError
    value = given if isinstance(given, int) else int(_ascii(given))
    return value if abs(value) < 2**62 else _none()


def _flag(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    return {"true": True, "false": False}[given] if given in ("true", "false") else _none()


def _ascii(given: Any) -> str:
    if not isinstance(given, str) or not given.isascii() or len(given) > 40:
        raise TypeError
    return given.strip()


def _none() -> Any:
    raise ValueError


_READ: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.AMOUNT: _amount,
    Kind.DATE: _day,
    Kind.PERIOD: lambda given: Period.parse(_ascii(given)),
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
}


def _wrong(column: Column, given: Any, wanted: str) -> UsageError:
    shown = ascii(given)[:60] if not isinstance(given, str) or not given.isprintable() else given[:60]
    return UsageError("grid_value", column=column.name, value=shown, wanted=wanted)
