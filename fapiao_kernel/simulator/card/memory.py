"""What the simulated card remembers (卡内存储), and its form as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

VERSION = 3
READABLE = (1, 2, 3)
"""Version 1 knew no issuing: such a card has no number to give out. Version 2 knew no registering: its terminal is registered."""
ADDED = {2: ("issued",), 3: ("registered", "renews_pin", "collected", "raw_files")}
"""By version, what came with it; an older image has each as a fresh card has it."""
LIMIT = 99_999_999
"""The limit of a single invoice (dzkpxe) without tax, in fen: the tier below a million yuan (百万元版)."""


@dataclass
class TypeRecord:
    """EF01 and EF04 of one invoice type. ``random`` and ``sealed`` belong to the open report, ``cleared_random`` to the last clear."""

    type: str
    lock_date: date
    start: date
    end: date
    last_report: date
    reported: bool
    not_uploaded: int
    random: bytes = b""
    sealed: bytes = b""
    cleared_random: bytes = b""
    limit: int = LIMIT

    @property
    def span(self) -> str:
        return f"{self.type} {self.start}..{self.end}"


@dataclass
class Totals:
    """EF03: sheets and fen of one type and month (``2026-10``)."""

    type: str
    month: str
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    amounts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])


@dataclass
class VolumeRecord:
    """EF05, and the number that is given out next (empty: none is left)."""

    type: str
    code: str
    first: str
    last: str
    pending: bool
    next: str = ""

    @property
    def left(self) -> int:
        """How many numbers it can still give out."""
        return int(self.last) - int(self.next) + 1 if self.next and not self.pending else 0


@dataclass
class Memory:
    """Everything. ``counts``: act → span (of an issue or void: month) → how often ``applied``, and how often ``answered``.

    ``issued``: what came into EF06 since the card was made, act by act (``details.ENTRY`` bytes each). ``registered``: a terminal is.
    ``renews_pin``: a right PIN is answered with another that takes its place. ``collected``: command → the day that it was last done.
    ``raw_files``: EF07 and EF08 where the card has them, each hex, or a list of records in hex.
    """

    identity: dict[str, str]
    pin_salt: str
    pin_digest: str
    pin_left: int
    clock_offset: float
    shared_key: bytes
    records: list[TypeRecord]
    totals: list[Totals]
    volumes: list[VolumeRecord]
    faults: list[dict[str, Any]]
    mac_faults: int = 0
    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=lambda: {"report": {}, "clear": {}})
    issued: bytes = b""
    registered: bool = True
    renews_pin: bool = False
    collected: dict[str, str] = field(default_factory=dict)
    raw_files: dict[str, str | list[str]] = field(default_factory=dict)

    def count(self, act: str, span: str, what: str) -> None:
        """One more ``applied`` or ``answered``."""
        entry = self.counts.setdefault(act, {}).setdefault(span, {"applied": 0, "answered": 0})
        entry[what] += 1

    def to_json(self) -> dict[str, Any]:
        """Bytes as hex, dates ISO."""
        return {"version": VERSION, **_plain(dataclasses.asdict(self))}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """Raises ``ValueError`` for another version, ``KeyError``/``TypeError`` for no image at all."""
        if data.get("version") not in READABLE:
            raise ValueError("a card image of another version")
        later = {name for version, names in ADDED.items() if version > data["version"] for name in names}
        fields = {f.name: data[f.name] for f in dataclasses.fields(cls) if f.name not in later}
        fields["issued"] = bytes.fromhex(fields.get("issued", ""))
        fields["shared_key"] = bytes.fromhex(data["shared_key"])
        fields["records"] = [_type_record(entry) for entry in data["records"]]
        fields["totals"] = [Totals(**entry) for entry in data["totals"]]
        fields["volumes"] = [VolumeRecord(**entry) for entry in data["volumes"]]
        return cls(**fields)


def _type_record(entry: Mapping[str, Any]) -> TypeRecord:
    days = {name: date.fromisoformat(entry[name]) for name in ("lock_date", "start", "end", "last_report")}
    raw = {name: bytes.fromhex(entry[name]) for name in ("random", "sealed", "cleared_random")}
    return TypeRecord(**{**entry, **days, **raw})


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value


def months(start: date, end: date) -> Iterable[str]:
    """Every month from one day to another, ``2026-10``."""
    count, last = start.year * 12 + start.month - 1, end.year * 12 + end.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(count, last + 1)]
