"""What a column holds (列摘要): its most frequent values, or for amounts, days and numbers how they spread.

All rows count, voids with their amounts as printed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from fapiao_kernel.domain.money import fen, from_fen, text
from fapiao_kernel.records.ledger.browsing.columns import Column, Kind
from fapiao_kernel.records.ledger.browsing.source import Source

SHOWN = 20
BINS = 20
_DAY = date(1970, 1, 1)
_WHOLE = {
    # What a value is as a whole number: fen, days, itself. Bins are counted in these, so that no bound is rounded.
    Kind.AMOUNT: "({value} * 100)::BIGINT",
    Kind.DATE: "({value} - DATE '1970-01-01')::BIGINT",
    Kind.NUMBER: "{value}::BIGINT",
}


def facets(cursor: duckdb.DuckDBPyConnection, column: Column, source: Source) -> dict[str, Any]:
    """``{"column", "kind", "count", "distinct", "values", "others", "bins", "min", "max"}``; bounds are text as in rows."""
    if source.empty:
        return nothing(column)
    cursor.execute("BEGIN TRANSACTION READ ONLY")  # bounds and bins are of the same rows
    try:
        told = (_spread if column.kind in _WHOLE else _frequent)(cursor, column, source)
    finally:
        cursor.execute("ROLLBACK")
    return nothing(column) | told


def nothing(column: Column) -> dict[str, Any]:
    """The summary of no rows."""
    told: dict[str, Any] = {"column": column.name, "kind": column.kind.value, "count": 0, "distinct": None}
    return told | {"values": [], "others": 0, "bins": [], "min": None, "max": None}


def _frequent(cursor: duckdb.DuckDBPyConnection, column: Column, source: Source) -> dict[str, Any]:
    sql = (
        f"WITH g AS MATERIALIZED (SELECT {column.sql} AS value, count(*) AS n {source.sql()} GROUP BY 1)"
        f" SELECT {column.shown('value')}, n, (SELECT count(*) FROM g), (SELECT coalesce(sum(n), 0)::BIGINT FROM g)"
        f" FROM (SELECT * FROM g ORDER BY n DESC, value LIMIT {SHOWN}) ORDER BY n DESC, value"
    )
    rows = cursor.execute(sql, source.params(sql)).fetchall()
    values = [{"value": value, "count": count} for value, count, _, _ in rows]
    distinct, count = rows[0][2:] if rows else (0, 0)
    others = count - sum(each["count"] for each in values)
    return {"count": count, "distinct": distinct, "values": values, "others": others}


def _spread(cursor: duckdb.DuckDBPyConnection, column: Column, source: Source) -> dict[str, Any]:
    whole = _WHOLE[column.kind].format(value=column.sql)
    sql = f"SELECT count(*), min({column.sql}), max({column.sql}) {source.sql()}"
    row = cursor.execute(sql, source.params(sql)).fetchone()
    if row is None or not row[0]:
        return {}
    count, low, high = row
    first, last = _number(column, low), _number(column, high)
    width = max(-(-(last - first + 1) // BINS), 1)
    sql = f"SELECT ({whole} - {first}) // {width} AS bin, count(*) {source.sql()} GROUP BY 1"
    found = {int(place): held for place, held in cursor.execute(sql, source.params(sql)).fetchall()}
    bins = []
    for place in range((last - first) // width + 1):
        begin = first + place * width
        end = min(begin + width - 1, last)
        bins.append({"from": _shown(column, begin), "to": _shown(column, end), "count": found.get(place, 0)})
    return {"count": count, "bins": bins, "min": _shown(column, first), "max": _shown(column, last)}


def _number(column: Column, value: Any) -> int:
    if column.kind is Kind.AMOUNT:
        return fen(value)
    return (value - _DAY).days if column.kind is Kind.DATE else int(value)


def _shown(column: Column, number: int) -> str | int:
    if column.kind is Kind.AMOUNT:
        return text(from_fen(number))
    return (_DAY + timedelta(days=number)).isoformat() if column.kind is Kind.DATE else number
