"""What others say of a period (对账的三方): the card's monthly statistics and the filed return, and the ledger's side of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit

EVERY = ""
"""Every invoice type, or every rate."""
ON_DEVICE = "device"
"""Every type that a device issues: what the tax side compares a return with (票表比对)."""
SPECIALS, OTHERS = "special", "other"
"""The return's own columns (增值税申报表附列资料一): 开具增值税专用发票, taken here to have 机动车销售统一发票 in it, and 开具其他发票.

The grouping is our reading and not checked against the form's instructions: who compares by it is told so."""
SPECIAL_TYPES = (
    InvoiceType.SPECIAL,
    InvoiceType.MOTOR_VEHICLE,
    InvoiceType.ELECTRONIC_SPECIAL,
    InvoiceType.DIGITAL_SPECIAL,
)


class Told(StrEnum):
    """Where a return's figures come from: read from the tax side, stated by a person, or from a file of theirs."""

    READ = "read"
    STATED = "stated"
    FILE = "file"


@dataclass(frozen=True)
class CardStatement:
    """The card's monthly statistics (月统计) of one unit, and when it told them."""

    device_number: str
    statistics: MonthStatistics
    source: Source
    read_at: datetime


@dataclass(frozen=True)
class Figure:
    """One line of a return: ``invoice_type`` a code or a word above, ``rate`` as a goods line's or ``EVERY``.

    ``amount`` (without tax) and ``tax`` are None where only the total with tax is known.
    """

    invoice_type: str
    rate: str
    amount: Decimal | None
    tax: Decimal | None
    total: Decimal


@dataclass(frozen=True)
class FiledReturn:
    """A filed return (申报表) of one period as it was told at ``at``; ``filed_on``: the day of filing, None when nobody said."""

    taxpayer_id: str
    period: Period
    figures: tuple[Figure, ...]
    source: Told
    at: datetime
    filed_on: date | None = None
    note: str = ""


@dataclass(frozen=True)
class Held:
    """The ledger's sums of some scope: sheets, of these voids and standing reds; amounts with voids zero."""

    count: int = 0
    voids: int = 0
    reds: int = 0
    amount: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO


@dataclass(frozen=True)
class Scope:
    """Which of a taxpayer's invoices a return's figure is about."""

    taxpayer_id: str
    period: Period
    invoice_type: str = EVERY
    rate: str = EVERY


class Ground(StrEnum):
    """Why ledger and return may differ over an invoice."""

    VOIDED_AFTER = "voided_after"  # 申报以后作废
    IMPORTED_AFTER = "imported_after"  # 申报以后才导入
    LATE = "late"  # 清卡以后才到
    UNSENT = "unsent"  # 未上传
    CARD_UNKNOWN = "card_unknown"  # 不知道是哪台设备的
    FULLY_DIGITAL = "fully_digital"  # 数电票也要申报
    RED = "red"  # 红字
    VOID = "void"  # 作废
    EQUAL = "equal"  # 金额正好是差额
    TWICE = "twice"  # 申报表里可能重复


@dataclass(frozen=True)
class Candidate:
    """An invoice that may explain a difference. ``amount``, ``tax``, ``total``: what it would explain of *ledger less return*, so a
    void one that the return still counts is negative."""

    invoice_type: str
    code: str
    number: str
    issue_date: date
    amount: Decimal
    tax: Decimal
    total: Decimal
    grounds: tuple[Ground, ...]


@dataclass(frozen=True)
class Suspects:
    """All invoices of one ground: how many, what they explain together, and the first of them."""

    ground: Ground
    count: int
    amount: Decimal
    tax: Decimal
    total: Decimal
    shown: tuple[Candidate, ...] = ()


class Statements(Protocol):
    """What others told, kept for good: nothing is changed, the newest counts."""

    def keep_statistics(
        self, device_number: str, statistics: Sequence[MonthStatistics], *, source: Source, at: datetime
    ) -> int:
        """Keep what a card told; what it told the same day already is left. Returns the rows that are new."""
        ...

    def keep_return(self, told: FiledReturn) -> None: ...

    def statistics(self, device_number: str, period: Period) -> tuple[CardStatement, ...]:
        """The newest of each type."""
        ...

    def filed(self, taxpayer_id: str, period: Period) -> tuple[FiledReturn, ...]:
        """The newest that the tax side told, and the newest that a person told; none, one or both of them."""
        ...


class Books(Protocol):
    """The ledger's side of a reconciliation (账). Only sums and what is shown come into memory, however many invoices there are."""

    def units(self, device_number: str, period: Period | None = None) -> tuple[ClearUnit, ...]:
        """The card's units that the ledger has, open or cleared, oldest first."""
        ...

    def unit(self, unit: ClearUnit) -> Held:
        """All of a unit, open and cleared; no invoice is scanned."""
        ...

    def briefs(self, unit: ClearUnit) -> Iterable[InvoiceDetail]:
        """All of a unit's invoices by code and number, a few at a time."""
        ...

    def scope(self, scope: Scope) -> Held:
        """The taxpayer's invoices of the scope, of all cards, of none, and fully digital ones. An invoice of several rates counts under
        each of them with its lines' sums."""
        ...

    def suspects(self, scope: Scope, filed: FiledReturn, limit: int) -> tuple[Suspects, ...]:
        """Invoices of the scope with a ground to differ from that return, ground by ground; of each the first ``limit``."""
        ...

    def equals(self, scope: Scope, difference: Figure, limit: int) -> tuple[Candidate, ...]:
        """Invoices that alone come to the difference (``difference``'s amounts, ledger less return), at most ``limit``."""
        ...
