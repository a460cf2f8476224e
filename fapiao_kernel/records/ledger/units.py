"""The open state of every unit (清卡单元), folded in memory from what each import brought and ``clear_unit``: resolved before any scan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports import Census, RateTotal, Tally

NOTHING = Tally(0, ZERO)
NEVER = -1
"""Watermark of a unit that was never cleared."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What one import brought for a unit (or for one rate of it); a void mark takes sums off and has ``count`` 0."""

    seq: int
    count: int
    voids: int
    reds: int
    amount: Decimal
    tax: Decimal
    total: Decimal


@dataclass
class Units:
    """``imports``: unit key → sums. ``rates``: unit key → (rate, sums). ``closed``: unit key → (watermark, run).
    ``marked``: unit key → imports that brought void marks (作废). ``simulated``: device numbers.
    """

    imports: dict[int, list[Sums]] = field(default_factory=lambda: defaultdict(list))
    rates: dict[int, list[tuple[str, Sums]]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[int, tuple[int, str]] = field(default_factory=dict)
    marked: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    digital: Tally = NOTHING
    unknown: Tally = NOTHING
    last_import: int = 0
    simulated: set[str] = field(default_factory=set)
    _totals: list[tuple[int, bool, str, int, Decimal, Decimal, Decimal]] | None = None

    @classmethod
    def load(cls, connection: duckdb.DuckDBPyConnection) -> Units:
        units = cls()
        for (device,) in connection.execute("SELECT device_number FROM simulated_card").fetchall():
            units.simulated.add(device)
        for key, watermark, run in connection.execute("SELECT unit_key, watermark, run FROM clear_unit").fetchall():
            units.closed[key] = (watermark, run)
        units.add(connection, 0)
        return units

    def add(self, connection: duckdb.DuckDBPyConnection, after: int) -> None:
        """Fold every import after ``after`` in, once it is in the file."""
        since = [after]
        self._totals = None
        for key, *sums in connection.execute(
            "SELECT unit_key, import_seq, count, voids, reds, amount, tax, total FROM unit_import WHERE import_seq > ?"
            " ORDER BY import_seq",
            since,
        ).fetchall():
            self.imports[key].append(Sums(*sums))
        for key, rate, *sums in connection.execute(
            "SELECT unit_key, rate, import_seq, count, voids, reds, amount, tax, total FROM unit_rate WHERE import_seq > ?"
            " ORDER BY import_seq",
            since,
        ).fetchall():
            self.rates[key].append((rate, Sums(*sums)))
        for key, seq in connection.execute(
            "SELECT DISTINCT unit_key, import_seq FROM invoice_mark"
            " WHERE mark = 'void' AND unit_key IS NOT NULL AND import_seq > ?",
            since,
        ).fetchall():
            self.marked[key].append(seq)
        row = connection.execute(
            "SELECT max(seq), coalesce(sum(digital_count), 0)::BIGINT, coalesce(sum(digital_total), 0),"
            " coalesce(sum(unknown_count), 0)::BIGINT, coalesce(sum(unknown_total), 0) FROM import_file WHERE seq > ?",
            since,
        ).fetchone()
        assert row is not None
        if row[0] is not None:
            self.last_import = row[0]
        self.digital = Tally(self.digital.count + row[1], self.digital.total + row[2])
        self.unknown = Tally(self.unknown.count + row[3], self.unknown.total + row[4])

    def close(self, connection: duckdb.DuckDBPyConnection, new: dict[int, tuple[int, str]]) -> None:
        """Units that were just closed. Where a void mark had come in after the watermark, what stands against it is read again."""
        self._totals = None
        self.closed.update(new)
        for key, (watermark, _) in new.items():
            if self.marked_after(key, watermark):
                self.imports[key] = [
                    Sums(*row)
                    for row in connection.execute(
                        "SELECT import_seq, count, voids, reds, amount, tax, total FROM unit_import WHERE unit_key = ?"
                        " ORDER BY import_seq",
                        [key],
                    ).fetchall()
                ]
                self.rates[key] = [
                    (rate, Sums(*row))
                    for rate, *row in connection.execute(
                        "SELECT rate, import_seq, count, voids, reds, amount, tax, total FROM unit_rate WHERE unit_key = ?"
                        " ORDER BY import_seq",
                        [key],
                    ).fetchall()
                ]

    def marked_after(self, key: int, watermark: int) -> bool:
        """Whether an import after ``watermark`` brought a void mark for the unit."""
        return any(seq > watermark for seq in self.marked.get(key, ()))

    def watermark(self, key: int) -> int:
        """Up to which import the unit is cleared; ``NEVER`` when it is not."""
        return self.closed[key][0] if key in self.closed else NEVER

    def newest(self, key: int) -> int:
        """The last import that brought something for the unit, a void mark too; ``NEVER`` when none did."""
        return max((sums.seq for sums in self.imports.get(key, ())), default=NEVER)

    def late(self, key: int) -> int:
        """Invoices that came in after the unit was cleared."""
        if key not in self.closed:
            return 0
        return sum(sums.count for sums in self.imports.get(key, ()) if sums.seq > self.closed[key][0])

    def open_tally(self, key: int) -> Tally:
        """The unit's invoices that are not cleared."""
        sums = self.sums(key, self.watermark(key), self.newest(key))
        return Tally(sums.count, sums.total)

    def sums(self, key: int, after: int, newest: int) -> Sums:
        """What the imports with ``after < number <= newest`` brought for the unit."""
        return _folded(newest, (sums for sums in self.imports.get(key, ()) if after < sums.seq <= newest))

    def by_rate(self, key: int, after: int, newest: int) -> tuple[RateTotal, ...]:
        """The same by rate, highest first, words last."""
        found: dict[str, list[Sums]] = defaultdict(list)
        for rate, sums in self.rates.get(key, ()):
            if after < sums.seq <= newest:
                found[rate].append(sums)
        folded = ((rate, _folded(newest, each)) for rate, each in found.items())
        totals = [RateTotal(rate, sums.count, sums.amount, sums.tax) for rate, sums in folded if sums.count]
        return tuple(sorted(totals, key=lambda total: rate_order(total.rate)))

    def rate_totals(self) -> list[tuple[int, bool, str, int, Decimal, Decimal, Decimal]]:
        """(unit key, cleared, rate, count, amount, tax, total) of every unit, from memory; kept until the next import or clear."""
        if self._totals is None:
            found: dict[tuple[int, bool, str], list[Sums]] = defaultdict(list)
            for key, rates in self.rates.items():
                watermark = self.watermark(key)
                for rate, sums in rates:
                    found[key, sums.seq <= watermark, rate].append(sums)
            folded = ((where, _folded(0, each)) for where, each in found.items())
            self._totals = [(*where, s.count, s.amount, s.tax, s.total) for where, s in folded if s.count]
        return self._totals

    def census(self) -> Census:
        """O(units and imports): no invoice is scanned."""
        counts, totals = [0, 0], [ZERO, ZERO]
        for key, brought in self.imports.items():
            watermark = self.watermark(key)
            for sums in brought:
                side = int(sums.seq <= watermark)
                counts[side] += sums.count
                totals[side] += sums.total
        return Census(
            open=Tally(counts[0], totals[0]),
            cleared=Tally(counts[1], totals[1]),
            all=Tally(sum(counts), totals[0] + totals[1]),
            fully_digital=self.digital,
            card_unknown=self.unknown,
        )


def rate_order(rate: str) -> tuple[bool, Decimal, str]:
    """Rates from the highest down, then the words."""
    number = rate.replace(".", "", 1).isdecimal()
    return (not number, -Decimal(rate) if number else ZERO, rate)


def _folded(seq: int, brought: Iterable[Sums]) -> Sums:
    count = voids = reds = 0
    amount = tax = total = ZERO
    for sums in brought:
        count += sums.count
        voids += sums.voids
        reds += sums.reds
        amount += sums.amount
        tax += sums.tax
        total += sums.total
    return Sums(seq, count, voids, reds, amount, tax, total)
