"""The ledger as its one owner uses it (发票库): implements ``ports.Ledger``, and what analysts read."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Added, Census, Progress, Tally, UnitPreview
from fapiao_kernel.records.ledger import reading
from fapiao_kernel.records.ledger.adding import NAMED, bring_in
from fapiao_kernel.records.ledger.cards_of import CardFinder
from fapiao_kernel.records.ledger.opening import open_ledger
from fapiao_kernel.records.ledger.previewing import preview_unit
from fapiao_kernel.records.ledger.units import Units


class DuckLedger:
    """One writer (calls wait for each other); readers take cursors of their own and are never in its way."""

    def __init__(self, path: Path, *, practice: bool) -> None:
        """Raises ``NotReachable`` (``ledger_in_use``) and ``Refused`` (``ledger_newer``, ``ledger_kind``, ``ledger_damaged``)."""
        self._path = path
        self._connection = open_ledger(path, practice=practice)
        self._writing = threading.RLock()
        self._units = Units.load(self._connection)

    def close(self) -> None:
        with self._writing:
            self._connection.close()

    # --- ports.Ledger

    def add(
        self,
        invoices: Sequence[Invoice],
        *,
        original: str,
        file: str,
        at: datetime,
        cards: Mapping[str, Sequence[Volume]],
        card: str | None = None,
        progress: Progress | None = None,
    ) -> Added:
        """See ``ports.Ledger``. Nothing is half in, whatever happens: one transaction."""
        with self._writing:
            seq = self._units.last_import + 1
            brought = bring_in(
                self._connection,
                invoices,
                CardFinder(cards, card).unit_key,
                seq=seq,
                original=original,
                file=file,
                at=at,
                progress=progress,
            )
            units = self._units
            for key, count, total in brought.units:
                units.imports[key].append((seq, count, total))
            units.digital = _plus(units.digital, Tally(*brought.digital))
            units.unknown = _plus(units.unknown, Tally(*brought.unknown))
            units.last_import = seq
            findings = [*brought.findings, *self._late_findings([key for key, _, _ in brought.units], seq)]
            if brought.unknown[0] and cards:
                findings.append(finding("ledger_card_unknown", count=brought.unknown[0]))
            return Added(seq, brought.new, brought.known, tuple(findings))

    def census(self) -> Census:
        with self._writing:
            return self._units.census()

    def preview(self, units: Sequence[ClearUnit], progress: Progress | None = None) -> tuple[UnitPreview, ...]:
        previews = []
        for done, unit in enumerate(units):
            if progress is not None:
                progress(str(unit), done, len(units))
            with self._writing:
                after, newest = self._units.watermark(unit.key), self._units.newest(unit.key)
            with self._connection.cursor() as cursor:
                previews.append(preview_unit(cursor, unit, after, newest))
        return tuple(previews)

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        with self._writing:
            closed = self._units.closed
            for preview in previews:
                if preview.unit.key in closed and closed[preview.unit.key][1] != run:
                    other = closed[preview.unit.key][1]
                    raise Refused("unit_closed_by_other_run", unit=preview.unit, run=other)
            rows = [p for p in previews if p.unit.key not in closed]
            if rows:
                self._connection.execute("BEGIN")
                try:
                    self._connection.executemany(
                        "INSERT INTO clear_unit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        [_clear_row(p, run, at) for p in rows],
                    )
                    self._connection.execute("COMMIT")
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
            for preview in rows:
                closed[preview.unit.key] = (preview.watermark, run)
            return len(rows)

    def closed(self, unit: ClearUnit) -> str | None:
        with self._writing:
            found = self._units.closed.get(unit.key)
        return found[1] if found else None

    def card_unknown(self, period: Period) -> int:
        with self._connection.cursor() as cursor:
            row = cursor.execute(
                "SELECT count(*) FROM invoice WHERE period = ? AND unit_key IS NULL AND NOT fully_digital",
                [period.first_day],
            ).fetchone()
        return int(row[0]) if row else 0

    def late(self, unit: ClearUnit) -> int:
        with self._writing:
            return self._units.late(unit.key)

    # --- for analysts and backups

    def page(self, units: Sequence[ClearUnit], after: str, limit: int) -> dict[str, Any]:
        """A page of the units' invoices in order of code and number: ``{"rows", "next"}``; amounts and dates as text."""
        with self._connection.cursor() as cursor:
            return reading.page(cursor, [unit.key for unit in units], after, limit)

    def totals(self) -> list[dict[str, Any]]:
        """Totals by type, period, rate and state (``open | cleared | fully_digital | card_unknown``), voids zero."""
        with self._connection.cursor() as cursor:
            return reading.totals(cursor)

    def named_queries(self) -> list[dict[str, Any]]:
        """Every named query: name, titles, parameters with their types."""
        return [query.told() for query in reading.queries().values()]

    def named(self, name: str, params: Mapping[str, Any], out: Path) -> None:
        """A named query's result into a Parquet file. Raises ``UsageError`` (``query_unknown``, ``query_parameter``)."""
        with self._connection.cursor() as cursor:
            reading.write_named(cursor, name, params, out)

    def copy_to(self, path: Path) -> None:
        """A cold copy of the whole ledger: everything is moved into the file first, and no write happens meanwhile."""
        with self._writing:
            self._connection.execute("CHECKPOINT")
            shutil.copyfile(self._path, path)

    def _late_findings(self, keys: Sequence[int], seq: int) -> list[Finding]:
        """Invoices for units that are cleared already: named, never silently cleared."""
        late = [key for key in keys if key in self._units.closed]
        if not late:
            return []
        rows = self._connection.execute(
            "SELECT unit_key, code, number FROM invoice WHERE import_seq = ? AND list_contains(?, unit_key)"
            " ORDER BY code, number",
            [seq, late],
        ).fetchall()
        found = [
            finding("ledger_late", invoice=f"{code} {number}", unit=ClearUnit.from_key(key))
            for key, code, number in rows[:NAMED]
        ]
        if len(rows) > NAMED:
            found.append(finding("ledger_more_late", count=len(rows) - NAMED))
        return found


def _clear_row(p: UnitPreview, run: str, at: datetime) -> list[Any]:
    unit = p.unit
    where = [unit.key, unit.device_number, unit.invoice_type.value, unit.period.first_day]
    return [*where, p.watermark, p.digest, p.count, p.total, run, at.isoformat()]


def _plus(one: Tally, other: Tally) -> Tally:
    return Tally(one.count + other.count, (one.total or ZERO) + other.total)
