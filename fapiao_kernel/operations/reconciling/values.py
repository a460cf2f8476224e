"""What a reconciliation comes to (对账结果)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports.statements import Candidate, FiledReturn, Scope, Suspects, Told


class Agreement(StrEnum):
    """一致 / 有差异 / 不知道. Unknown is not ok."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, several: Sequence[Agreement]) -> Agreement:
        """A difference outweighs what is not known, and that outweighs what agrees; of nothing, nothing is known."""
        for worst in (cls.DIFFERS, cls.UNKNOWN, cls.AGREES):
            if worst in several:
                return worst
        return cls.UNKNOWN


@dataclass(frozen=True)
class Side:
    """One column: sheets, of these voids (None: this side does not count them), and sums (None: it tells the total alone)."""

    count: int | None
    voids: int | None
    amount: Decimal | None
    tax: Decimal | None
    total: Decimal


@dataclass(frozen=True)
class Apart:
    """Ledger less the other side; None where that does not tell."""

    count: int | None
    voids: int | None
    amount: Decimal | None
    tax: Decimal | None
    total: Decimal

    @classmethod
    def between(cls, ledger: Side, other: Side) -> Apart:
        return cls(
            _less(ledger.count, other.count),
            _less(ledger.voids, other.voids),
            _less(ledger.amount, other.amount),
            _less(ledger.tax, other.tax),
            ledger.total - other.total,
        )

    def within(self, tolerance: Decimal) -> bool:
        """Sheets exactly, sums up to the tolerance (yuan). Where amount and tax are told, each must agree, and the total follows."""
        if self.count or self.voids:
            return False
        sums = [each for each in (self.amount, self.tax) if each is not None] or [self.total]
        return all(abs(each) <= tolerance for each in sums)


def _less(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one - other


@dataclass(frozen=True)
class Explanation:
    """What may explain a difference with the return: grounds with their sums, those that come to it exactly as a whole, and sets of
    single invoices that do. ``whole``: every set of that size was tried."""

    suspects: tuple[Suspects, ...]
    exact: tuple[Suspects, ...]
    sets: tuple[tuple[Candidate, ...], ...]
    whole: bool


@dataclass(frozen=True)
class Line:
    """One type (or several, as a return groups them) at one rate or all: three columns and how they agree.

    ``card`` None: not compared here, or not read (then ``against_card`` is unknown). ``source``: who told
    the return's figure. ``named``: where ledger and card differ,
    as ``clearing.differing`` tells it; None where nothing differs or nothing could be read.
    """

    scope: Scope
    ledger: Side
    card: Side | None = None
    filed: Side | None = None
    card_apart: Apart | None = None
    filed_apart: Apart | None = None
    against_card: Agreement | None = None
    against_return: Agreement | None = None
    named: Mapping[str, Any] | None = None
    explained: Explanation | None = None
    source: Told | None = None


@dataclass(frozen=True)
class Reconciliation:
    """One period of one card and its taxpayer. ``read_at``: when the card's statistics were read, None when they never were;
    ``fresh``: they were read just now. ``errors``: why what was asked of the card on the way did not come.
    ``partly``: the return was told in part, over invoices of the second sum of all that come to the first; None: it was told whole."""

    device_number: str
    taxpayer_id: str
    period: Period
    tolerance: Decimal
    lines: tuple[Line, ...]
    against_card: Agreement
    against_return: Agreement
    read_at: datetime | None
    fresh: bool
    filed: tuple[FiledReturn, ...]
    errors: Mapping[str, str] = field(default_factory=dict)
    partly: tuple[Decimal, Decimal] | None = None

    @property
    def agreement(self) -> Agreement:
        return Agreement.of((self.against_card, self.against_return))
