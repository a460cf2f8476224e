"""Reading the ledger (查询): pages by key, totals, invoices that are late or of no known card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import MIXED
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.booked import streamed

SEPARATOR = "|"
_COLUMNS = (
    *("code", "number", "invoice_type", "issue_date", "amount", "tax", "total", "rate", "status", "red"),
    *("buyer_id", "buyer_name", "lines", "remark"),
)
# Amounts become text outside the limit: a cast beside ORDER BY and LIMIT would read every column of every row.
_PAGE = """
SELECT code, number, invoice_type, issue_date::VARCHAR, amount::VARCHAR, tax::VARCHAR, total::VARCHAR, rate, status, red,
       buyer_id, buyer_name, lines, remark
FROM (
  SELECT * FROM invoice
  WHERE unit_key IN ({keys}) AND (code > $code OR (code = $code AND number > $number))
  ORDER BY code, number LIMIT $limit
) ORDER BY code, number
"""
_TOTALS = f"""
SELECT invoice_type, strftime(period, '%Y-%m') AS period, rate, state, count,
       amount::VARCHAR AS amount, tax::VARCHAR AS tax, (amount + tax)::VARCHAR AS total
FROM (
  SELECT invoice_type, period, rate, state, count(*) AS count,
         sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END)::DECIMAL(18,2) AS amount,
         sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END)::DECIMAL(18,2) AS tax
  FROM (
    SELECT i.invoice_type, i.period, coalesce(l.rate, i.rate) AS rate, i.status,
           coalesce(l.amount, i.amount) AS amount, coalesce(l.tax, i.tax) AS tax,
           CASE WHEN i.fully_digital THEN 'fully_digital' WHEN i.unit_key IS NULL THEN 'card_unknown'
                WHEN i.import_seq <= k.watermark THEN 'cleared' ELSE 'open' END AS state
    FROM invoice i
    LEFT JOIN clear_unit k ON k.unit_key = i.unit_key
    LEFT JOIN (
      SELECT g.code, g.number, g.rate, sum(g.amount) AS amount, sum(g.tax) AS tax
      FROM invoice_line g JOIN invoice m ON m.code = g.code AND m.number = g.number
      WHERE m.rate = '{MIXED}' GROUP BY ALL
    ) l ON i.rate = '{MIXED}' AND l.code = i.code AND l.number = i.number
  ) GROUP BY ALL
) ORDER BY state, period, invoice_type, try_cast(rate AS DECIMAL(9,6)) DESC NULLS LAST, rate
"""


def page(cursor: duckdb.DuckDBPyConnection, keys: Sequence[int], after: str, limit: int) -> dict[str, Any]:
    """Keyset paging: ``after`` is the ``next`` of the page before, ``""`` for the first; ``next`` is ``""`` at the end."""
    if not keys:
        return {"rows": [], "next": ""}
    code, _, number = after.partition(SEPARATOR)
    # Unit keys are ours and integers: as constants they let DuckDB skip the row groups of other months.
    sql = _PAGE.format(keys=", ".join(str(int(key)) for key in keys))
    rows = cursor.execute(sql, {"code": code, "number": number, "limit": limit}).fetchall()
    told = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    last = f"{rows[-1][0]}{SEPARATOR}{rows[-1][1]}" if len(rows) == limit else ""
    return {"rows": told, "next": last}


def totals(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """See ``DuckLedger.totals``. An invoice of several rates counts once under each; its sums come from its lines."""
    names = ("invoice_type", "period", "rate", "state", "count", "amount", "tax", "total")
    return [dict(zip(names, row, strict=True)) for row in cursor.execute(_TOTALS).fetchall()]


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
    listed = ", ".join(str(int(key)) for key in keys)  # constants: other months' row groups are skipped (see ``page``)
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
    # Keys as constants: other months' row groups are skipped (see ``page``).
    sql = _WITHIN.format(
        keys=", ".join(str(int(key)) for key in after),
        after=" ".join(f"WHEN {int(key)} THEN {int(seq)}" for key, seq in after.items()),
        picked=picked,
    )
    return {int(key): Tally(int(count), total) for key, count, total in cursor.execute(sql, params).fetchall()}
