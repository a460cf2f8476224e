"""Which units stand where (清卡状态), month by month, worked out once a state of the ledger: resolved before any scan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from fapiao_kernel.domain.invoice import DEVICE_TYPES
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.units import Units

_MONTH = ClearUnit("0", DEVICE_TYPES[0], Period(1990, 2)).key - ClearUnit("0", DEVICE_TYPES[0], Period(1990, 1)).key
"""Unit keys of one month."""
Stamp = tuple[int, int]
"""A state of the ledger: the last import's number, and how many units are closed. Both only grow."""


@dataclass
class Month:
    """How many of a month's units are whole open, and whole cleared; ``late``: cleared, and something came in after."""

    open: int = 0
    cleared: int = 0
    late: int = 0


@dataclass(frozen=True)
class Standing:
    """``closed``: unit key → watermark. ``late``: closed units with later invoices. ``marked``: units in which a void mark counts
    (None: of no unit). ``digital``, ``unknown``: whether there are invoices of no unit, of either kind."""

    stamp: Stamp
    months: dict[Period, Month]
    closed: dict[int, int]
    late: frozenset[int]
    digital: bool
    unknown: bool
    marked: frozenset[int | None] = field(default_factory=frozenset)

    @property
    def apart(self) -> bool:
        """Fully digital invoices, or those whose card is unknown."""
        return self.digital or self.unknown


def stamp_of(units: Units) -> Stamp:
    """The state that the ledger is in."""
    return (units.last_import, len(units.closed))


def stand(units: Units, marked: frozenset[int | None]) -> Standing:
    """O(units); the caller holds the lock that guards them."""
    # Ten years of 500 cards are 120,000 units: of each only its month is taken from the key, as a number.
    by_number: defaultdict[int, Month] = defaultdict(Month)
    late = frozenset(key for key in units.closed if units.late(key))
    for key in units.imports:
        month = by_number[key // _MONTH]
        if key not in units.closed:
            month.open += 1
        elif key in late:
            month.late += 1
        else:
            month.cleared += 1
    months = {ClearUnit.from_key(number * _MONTH).period: month for number, month in by_number.items()}
    closed = {key: watermark for key, (watermark, *_) in units.closed.items()}
    return Standing(stamp_of(units), months, closed, late, units.digital.count > 0, units.unknown.count > 0, marked)


def marked_units(cursor: duckdb.DuckDBPyConnection) -> frozenset[int | None]:
    """Units that hold invoices marked void after they came in; None for those of no unit."""
    rows = cursor.execute("SELECT DISTINCT unit_key FROM invoice_mark WHERE mark = 'void'").fetchall()
    return frozenset(key for (key,) in rows)


def month_keys(period: Period) -> tuple[int, int]:
    """The lowest unit key of a month, and the lowest of the month after."""
    return _lowest(period), _lowest(period.next())


def _lowest(period: Period) -> int:
    return ClearUnit("0", DEVICE_TYPES[0], period).key
