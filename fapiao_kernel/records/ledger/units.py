"""The open state of every unit (清卡单元), folded in memory from ``unit_import`` and ``clear_unit``: resolved before any scan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports import Census, Tally
from fapiao_kernel.records.ledger.adding import Brought

NOTHING = Tally(0, ZERO)
NEVER = -1
"""Watermark of a unit that was never cleared."""


@dataclass
class Units:
    """``imports``: unit key → (import number, count, total). ``closed``: unit key → (watermark, run). ``simulated``: device numbers."""

    imports: dict[int, list[tuple[int, int, Decimal]]] = field(default_factory=lambda: defaultdict(list))
    closed: dict[int, tuple[int, str]] = field(default_factory=dict)
    digital: Tally = NOTHING
    unknown: Tally = NOTHING
    last_import: int = 0
    simulated: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, connection: duckdb.DuckDBPyConnection) -> Units:
        units = cls()
        for key, seq, count, total in connection.execute(
            "SELECT unit_key, import_seq, count, total FROM unit_import ORDER BY import_seq"
        ).fetchall():
            units.imports[key].append((seq, count, total))
        for (device,) in connection.execute("SELECT device_number FROM simulated_card").fetchall():
            units.simulated.add(device)
        for key, watermark, run in connection.execute("SELECT unit_key, watermark, run FROM clear_unit").fetchall():
            units.closed[key] = (watermark, run)
        row = connection.execute(
            "SELECT coalesce(max(seq), 0), coalesce(sum(digital_count), 0)::BIGINT, coalesce(sum(digital_total), 0),"
            " coalesce(sum(unknown_count), 0)::BIGINT, coalesce(sum(unknown_total), 0) FROM import_file"
        ).fetchone()
        assert row is not None
        units.last_import = row[0]
        units.digital, units.unknown = Tally(row[1], row[2]), Tally(row[3], row[4])
        return units

    def add(self, seq: int, brought: Brought) -> None:
        """Fold one import in, once it is in the file."""
        for key, count, total in brought.units:
            self.imports[key].append((seq, count, total))
        self.digital = _plus(self.digital, brought.digital)
        self.unknown = _plus(self.unknown, brought.unknown)
        self.last_import = seq

    def watermark(self, key: int) -> int:
        """Up to which import the unit is cleared; ``NEVER`` when it is not."""
        return self.closed[key][0] if key in self.closed else NEVER

    def newest(self, key: int) -> int:
        """The last import that brought something for the unit; ``NEVER`` when none did."""
        return max((seq for seq, _, _ in self.imports.get(key, ())), default=NEVER)

    def late(self, key: int) -> int:
        """Invoices that came in after the unit was cleared."""
        if key not in self.closed:
            return 0
        return sum(count for seq, count, _ in self.imports.get(key, ()) if seq > self.closed[key][0])

    def open_tally(self, key: int) -> Tally:
        """The unit's invoices that are not cleared."""
        after = self.watermark(key)
        brought = [(count, total) for seq, count, total in self.imports.get(key, ()) if seq > after]
        return Tally(sum(count for count, _ in brought), sum((total for _, total in brought), ZERO))

    def census(self) -> Census:
        """O(units and imports): no invoice is scanned."""
        counts, totals = [0, 0], [ZERO, ZERO]
        for key, brought in self.imports.items():
            watermark = self.watermark(key)
            for seq, count, total in brought:
                side = int(seq <= watermark)
                counts[side] += count
                totals[side] += total
        return Census(
            open=Tally(counts[0], totals[0]),
            cleared=Tally(counts[1], totals[1]),
            all=Tally(sum(counts), totals[0] + totals[1]),
            fully_digital=self.digital,
            card_unknown=self.unknown,
        )


def _plus(tally: Tally, more: tuple[int, Decimal]) -> Tally:
    return Tally(tally.count + more[0], tally.total + more[1])
