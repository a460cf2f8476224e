"""Reading the ledger (查询): invoices that are late or of no known card, a preview's details, what lies within a selection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.booked import streamed


def card_unknown(cursor: duckdb.DuckDBPyConnection, period: Period) -> int:
    """Device-issued invoices of the period that are in no unit."""
    row = cursor.execute(
        "SELECT count(*) FROM invoice WHERE period = ? AND unit_key IS NULL AND NOT fully_digital", [period.first_day]
    ).fetchone()
    return int(row[0]) if row else 0


def late(cursor: duckdb.DuckDBPyConnection, keys: Sequence[int], seq: int) -> list[tuple[int, str, str]]:
    """Unit key, code and number of what one import brought for these units."""
    return cursor.execute(
        "SELECT unit_key, code, number FROM invoice WHERE import_seq = ? AND list_contains(?, unit_key)"
        " ORDER BY code, number",
        [seq, list(keys)],
    ).fetchall()


def sellers(cursor: duckdb.DuckDBPyConnection, keys: Sequence[int]) -> dict[str, int]:
    """Sheets by the seller's taxpayer id over these units, most first."""
    if not keys:
        return {}
    listed = ", ".join(str(int(key)) for key in keys)  # constants: other months' row groups are skipped
    sql = f"SELECT seller_id, count(*) FROM invoice WHERE unit_key IN ({listed}) GROUP BY ALL ORDER BY 2 DESC, 1"
    return {str(seller): int(count) for seller, count in cursor.execute(sql).fetchall()}


_DETAILS = """
SELECT i.code, i.number, i.issue_date, i.total, i.red, i.status = 'void' OR v.code IS NOT NULL
FROM invoice i LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number AND v.import_seq <= $newest
WHERE i.unit_key = $key AND i.import_seq > $after AND i.import_seq <= $newest ORDER BY i.code, i.number
"""


def details(cursor: duckdb.DuckDBPyConnection, unit: ClearUnit, after: int, newest: int) -> Iterator[InvoiceDetail]:
    """One unit's invoices with ``after < import number <= newest`` in brief, by code and number; void marks up to then count.

    A few are held at a time; the cursor is closed at the end.
    """
    with cursor:
        yield from streamed(cursor, unit, _DETAILS, {"key": unit.key, "after": after, "newest": newest})


_WITHIN = """
SELECT unit_key, count(*), sum(CASE WHEN status = 'normal' THEN total ELSE 0 END)::DECIMAL(18,2)
FROM invoice
WHERE unit_key IN ({keys}) AND import_seq > CASE unit_key {after} END
  AND issue_date >= coalesce($first, issue_date) AND issue_date <= coalesce($last, issue_date) {picked}
GROUP BY unit_key
"""


def within(
    cursor: duckdb.DuckDBPyConnection,
    after: Mapping[int, int],
    first_day: date | None,
    last_day: date | None,
    invoices: Sequence[tuple[str, str]],
) -> dict[int, Tally]:
    """See ``ports.Ledger``. ``after``: unit key → the import up to which it is cleared."""
    if not after:
        return {}
    params: dict[str, Any] = {"first": first_day, "last": last_day}
    picked = ""
    if invoices:
        # Two lists side by side: a number is only looked for under its own code.
        params |= {"codes": [code for code, _ in invoices], "numbers": [number for _, number in invoices]}
        picked = "AND (code, number) IN (SELECT unnest($codes::VARCHAR[]), unnest($numbers::VARCHAR[]))"
    # Keys as constants: other months' row groups are skipped .
    sql = _WITHIN.format(
        keys=", ".join(str(int(key)) for key in after),
        after=" ".join(f"WHEN {int(key)} THEN {int(seq)}" for key, seq in after.items()),
        picked=picked,
    )
    return {int(key): Tally(int(count), total) for key, count, total in cursor.execute(sql, params).fetchall()}
