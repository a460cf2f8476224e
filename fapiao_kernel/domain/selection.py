"""Selection (选择): what a person asks to clear, before the card has said which units that closes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period

T = TypeVar("T")

MOST_PICKED = 1000
"""Invoices that can be picked by hand in one selection; each is written into the journal (our choice)."""


class Preset(StrEnum):
    """Periods that go by a name (自动选择)."""

    LAST_MONTH = "last_month"
    QUARTER = "quarter"

    @property
    def zh(self) -> str:
        """上个月, 本季度."""
        return {Preset.LAST_MONTH: "上个月", Preset.QUARTER: "本季度"}[self]

    def periods(self, today: date) -> tuple[Period, ...]:
        """The periods on this day of the device's clock. 本季度 is the quarter that last month lies in: a clear is about what is
        over, so in January it is the last quarter of the year before, and in February the first two months still to come count."""
        last = Period.of(today).previous()
        if self is Preset.LAST_MONTH:
            return (last,)
        first = last.shift(-((last.month - 1) % 3))
        return (first, first.next(), first.shift(2))


class Kind(StrEnum):
    """普通 or 专用: a word for several invoice types, of which a device has some."""

    SPECIAL = "special"
    ORDINARY = "ordinary"

    @property
    def zh(self) -> str:
        """专用, 普通."""
        return {Kind.SPECIAL: "专用", Kind.ORDINARY: "普通"}[self]

    @property
    def types(self) -> tuple[InvoiceType, ...]:
        """On paper, as roll and electronic; vehicles and freight are neither."""
        if self is Kind.SPECIAL:
            return (InvoiceType.SPECIAL, InvoiceType.ELECTRONIC_SPECIAL)
        return (InvoiceType.ORDINARY, InvoiceType.ROLL, InvoiceType.ELECTRONIC_ORDINARY)


@dataclass(frozen=True)
class Selection:
    """Types and kinds (none: every type of the device), periods by name or by hand (none: all that is due), and what is narrower
    than a clear unit: days of issue (``first_day`` to ``last_day``, both in it, either open), or invoices by (code, number).

    ``whole``: clear the whole units all the same. Raises ``ValueError`` for what cannot be meant.
    """

    types: tuple[InvoiceType, ...] = ()
    kinds: tuple[Kind, ...] = ()
    periods: tuple[Period, ...] = ()
    preset: Preset | None = None
    first_day: date | None = None
    last_day: date | None = None
    invoices: tuple[tuple[str, str], ...] = ()
    whole: bool = False

    def __post_init__(self) -> None:
        digital = [t.zh for t in self.types if not t.on_device]
        if digital:
            raise ValueError(_say("数电票不在设备上", "not on a device", ", ".join(digital)))
        if self.preset and self.periods:
            raise ValueError(_say("征期和快捷选择二选一", "periods or a preset, not both"))
        if self.invoices and self.by_days:
            raise ValueError(_say("日期和发票二选一", "days or invoices, not both"))
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise ValueError(f"{self.first_day} > {self.last_day}")
        if len(set(self.invoices)) > MOST_PICKED:
            raise ValueError(
                _say(f"一次最多选 {MOST_PICKED} 张", f"at most {MOST_PICKED} invoices: {len(set(self.invoices))}")
            )
        if any(not number for _, number in self.invoices):
            raise ValueError(_say("发票没有号码", "an invoice without a number"))
        if not all((code + number).isprintable() for code, number in self.invoices):
            raise ValueError(
                _say("代码或号码里有不能显示的字符", "a code or number with characters that cannot be shown")
            )

    @property
    def by_days(self) -> bool:
        """Whether it names days of issue."""
        return self.first_day is not None or self.last_day is not None

    @property
    def narrow(self) -> bool:
        """Whether it names something that may be narrower than a unit."""
        return self.by_days or bool(self.invoices)

    def asked_types(self, licensed: Sequence[InvoiceType]) -> tuple[InvoiceType, ...]:
        """The device's types that are meant, in its own order; every one when none is named. Raises ``ValueError`` for a type that
        the device does not have, or kinds of which it has none."""
        absent = [t.value for t in self.types if t not in licensed]
        if absent:
            raise ValueError(_say("设备没有票种", "not on this device", ", ".join(absent)))
        if not self.types and not self.kinds:
            return tuple(licensed)
        meant = {*self.types, *(t for kind in self.kinds for t in kind.types)}
        found = tuple(t for t in licensed if t in meant)
        if not found:
            raise ValueError(_say("设备没有票种", "not on this device", ", ".join(kind.zh for kind in self.kinds)))
        return found

    def covers(self, period: Period) -> bool:
        """Whether the days (if any) hold the whole month."""
        return (self.first_day is None or self.first_day <= period.first_day) and (
            self.last_day is None or self.last_day >= period.last_day
        )

    def touches(self, period: Period) -> bool:
        """Whether the days (if any) hold at least one of the month."""
        return (self.first_day is None or self.first_day <= period.last_day) and (
            self.last_day is None or self.last_day >= period.first_day
        )

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> Selection:
        """From plain values: ``types`` (codes), ``kinds``, ``periods`` (YYYY-MM), ``preset``, ``first_day``, ``last_day`` (ISO),
        ``invoices`` (pairs of code and number), ``whole``; each may be left out. Raises ``ValueError``."""
        unknown = set(plain) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(_say("不认识", "unknown", ", ".join(sorted(map(str, unknown)))))
        whole = plain.get("whole", False)
        if not isinstance(whole, bool):
            raise ValueError(f"whole: {whole!r}")
        return cls(
            types=_once(_meant(InvoiceType, one, "票种", "an invoice type") for one in _list(plain, "types")),
            kinds=_once(_meant(Kind, one, "专用或普通", "special or ordinary") for one in _list(plain, "kinds")),
            periods=_once(_meant(Period.parse, one, "征期", "a tax period") for one in _list(plain, "periods")),
            preset=_meant(Preset, plain["preset"], "快捷选择", "a preset") if plain.get("preset") else None,
            first_day=_day(plain, "first_day"),
            last_day=_day(plain, "last_day"),
            invoices=_once(_pair(one) for one in _list(plain, "invoices")),
            whole=whole,
        )


def _say(zh: str, en: str, what: object = "") -> str:
    said = en if english() else zh
    return f"{said}: {what}" if what else said


def _meant(make: Callable[[str], T], told: Any, zh: str, en: str) -> T:
    """What a text means; raises ``ValueError`` in the reader's words."""
    try:
        return make(str(told))
    except ValueError as error:
        raise ValueError(_say(f"不是{zh}", f"not {en}", told)) from error


def _list(plain: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = plain.get(name) or ()
    if isinstance(found, str) or not isinstance(found, Sequence):
        raise ValueError(f"{name}: {found!r}")
    return found


def _once(found: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(found))


def _day(plain: Mapping[str, Any], name: str) -> date | None:
    text = str(plain.get(name) or "")
    if not text:
        return None
    day = _meant(date.fromisoformat, text, "日期（2026-10-31）", "a day (2026-10-31)")
    if day.isoformat() != text:
        raise ValueError(f"{name}: {text!r}")
    return day


def _pair(one: Any) -> tuple[str, str]:
    if isinstance(one, str) or not isinstance(one, Sequence) or len(one) != 2:
        raise ValueError(_say("不是发票代码和号码", "not a code and a number", one))
    code, number = one
    if not (isinstance(code, str) and isinstance(number, str)):
        raise ValueError(_say("代码和号码要写成文本", "code and number are text", one))
    return code, number
