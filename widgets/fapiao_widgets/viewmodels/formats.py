"""How values are written for a person (写法): amounts with separators, dates ISO with the relative time behind."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from typing import Protocol

from fapiao_widgets.text import known, say


class HasUnit(Protocol):
    @property
    def invoice_type(self) -> str: ...
    @property
    def period(self) -> str: ...


def amount(value: str | None) -> str:
    """``-1234567.80`` → ``-1,234,567.80``; text in, text out, never a float. Nothing known: a dash."""
    if not value:
        return say("none")
    sign, digits = ("-", value[1:]) if value.startswith("-") else ("", value)
    yuan, _, fen = digits.partition(".")
    return f"{sign}{int(yuan):,}.{fen.ljust(2, '0')}"


def count(value: int | None) -> str:
    """A number of sheets (份数) with separators; 无 when it is not known."""
    return say("none") if value is None else f"{value:,}"


def size(value: int) -> str:
    """A file's size in KiB or MiB."""
    return f"{value / 2**20:,.1f} MiB" if value >= 2**20 else f"{max(1, value // 2**10):,} KiB"


def place(path: str) -> str:
    """A file's path, with the user's own folder as ``~`` where that is the custom."""
    own = os.path.expanduser("~")
    return "~" + path[len(own) :] if os.name == "posix" and path.startswith(own + os.sep) else path


def short(path: str) -> str:
    """The end of a path, where the whole would not fit a table."""
    parts = path.replace("\\", "/").split("/")
    return "…/" + "/".join(parts[-3:]) if len(parts) > 4 else path


def moment(iso: str) -> str:
    """An ISO time to the second, with a blank in the middle: ``2026-11-05 09:00:12``."""
    return iso[:19].replace("T", " ") if iso else say("none")


def hour(iso: str) -> str:
    """The time of day alone."""
    return iso[11:19] if len(iso) >= 19 else iso


def left(day: str, today: str) -> str:
    """How far away a day is: ``还有 12 天``."""
    days = days_between(today, day)
    if days is None:
        return ""
    return say("left.today") if days == 0 else say("left.days" if days > 0 else "left.past", days=abs(days))


def dated(day: str, today: str) -> str:
    """A date with the relative time behind it."""
    away = left(day, today)
    return f"{day}（{away}）" if away else day or say("none")


def days_between(start: str, end: str) -> int | None:
    """Days from one ISO date (or time) to another; None when one is missing."""
    if len(start) < 10 or len(end) < 10:
        return None
    return (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days


def type_name(code: str, fallback: str = "") -> str:
    """An invoice type's short word (专票)."""
    return say(f"type.{code}") if known(f"type.{code}") else fallback or code


def unit(entry: HasUnit) -> str:
    """A clear unit as buttons name it: 专票 2026-10."""
    return f"{type_name(entry.invoice_type)} {entry.period}"


def units(entries: Iterable[HasUnit]) -> str:
    """Units joined as a sentence names them: 专票 2026-10、普票 2026-10."""
    return say("join").join(unit(entry) for entry in entries)


def word(prefix: str, key: str) -> str:
    """A word keyed by what the agent sent, or the bare key when there is none."""
    return say(f"{prefix}.{key}") if known(f"{prefix}.{key}") else key
