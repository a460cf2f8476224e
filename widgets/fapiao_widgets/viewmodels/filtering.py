"""What a person types under a column head (筛选), as filters: exact amounts, whole months, words of the trade for codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from fapiao_widgets.text import ALL_ZH, say

Filter = dict[str, Any]
"""``{"column", "op", "value"}``; the ops are ``OPS``."""
OPS = ("=", "!=", "<", "<=", ">", ">=", "contains", "in", "empty")
_SIGNS = {"≥": ">=", "≤": "<=", "≠": "!=", "<>": "!=", "!": "!="}
_SIGN = re.compile(r"(>=|<=|!=|<>|[<>=≥≤≠!])\s*(.*)")
_RANGE = re.compile(r"(.*?)\s*(?:\.\.|~|到|至)\s*(.*)")
_MONTH = re.compile(r"(\d{4})[-./年]?(\d{1,2})月?")
_YEAR = re.compile(r"(\d{4})年?")
_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")


@dataclass(frozen=True)
class Column:
    """One column of the grid. ``kind``: text, amount, number, date, month, flag, type, status, rate, state or doubts."""

    name: str
    label: str
    kind: str
    width: int
    hint: str = ""
    fixed: bool = False
    """Only shown: it is not filtered or sorted by."""

    def drawn(self) -> dict[str, Any]:
        """For the front end."""
        return {**vars(self), "num": self.kind in ("amount", "number"), "place": say(f"grid.place.{self.kind}")}


class Unreadable(ValueError):
    """What was typed cannot be read as this column's kind; the text is the sentence to show beside it."""


def typed(column: Column, text: str) -> list[Filter]:
    """The filters that a typed text means; nothing typed means none. Raises ``Unreadable``."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return []
    op, rest = "", text
    if (sign := _SIGN.fullmatch(text)) is not None:
        op, rest = _SIGNS.get(sign[1], sign[1]), sign[2].strip()
    try:
        found = _KINDS[column.kind](op, rest)
    except (InvalidOperation, ValueError) as error:
        raise Unreadable(say(f"grid.wrong.{column.kind}", text=text)) from error
    return [{"column": column.name, "op": op, "value": value} for op, value in found]


_Found = list[tuple[str, Any]]


def _text(op: str, rest: str) -> _Found:
    if not rest:  # a sign alone
        raise ValueError(op)
    return [(op or "contains", rest)]


def _numbers(op: str, rest: str) -> _Found:
    if not op and (span := _RANGE.fullmatch(rest)) is not None and (span[1] or span[2]):
        return [(sign, _number(end)) for sign, end in ((">=", span[1]), ("<=", span[2])) if end]
    return [(op or "=", _number(rest))]


def _number(text: str) -> str:
    bare = re.sub(r"[,\s¥元]", "", text)
    value = Decimal(bare.removesuffix("万")) * (10_000 if bare.endswith("万") else 1)
    if not value.is_finite():
        raise ValueError(text)
    return f"{value:f}"


def _days(op: str, rest: str) -> _Found:
    if not op and (span := _RANGE.fullmatch(rest)) is not None and (span[1] or span[2]):
        start = [(">=", _span(span[1])[0].isoformat())] if span[1] else []
        return start + ([("<", _span(span[2])[1].isoformat())] if span[2] else [])
    begin, end = _span(rest)
    if op in ("", "=") and end - begin > timedelta(days=1):
        return [(">=", begin.isoformat()), ("<", end.isoformat())]
    if op in (">", "<="):  # after the whole of what was named; up to and with it
        return [(">=" if op == ">" else "<", end.isoformat())]
    return [(op or "=", begin.isoformat())]


def _months(op: str, rest: str) -> _Found:
    """A column that holds a month, as its first day."""
    if _DAY.fullmatch(rest):
        raise ValueError(rest)
    if _MONTH.fullmatch(rest):
        return [(op or "=", _span(rest)[0].isoformat())]
    return _days(op, rest)


def _span(text: str) -> tuple[date, date]:
    """First day, and the day after the last, of a day, a month or a year."""
    if (year := _YEAR.fullmatch(text)) is not None:
        return date(int(year[1]), 1, 1), date(int(year[1]) + 1, 1, 1)
    if (month := _MONTH.fullmatch(text)) is not None:
        start = date(int(month[1]), int(month[2]), 1)
        return start, (start + timedelta(days=31)).replace(day=1)
    if (day := _DAY.fullmatch(text)) is None:
        raise ValueError(text)
    start = date(*(int(part) for part in day.groups() if part))
    return start, start + timedelta(days=1)


def _worded(words: Callable[[], Iterable[tuple[str, Any]]]) -> Callable[[str, str], _Found]:
    """A column of codes that people know by words: whatever word holds the text."""

    def read(op: str, rest: str) -> _Found:
        exact = [value for word, value in words() if rest == word or rest == str(value)]
        values = list(dict.fromkeys(exact or [value for word, value in words() if rest in word]))
        if op == "!=" and len(values) == 1:
            return [("!=", values[0])]
        if op not in ("", "=") or not values:
            raise ValueError(rest)
        return [("=", values[0])] if len(values) == 1 else [("in", values)]

    return read


def types() -> list[tuple[str, str]]:
    """Invoice types: short word and code, then what the forms print them as (票种全称)."""
    short = [(say(key), key.removeprefix("type.")) for key in ALL_ZH if key.startswith("type.")]
    return short + [(f"{before}{word}", code) for word, code in _FULL.items() for before in ("", "增值税")]


_FULL = {"专用发票": "004", "普通发票": "007", "电子普通发票": "026", "电子专用发票": "028"}


def statuses() -> list[tuple[str, str]]:
    """Invoice states: word and what the ledger calls it."""
    return [(say("grid.status.normal"), "normal"), (say("grid.status.void"), "void")]


def states() -> list[tuple[str, str]]:
    """Where an invoice stands: word and what the ledger calls it."""
    return [(say(f"grid.state.{key}"), key) for key in ("open", "cleared", "fully_digital", "card_unknown")]


def flags() -> list[tuple[str, str]]:
    """Yes and no."""
    return [(say("grid.yes"), "true"), (say("grid.no"), "false")]


DOUBTS = (1, 2, 4, 8, 16, 32, 64)
"""The ledger's bits of what an import found odd (疑点); each has its word."""


def _doubts(op: str, rest: str) -> _Found:
    """有, 无, or (part of) the word of one doubt: every number that holds its bit."""
    if op in ("", "=") and rest in (say("grid.doubt.any"), say("grid.doubt.none")):
        return [("=" if rest == say("grid.doubt.none") else ">", "0")]
    bits = [bit for bit in DOUBTS if rest and rest in say(f"grid.doubt.{bit}")]
    if op not in ("", "=") or not bits:
        raise ValueError(rest)
    return [("in", [str(n) for n in range(1, 2 * DOUBTS[-1]) if any(n & bit for bit in bits)])]


def _rates(op: str, rest: str) -> _Found:
    """A rate: ``13%``, ``13`` or ``0.13``, and words (免税) as they stand; above or below a rate no word is meant.

    Rates are text, fractions in their shortest form, so their order as text is that of the numbers; a word sorts behind ``1``,
    what is not known before ``0``.
    """
    if (number := re.fullmatch(r"(\d*\.?\d+)\s*(%?)", rest)) is None:
        return _text(op, rest)
    rate = Decimal(number[1])
    found = [(op or "=", f"{(rate / 100 if number[2] or rate >= 1 else rate).normalize():f}")]
    return found + {">": [("<", "1")], "<": [(">=", "0")]}.get(op[:1], [])


_KINDS: dict[str, Callable[[str, str], _Found]] = {
    "text": _text,
    "amount": _numbers,
    "number": _numbers,
    "date": _days,
    "month": _months,
    "type": _worded(types),
    "status": _worded(statuses),
    "flag": _worded(flags),
    "rate": _rates,
    "state": _worded(states),
    "doubts": _doubts,
}
