"""A table's new rows as they come (整表导入): one statement reads, judges and inserts; what is odd is taken out again.

Odd rows leave together with every other row of the same invoice, and are read with care, so that both roads together give what the
careful one gives alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.ports.intake import NotApart, Sheets, Table
from fapiao_kernel.records.ledger.differing import Key, key_of
from fapiao_kernel.records.ledger.taking.keys import keys_of
from fapiao_kernel.records.ledger.taking.records import Records
from fapiao_kernel.records.ledger.taking.rows import ODD, fields_of

FEW, SHARE = 2000, 5
"""So many odd rows, or one in so many, are read apart; with more the careful road had better read the whole file."""
_ROUNDS = 5


class TooOdd(Exception):
    """The careful road is to read the whole file."""


@dataclass
class Slice:
    """New rows: those of ``table`` (SQL) with this import's number, read from ``read``; ``rejects``: where bad lines went."""

    connection: duckdb.DuckDBPyConnection
    table: str
    seq: int
    read: Table
    rejects: str
    records: Records | None = None
    base: int = 0
    place: str = "rowid"
    """Column that tells the so-manieth row of the file a row is."""
    bad: dict[int, dict[str, str]] = field(default_factory=dict)
    """Row number → cells of a line that could not be read."""

    @property
    def source(self) -> str:
        return f"{self.table} WHERE import_seq = {int(self.seq)}"

    def settle(self) -> None:
        """Once the rows are in: from where they count, and which lines are bad."""
        row = self.connection.execute(f"SELECT min(rowid) FROM {self.source}").fetchone()
        self.base = row[0] if row and row[0] is not None else 0
        found = self.connection.execute(
            f"SELECT line_byte_position, any_value(csv_line) FROM {self.rejects} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        cells = [fields_of(row, self.read.columns) for row in _parsed((line for _, line in found), self.read)]
        if self.read.numbered:
            numbers = [int(row[0]) for row in _parsed((line for _, line in found), self.read)]
        else:
            self.records = Records(self.read, [position for position, _ in found])
            numbers = self.records.rejected
        self.bad = dict(zip(numbers, cells, strict=True))

    def count(self) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {self.source}").fetchone()
        assert row is not None
        return int(row[0])

    def numbers(self, rows: Sequence[int]) -> dict[int, int]:
        """Row ids → the rows' numbers in the file."""
        if self.records is not None:
            return {row: self.records.row(place - self.base) for row, place in self._places(rows)}
        return dict(self._asked("row_number", rows))

    def _places(self, rows: Sequence[int]) -> Sequence[tuple[int, int]]:
        return [(row, row) for row in rows] if self.place == "rowid" else self._asked(self.place, rows)

    def _asked(self, column: str, rows: Sequence[int]) -> list[tuple[int, int]]:
        return self.connection.execute(
            f"SELECT rowid, {column} FROM {self.source} AND rowid IN (SELECT unnest($rows::BIGINT[]))", {"rows": rows}
        ).fetchall()

    def drop(self, rows: Iterable[int]) -> None:
        """Take rows out again."""
        if listed := list(rows):
            self.connection.execute(
                f"DELETE FROM {self.source} AND rowid IN (SELECT unnest($rows::BIGINT[]))", {"rows": listed}
            )

    def of(self, keys: Iterable[Key]) -> list[int]:
        """Row ids of these invoices."""
        listed = list(keys)
        if not listed:
            return []
        found = self.connection.execute(
            f"SELECT rowid FROM {self.source} AND (code, number) IN"
            " (SELECT unnest($codes::VARCHAR[]), unnest($numbers::VARCHAR[]))",
            {"codes": [code for code, _ in listed], "numbers": [number for _, number in listed]},
        ).fetchall()
        return [row for (row,) in found]

    def odd(self, further: Iterable[int] = ()) -> dict[int, Key]:
        """Row ids of the odd rows, with code and number as they stand there. ``further``: others that are odd."""
        found = self.connection.execute(
            f"SELECT rowid, code, number FROM {self.source} AND (doubts = {ODD} OR rowid IN (SELECT unnest($rows::BIGINT[])))",
            {"rows": list(further)},
        ).fetchall()
        return {row: (code, number) for row, code, number in found}


@dataclass(frozen=True)
class Careful:
    """What the careful road made of the odd rows."""

    invoices: Sequence[Invoice] = ()
    findings: Sequence[Finding] = ()


def read_apart(
    sheets: Sheets, heads: Slice | None, lines: Slice | None, odd_heads: Iterable[int], odd_lines: Iterable[int]
) -> Careful:
    """Take the odd rows out of their slices and read them with care, with all rows of their invoices. Raises ``TooOdd``."""
    slices = [(each, set(rows)) for each, rows in ((heads, odd_heads), (lines, odd_lines)) if each is not None]
    standing = [each.odd(rows) for each, rows in slices]
    if not any(odd or each.bad for (each, _), odd in zip(slices, standing, strict=True)):
        return Careful()
    bad = sum(len(each.bad) for each, _ in slices)
    total = bad + sum(each.count() for each, _ in slices)
    wanted: set[Key] = set()
    for (each, _), odd in zip(slices, standing, strict=True):
        for code, number in odd.values():
            wanted |= keys_of({"code": code, "number": number})
        for cells in each.bad.values():
            wanted |= keys_of(cells)
    taken: list[set[int]] = [set(odd) for odd in standing]
    for _ in range(_ROUNDS):
        for (each, _), rows in zip(slices, taken, strict=True):
            rows |= set(each.of(wanted))
        if bad + sum(map(len, taken)) > max(FEW, total // SHARE):
            raise TooOdd
        numbers = [
            sorted({*each.numbers(sorted(rows)).values(), *each.bad})
            for (each, _), rows in zip(slices, taken, strict=True)
        ]
        given = dict(zip(("heads" if each is heads else "lines" for each, _ in slices), numbers, strict=True))
        try:
            invoices, findings = sheets.careful(given.get("heads", ()), given.get("lines", ()))
        except NotApart as error:
            raise TooOdd from error
        wanted = {key_of(invoice) for invoice in invoices}
        if all(set(each.of(wanted)) <= rows for (each, _), rows in zip(slices, taken, strict=True)):
            for (each, _), rows in zip(slices, taken, strict=True):
                each.drop(rows)
            return Careful(invoices, findings)
    raise TooOdd


def _parsed(lines: Iterable[str], table: Table) -> list[list[str]]:
    found = []
    for line in lines:
        reader = csv.reader([line.lstrip("\r\n")], delimiter=table.delimiter, quotechar=table.quote)
        try:
            found.append(next(reader, []))
        except csv.Error:
            found.append([])
    return found
