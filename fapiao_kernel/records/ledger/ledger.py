"""The ledger as its one owner uses it (发票库): implements ``ports.Ledger``, and what analysts read."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Added, Census, Progress, Reading, Tally, UnitPreview
from fapiao_kernel.records.ledger import lookup, named, reading
from fapiao_kernel.records.ledger.booked import Booked
from fapiao_kernel.records.ledger.browsing.browser import Browser
from fapiao_kernel.records.ledger.cards_of import CardFinder, device_number
from fapiao_kernel.records.ledger.checking import Proof, prove
from fapiao_kernel.records.ledger.closing import close
from fapiao_kernel.records.ledger.copying import copy
from fapiao_kernel.records.ledger.digest import write_unit
from fapiao_kernel.records.ledger.opening import open_ledger
from fapiao_kernel.records.ledger.previewing import preview_unit
from fapiao_kernel.records.ledger.statements import StatementBook
from fapiao_kernel.records.ledger.taking.take import Terms, take
from fapiao_kernel.records.ledger.units import NOTHING, Units


class DuckLedger:
    """One writer: its calls wait for each other. Readers take cursors of their own and wait for nobody.

    The units' state is in memory: ``_folding`` guards it for moments, ``_writing`` the writer for as long as an import takes.
    """

    def __init__(self, path: Path, *, practice: bool) -> None:
        """Raises ``NotReachable`` (``ledger_in_use``) and ``Refused`` (``ledger_newer``, ``ledger_kind``, ``ledger_damaged``)."""
        self._path = path
        self._practice = practice
        self._connection = open_ledger(path, practice=practice)
        self._writer = self._connection.cursor()
        self._writing = threading.RLock()
        self._folding = threading.Lock()
        self._units = Units.load(self._connection)
        self.browser = Browser(self._connection, lambda: self._units, self._folding)
        self.books = Booked(self._connection, lambda: self._units, self._folding)
        self.statements = StatementBook(self._connection, self._writer, self._write)

    def close(self) -> None:
        """Let the file go, once a write under way is through."""
        with self._writing:
            self._writer.close()
            self._connection.close()

    @contextlib.contextmanager
    def _write(self) -> Iterator[None]:
        """The writer, for a transaction. Raises ``Refused`` (``ledger_unwritable``) when a disk does not take it: nothing is half in."""
        with self._writing:
            try:
                yield
            except (duckdb.OperationalError, OSError) as error:
                original = str(error).splitlines()[0].replace(str(self._path), self._path.name)
                raise Refused("ledger_unwritable", path=self._path, original=original) from error

    def mark_simulated(self, device_numbers: Iterable[str]) -> None:
        """Machine numbers of simulated cards, for good: a production ledger refuses their invoices and their clears."""
        with self._write():
            known = {device_number(number) for number in device_numbers} - self._units.simulated
            if known:
                self._writer.executemany(
                    "INSERT INTO simulated_card VALUES (?)", [[number] for number in sorted(known)]
                )
                self._units.simulated |= known

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
        """``take`` for the invoices of one file."""
        reading = Reading(file, original, "", invoices, ())
        (added,) = self.take([reading], at=at, cards=cards, card=card, progress=progress)
        return added

    def take(
        self,
        readings: Sequence[Reading],
        *,
        at: datetime,
        cards: Mapping[str, Sequence[Volume]],
        card: str | None = None,
        period: Period | None = None,
        progress: Progress | None = None,
    ) -> tuple[Added, ...]:
        """See ``ports.Ledger``. Nothing is half in, whatever happens: one transaction.

        Raises ``Refused``: ``ledger_simulated`` when a production ledger is given invoices of a simulated card, ``ledger_unwritable``.
        """
        with self._write():
            finder = CardFinder(cards, card, self._refused())
            terms = Terms(finder, dict(self._units.closed), frozenset(map(device_number, cards)), at, period, progress)
            last = self._units.last_import
            added = take(self._writer, readings, last + 1, terms)
            with self._folding:
                self._units.add(self._writer, last)
            return added

    def census(self) -> Census:
        """See ``ports.Ledger``; no invoice is scanned."""
        with self._folding:
            return self._units.census()

    def preview(self, units: Sequence[ClearUnit], progress: Progress | None = None) -> tuple[UnitPreview, ...]:
        """See ``ports.Ledger``. Counts and sums are in memory; only the digest reads invoices."""
        previews = []
        for done, unit in enumerate(units):
            if progress is not None:
                progress(str(unit), done, len(units))
            with self._folding:
                after, newest = self._units.watermark(unit.key), self._units.newest(unit.key)
                sums = self._units.sums(unit.key, after, newest)
                rates = self._units.by_rate(unit.key, after, newest)
            with self._connection.cursor() as cursor:
                previews.append(preview_unit(cursor, unit, after, sums, rates))
        if progress is not None and units:
            progress(str(units[-1]), len(units), len(units))
        return tuple(previews)

    def details(self, preview: UnitPreview) -> Iterator[InvoiceDetail]:
        """See ``ports.Ledger``. Once the unit is closed nothing is left of what was counted: the next preview counts late ones alone."""
        with self._folding:
            after = self._units.watermark(preview.unit.key)
        return reading.details(self._connection.cursor(), preview.unit, after, preview.watermark)

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        """See ``ports.Ledger``. Raises ``Refused``: ``unit_closed_by_other_run``, ``ledger_simulated``; then nothing is written."""
        with self._write():
            for preview in previews:
                if device_number(preview.unit.device_number) in self._refused():
                    raise Refused("ledger_simulated", device=preview.unit.device_number)
            marked = [p.unit.key for p in previews if self._units.marked_after(p.unit.key, p.watermark)]
            new = close(self._writer, self._units.closed, previews, run, at, marked)
            with self._folding:
                self._units.close(self._writer, new)
            return len(new)

    def closed(self, unit: ClearUnit) -> str | None:
        """See ``ports.Ledger``."""
        with self._folding:
            found = self._units.closed.get(unit.key)
        return found[1] if found else None

    def open_units(self, device_number: str) -> tuple[ClearUnit, ...]:
        """See ``ports.Ledger``."""
        with self._folding:
            keys = sorted(key for key in self._units.imports if key not in self._units.closed)
        units = (ClearUnit.from_key(key) for key in keys)
        return tuple(unit for unit in units if unit.device_number == device_number)

    def card_unknown(self, period: Period) -> int:
        """See ``ports.Ledger``."""
        with self._connection.cursor() as cursor:
            return reading.card_unknown(cursor, period)

    def late(self, unit: ClearUnit) -> int:
        """See ``ports.Ledger``."""
        with self._folding:
            return self._units.late(unit.key)

    def within(
        self,
        units: Sequence[ClearUnit],
        first_day: date | None = None,
        last_day: date | None = None,
        invoices: Sequence[tuple[str, str]] = (),
    ) -> Mapping[ClearUnit, Tally]:
        """See ``ports.Ledger``. Whole units are told from memory; no invoice is scanned for them."""
        with self._folding:
            held = {unit: self._units.open_tally(unit.key) for unit in units}
            after = {unit.key: self._units.watermark(unit.key) for unit in units}
        if first_day is None and last_day is None and not invoices:
            return held
        with self._connection.cursor() as cursor:
            found = reading.within(cursor, after, first_day, last_day, invoices)
        return {unit: found.get(unit.key, NOTHING) for unit in units}

    def sellers(self, units: Sequence[ClearUnit]) -> Mapping[str, int]:
        """See ``ports.Ledger``."""
        with self._connection.cursor() as cursor:
            return reading.sellers(cursor, [unit.key for unit in units])

    def lookup(self, code: str, number: str) -> tuple[Invoice, ClearUnit | None, tuple[Invoice, ...]] | None:
        """One invoice as it stands now, its unit, and the red ones that take it back; None when there is none of this number."""
        with self._connection.cursor() as cursor:
            found = lookup.find(cursor, code, number)
            return None if found is None else (*found, lookup.reds(cursor, code, number))

    # --- for analysts and backups

    def devices(self) -> tuple[str, ...]:
        """Machine numbers whose invoices are here; no invoice is scanned."""
        with self._folding:
            keys = tuple(self._units.imports)
        return tuple(sorted({ClearUnit.from_key(key).device_number for key in keys}))

    def page(self, units: Sequence[ClearUnit], after: str, limit: int) -> dict[str, Any]:
        """A page of the units' invoices in order of code and number: ``{"rows", "next"}``; amounts and dates as text."""
        return self.browser.of_units([unit.key for unit in units], after, limit)

    def totals(self) -> list[dict[str, Any]]:
        """Totals by type, period, rate and state (``open | cleared | fully_digital | card_unknown``), voids zero."""
        return self.browser.rate_sums()

    def named_queries(self) -> list[dict[str, Any]]:
        """Every named query: name, titles, parameters with their types."""
        return [query.told() for query in named.queries().values()]

    def named(self, name: str, params: Mapping[str, Any], out: Path) -> None:
        """A named query's result into a Parquet file. Raises ``UsageError`` (``query_unknown``, ``query_parameter``)."""
        with self._connection.cursor() as cursor:
            named.write(cursor, name, params, out)

    def write_lines(self, unit: ClearUnit, watermark: int, file: Path) -> None:
        """The unit's invoices up to an import as canonical lines (form ``d1``): ``sha256sum`` of the file is the unit's digest.

        Raises ``OSError`` when they cannot be written.
        """
        with self._connection.cursor() as cursor:
            write_unit(cursor, unit.key, watermark, file)

    def prove(self, progress: Progress | None = None) -> list[Proof]:
        """Every invariant (自查), held against all rows of one moment; nothing is written."""
        with self._connection.cursor() as cursor:
            return prove(cursor, progress)

    def imports(self) -> list[tuple[str, str]]:
        """Every import: the file as the user named it, and its original's SHA-256."""
        with self._connection.cursor() as cursor:
            return cursor.execute("SELECT file, original FROM import_file ORDER BY seq").fetchall()

    def copy_to(self, path: Path) -> None:
        """A cold copy of the whole ledger: everything is moved into the file first, and no write happens meanwhile."""
        with self._writing:
            copy(self._writer, self._path, path)

    def _refused(self) -> frozenset[str]:
        return frozenset() if self._practice else frozenset(self._units.simulated)
