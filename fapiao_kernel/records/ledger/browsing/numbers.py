"""Looking an invoice up (查发票) without an index: which stretches of the table can hold a number, by code.

DuckDB itself knows the lowest and highest number of each row group, whatever its codes; a code's numbers lie far closer together.
One pass over the rows of each import keeps that in memory; an index would cost every import many times as much.
"""

from __future__ import annotations

import threading
from typing import Any

import duckdb

from fapiao_kernel.records.ledger.browsing.columns import COLUMNS
from fapiao_kernel.records.ledger.browsing.standing import Standing

PART = 8_192
"""Rows of a stretch: 10 million rows in the order of their numbers have 1,221 of them (four of DuckDB's vectors each)."""
MOST_PARTS = 50_000
"""Stretches that are kept; a ledger of more (rows in no order at all) is looked through as a whole."""
ROWS_A_RUN = 2_500_000
"""Rows looked through as quickly as one run of stretches is asked for (measured: 1 to 2 ms); of more runs the whole table is quicker."""
FOUND = 1000
"""Invoices of one number that are told at most (one a code)."""


class Numbers:
    """Code and stretch of rows → the lowest and highest number. Rows are added and never removed: what is known stays true."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: list[tuple[str, int, str, str]] = []
        self._seen = -1
        self._import = -1

    def runs(
        self, cursor: duckdb.DuckDBPyConnection, last_import: int, number: str, code: str
    ) -> list[tuple[int, int]] | None:
        """First and last row of each run of stretches that may hold the number; None: any may."""
        with self._lock:
            if last_import != self._import:
                self._catch_up(cursor)
                self._import = last_import
            if len(self._parts) > MOST_PARTS:
                return None
            parts = {p for c, p, low, high in self._parts if low <= number <= high and (not code or c == code)}
        runs: list[tuple[int, int]] = []
        for part in sorted(parts):
            if runs and runs[-1][1] == part * PART - 1:
                runs[-1] = (runs[-1][0], (part + 1) * PART - 1)
            else:
                runs.append((part * PART, (part + 1) * PART - 1))
        return runs if len(runs) <= 1 + self._seen // ROWS_A_RUN else None

    def _catch_up(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """What was added since."""
        row = cursor.execute("SELECT max(rowid) FROM invoice").fetchone()
        last = row[0] if row and row[0] is not None else -1
        if last == self._seen:
            return
        # Up to ``last`` alone: what a writer commits meanwhile is for the next time.
        self._parts += cursor.execute(
            f"SELECT code, rowid // {PART}, min(number), max(number) FROM invoice WHERE rowid > ? AND rowid <= ? GROUP BY ALL",
            [self._seen, last],
        ).fetchall()
        self._seen = last


def look_up(
    cursor: duckdb.DuckDBPyConnection, numbers: Numbers, standing: Standing, ways: list[tuple[str, str]]
) -> list[list[Any]]:
    """Invoices by (code, number), ``""`` for any code: all columns, status as it is now, in order of code and number."""
    shown = ", ".join("NULL" if column.only_shown else column.shown(column.sql) for column in COLUMNS.values())
    found: dict[tuple[str, str], list[Any]] = {}
    for code, number in ways:
        where = "i.number = $number" + (" AND i.code = $code" if code else "")
        asked = {"number": number} | ({"code": code} if code else {})
        runs = numbers.runs(cursor, standing.stamp[0], number, code)
        for within in [""] if runs is None else [f" AND i.rowid BETWEEN {first} AND {last}" for first, last in runs]:
            rows = f"SELECT i.* FROM invoice i WHERE {where}{within} LIMIT {FOUND}"
            for row in cursor.execute(f"SELECT {shown}, i.unit_key FROM ({rows}) i", asked).fetchall():
                found[row[:2]] = _as_it_is(cursor, standing, list(row))
    return [row for _, row in sorted(found.items())][:FOUND]


_AT = {name: place for place, name in enumerate(COLUMNS)}


def _as_it_is(cursor: duckdb.DuckDBPyConnection, standing: Standing, row: list[Any]) -> list[Any]:
    """Where it stands, from memory; whether it was marked void since, where its unit has such marks (see view ``current_invoice``)."""
    key = row.pop()
    seq, watermark = row[_AT["import_seq"]], standing.closed.get(key)
    cleared = watermark is not None and seq <= watermark
    if key is None:
        row[_AT["state"]] = "fully_digital" if row[_AT["fully_digital"]] else "card_unknown"
    else:
        row[_AT["state"]] = "cleared" if cleared else "open"
    if key in standing.marked:
        mark = cursor.execute(
            "SELECT min(import_seq) FROM invoice_mark WHERE mark = 'void' AND code = ? AND number = ?",
            [row[_AT["code"]], row[_AT["number"]]],
        ).fetchall()[0][0]
        if mark is not None and (not cleared or mark <= watermark):
            row[_AT["status"]] = "void"
    return row


def readings(text: str, code: str) -> list[tuple[str, str]]:
    """What was typed as (code, number): a number, code and number with something between, or one after the other.

    A code (发票代码) has 10 or 12 digits and its numbers 8; a fully digital number has 20 and no code: 20 digits may be either.
    """
    text, code = text.strip(), code.strip()
    if code:
        return [(code, text)]
    parts = text.replace("|", " ").replace("-", " ").replace(",", " ").split()
    if len(parts) == 2:
        return [(parts[0], parts[1])]
    ways = [("", text)]
    if text.isascii() and text.isdigit() and len(text) in (18, 20):
        ways.append((text[:-8], text[-8:]))
    return ways if text else []
