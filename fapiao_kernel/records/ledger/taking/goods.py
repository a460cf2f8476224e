"""Goods lines of a table (商品行): rows of their own beside the invoices', or all there is: then they are added up."""

from __future__ import annotations

import duckdb

from fapiao_kernel.domain.invoice import MIXED
from fapiao_kernel.records.ledger.doubts import Doubt
from fapiao_kernel.records.ledger.rows import INVOICE
from fapiao_kernel.records.ledger.taking.rows import ODD
from fapiao_kernel.records.ledger.taking.table import Slice

_SUMS = f"""
SELECT code, number, count(*)::INTEGER AS lines, CASE WHEN min(rate) = max(rate) THEN min(rate) ELSE '{MIXED}' END AS rate,
  sum(amount)::DECIMAL(18,2) AS amount, sum(tax)::DECIMAL(18,2) AS tax, sum(total)::DECIMAL(18,2) AS total,
  max(doubts & {int(Doubt.RATE)}) AS rate_doubt, min(rowid) AS first
FROM {{source}} GROUP BY code, number
"""


def strays(connection: duckdb.DuckDBPyConnection, head: Slice, goods: Slice) -> tuple[list[int], list[int]]:
    """Row ids of invoices whose lines add up to another amount, and of lines without an invoice: the careful road tells of both."""
    lines = f"{goods.source} AND doubts <> {ODD}"
    differing = connection.execute(
        f"SELECT h.rowid FROM (SELECT rowid, * FROM {head.source}) h JOIN ({_SUMS.format(source=lines)}) s"
        " ON s.code = h.code AND s.number = h.number WHERE s.amount <> h.amount"
    ).fetchall()
    alone = connection.execute(
        f"SELECT g.rowid FROM (SELECT rowid, * FROM {goods.source}) g"
        f" ANTI JOIN (SELECT code, number FROM {head.source} AND doubts <> {ODD}) h USING (code, number)"
    ).fetchall()
    return [row for (row,) in differing], [row for (row,) in alone]


def together(connection: duckdb.DuckDBPyConnection, head: Slice | None, goods: Slice, target: str) -> None:
    """Rate, number of lines and doubts of the invoices in ``target`` by their lines; without ``head`` the invoices themselves."""
    sums = _SUMS.format(source=goods.source)
    if head is not None:
        connection.execute(
            f"UPDATE {target} h SET lines = s.lines, rate = s.rate, doubts = (h.doubts & ~{int(Doubt.RATE)}) | s.rate_doubt"
            f" | CASE WHEN s.amount <> h.amount OR s.tax <> h.tax THEN {int(Doubt.LINES)} ELSE 0 END"
            f" FROM ({sums}) s WHERE s.code = h.code AND s.number = h.number"
        )
        return
    own = {
        "amount": "s.amount",
        "tax": "s.tax",
        "total": "s.total",
        "rate": "s.rate",
        "lines": "s.lines",
        "red": "(g.red OR s.amount < 0)",
        "doubts": f"(g.doubts & ~{int(Doubt.RATE)}) | s.rate_doubt",
    }
    columns = ", ".join(f"{own.get(name, 'g.' + name)} AS {name}" for name in INVOICE)
    row = ", g.row_number" if goods.read.numbered else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {columns}{row}, g.rowid AS goods_row"
        f" FROM (SELECT rowid, * FROM {goods.source}) g JOIN ({sums}) s ON s.first = g.rowid ORDER BY g.rowid"
    )


def put(connection: duckdb.DuckDBPyConnection, whole: Slice, goods: Slice) -> None:
    """The lines of what is left in ``whole``, numbered from 1 in the order of the file."""
    connection.execute(
        "INSERT INTO invoice_line SELECT code, number, row_number() OVER (PARTITION BY code, number ORDER BY rowid), item,"
        f" tax_class, amount, rate, tax FROM (SELECT rowid, * FROM {goods.source})"
        f" SEMI JOIN (SELECT code, number FROM {whole.source}) USING (code, number) ORDER BY ALL"
    )
