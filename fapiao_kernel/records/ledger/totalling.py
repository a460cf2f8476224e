"""Sums per unit, import and rate (合计), written with the import that brought the invoices: nobody has to scan them again."""

from __future__ import annotations

import duckdb

from fapiao_kernel.domain.invoice import MIXED

_STANDS = "status <> 'void'"
_SUMS = ", ".join(f"sum(CASE WHEN {_STANDS} THEN {name} ELSE 0 END)" for name in ("amount", "tax", "total"))
_COUNTS = f"count(*), count(*) FILTER (NOT ({_STANDS})), count(*) FILTER (red AND {_STANDS})"
_BROUGHT = "FROM invoice WHERE import_seq BETWEEN $first AND $last"
_LINES = """
SELECT g.code, g.number, g.rate, sum(g.amount) AS amount, sum(g.tax) AS tax
FROM invoice_line g SEMI JOIN ({mixed}) USING (code, number) GROUP BY ALL
"""

Numbers = dict[str, int]


def write(connection: duckdb.DuckDBPyConnection, bounds: Numbers) -> None:
    """``unit_import`` and ``unit_rate`` for the invoices that now stand under imports ``first`` to ``last``."""
    connection.execute(
        f"INSERT INTO unit_import SELECT unit_key, import_seq, count(*), {_SUMS}, count(*) FILTER (NOT ({_STANDS})),"
        f" count(*) FILTER (red AND {_STANDS}) {_BROUGHT} AND unit_key IS NOT NULL GROUP BY unit_key, import_seq ORDER BY ALL",
        bounds,
    )
    connection.execute(
        f"INSERT INTO unit_rate SELECT unit_key, import_seq, rate, {_COUNTS}, {_SUMS} {_BROUGHT}"
        f" AND unit_key IS NOT NULL AND NOT (rate = '{MIXED}' AND lines > 0) GROUP BY unit_key, import_seq, rate ORDER BY ALL",
        bounds,
    )
    several = f"{_BROUGHT} AND unit_key IS NOT NULL AND rate = '{MIXED}' AND lines > 0"
    row = connection.execute(f"SELECT count(*) {several}", bounds).fetchone()
    if row and row[0]:
        lines = _LINES.format(mixed=f"SELECT code, number {several}")
        connection.execute(
            f"INSERT INTO unit_rate SELECT unit_key, import_seq, rate, {_COUNTS}, {_SUMS} FROM ("
            " SELECT i.unit_key, i.import_seq, i.status, i.red, l.rate, l.amount, l.tax, l.amount + l.tax AS total"
            f" FROM (SELECT * {several}) i JOIN ({lines}) l USING (code, number)"
            ") GROUP BY unit_key, import_seq, rate ORDER BY ALL",
            bounds,
        )


_TAKEN = """
SELECT {seq} AS import_seq, i.unit_key, i.red, i.fully_digital, i.code, i.number, i.rate, i.lines, i.amount, i.tax, i.total
FROM invoice i JOIN {marked} m ON m.code = i.code AND m.number = i.number WHERE i.status <> 'void'
"""


def correct(connection: duckdb.DuckDBPyConnection, marked: str, *, back: bool = False) -> None:
    """Take the sums of void-marked invoices off their units, or ``back``: put them on again. ``marked``: a table with ``import_seq``,
    code and number; the corrections stand under that import."""
    sign = "" if back else "-"
    flip = "-" if back else ""
    taken = _TAKEN.format(seq="m.import_seq", marked=marked)
    sums = f"{sign}sum(amount), {sign}sum(tax), {sign}sum(total)"
    connection.execute(
        f"INSERT INTO unit_import SELECT unit_key, import_seq, 0, {sums}, {flip}count(*), {sign}count(*) FILTER (red)"
        f" FROM ({taken}) WHERE unit_key IS NOT NULL GROUP BY unit_key, import_seq ORDER BY ALL"
    )
    lines = _LINES.format(mixed=f"SELECT code, number FROM {marked}")
    connection.execute(
        f"INSERT INTO unit_rate SELECT unit_key, import_seq, rate, 0, {flip}count(*), {sign}count(*) FILTER (red), {sums} FROM ("
        " SELECT t.unit_key, t.import_seq, t.red, coalesce(l.rate, t.rate) AS rate, coalesce(l.amount, t.amount) AS amount,"
        "  coalesce(l.tax, t.tax) AS tax, coalesce(l.amount + l.tax, t.total) AS total"
        f" FROM ({taken}) t LEFT JOIN ({lines}) l ON t.rate = '{MIXED}' AND l.code = t.code AND l.number = t.number"
        ") WHERE unit_key IS NOT NULL GROUP BY unit_key, import_seq, rate ORDER BY ALL"
    )
