"""The grid's columns (列) and how a cell's value is written: exact amounts with separators, the trade's words for codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_widgets.text import known, say
from fapiao_widgets.viewmodels.filtering import DOUBTS, Column
from fapiao_widgets.viewmodels.formats import type_name
from fapiao_widgets.viewmodels.previewing import rate_word

_KINDS = {
    "invoice_type": ("type", 84), "period": ("month", 82), "code": ("text", 122), "number": ("text", 186),
    "issue_date": ("date", 104), "seller_id": ("text", 172), "seller_name": ("text", 220), "buyer_id": ("text", 172),
    "buyer_name": ("text", 220), "amount": ("amount", 132), "tax": ("amount", 118), "total": ("amount", 132),
    "rate": ("rate", 76), "status": ("status", 72), "red": ("flag", 60), "red_of": ("text", 186),
    "fully_digital": ("flag", 74), "machine_number": ("text", 118), "lines": ("number", 66), "remark": ("text", 200),
    "unit_key": ("number", 90), "import_seq": ("number", 86), "doubts": ("doubts", 180), "uploaded": ("flag", 76),
    "state": ("state", 84), "device_number": ("text", 118),
}  # fmt: skip
"""The ledger's columns: kind, and width in pixels at most; others are text."""
_WIDTHS = {"amount": 140, "number": 100, "date": 104, "flag": 76, "text": 240}
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)


def of_ledger(name: str, label: str = "") -> Column:
    """A column of the ledger by its name there; the hint is that name, for SQL."""
    kind, width = _KINDS.get(name, ("text", 140))
    ours = say(f"grid.col.{name}") if known(f"grid.col.{name}") else label or name
    return Column(name, ours, kind, width, name, fixed=kind == "state")


def of_result(names: Sequence[str], types: Sequence[str], labels: Mapping[str, str] | None = None) -> list[Column]:
    """A query's own columns. ``labels``: what a ready-made query calls them; else they are headed as the query named them, and
    the hint is the trade's word where there is one."""
    return [_typed(name, kind, (labels or {}).get(name, "")) for name, kind in zip(names, types, strict=True)]


def _typed(name: str, duck: str, label: str) -> Column:
    if duck.startswith("DECIMAL"):
        kind = "amount"
    elif duck in _WHOLE or duck in ("DOUBLE", "FLOAT"):
        kind = "number"
    else:
        kind = {"DATE": "date", "BOOLEAN": "flag"}.get(duck, "text")
    known_kind, width = _KINDS.get(name, ("", 0))
    if kind == "text" and known_kind in ("type", "status", "rate", "state"):
        kind = known_kind
    if kind == "number" and known_kind == "doubts":
        kind = known_kind
    if kind == "date" and known_kind == "month":
        kind = "month"
    word = say(f"grid.col.{name}") if known(f"grid.col.{name}") else duck
    return Column(name, label or name, kind, max(width, _WIDTHS.get(kind, 90)), name if label else word)


_KEYS = frozenset({"unit_key", "import_seq", "doubts"})
"""Whole numbers that count nothing: keys and flags, written as they are and never summed."""


def exact(name: str, duck: str) -> bool:
    """Whether a column of this DuckDB type has a sum worth showing: decimals and whole numbers, never floats or keys."""
    if name in _KEYS:
        return False
    return duck.startswith("DECIMAL") or duck in _WHOLE


def written(column: Column, value: Any) -> str:
    """A cell's text. ``value`` is text, as it comes over the wire, or None."""
    if value is None:
        return ""
    text = str(value)
    if column.kind in ("amount", "number"):
        return text if column.name in _KEYS else separated(text)
    if column.kind == "type":
        return type_name(text)
    if column.kind == "month":
        return text[:7]
    if column.kind == "flag":
        return {"true": say("grid.yes"), "false": say("grid.no")}.get(text.lower(), text)
    if column.kind in ("status", "state"):
        return say(f"grid.{column.kind}.{text}") if known(f"grid.{column.kind}.{text}") else text
    if column.kind == "doubts" and text.isdecimal():
        return say("join").join(say(f"grid.doubt.{bit}") for bit in DOUBTS if int(text) & bit)
    if column.kind == "rate":
        return rate_word(text) if text else ""
    return text


def separated(text: str) -> str:
    """``-1234567.80`` → ``-1,234,567.80``: the digits stay as they are; what is no plain number stays whole."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}" if whole.isdecimal() and (rest.isdecimal() or not rest) else text


def brief(column: Column, value: Any) -> str:
    """An end of a histogram in few letters: amounts without fen, days without the year."""
    text = written(column, value)
    if column.kind == "date" and len(text) == 10:
        return text[5:]
    return text.partition(".")[0] if column.kind == "amount" else text
