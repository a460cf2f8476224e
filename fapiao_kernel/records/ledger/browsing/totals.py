"""Totals of a view (合计): of all its rows, not of those on the screen. Voids count, and are zero in the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb

from fapiao_kernel.domain.money import ZERO, text
from fapiao_kernel.records.ledger.browsing.columns import COLUMNS
from fapiao_kernel.records.ledger.browsing.source import Source

GROUPS = ("period", "invoice_type", "rate", "status", "red")
"""Columns of few values: they are counted in the same pass."""
SHOWN = 20
"""Values told of each of them, most frequent first."""
MOST = 5_000
"""Groups that are added up here; more (a column that ought to have few values has many) are added up by DuckDB, slower, within bounds."""
SUMS = ("amount", "tax", "total")


def totals(cursor: duckdb.DuckDBPyConnection, source: Source) -> dict[str, Any]:
    """``{"count", "voids", "reds", "sums", "distinct"}``: one pass over the rows."""
    groups: list[tuple[Any, ...]] = []
    if not source.empty:
        sql = f"SELECT {_KEYS}, n, {', '.join(SUMS)} FROM ({_GROUPED} {source.sql()} GROUP BY ALL) LIMIT {MOST + 1}"
        groups = cursor.execute(sql, source.params(sql)).fetchall()
        if len(groups) > MOST:
            return _many(cursor, source)
    counts: dict[str, Counter[str]] = {name: Counter() for name in GROUPS}
    voids = reds = 0
    sums = [ZERO, ZERO, ZERO]
    for *values, count, amount, tax, total in groups:
        for name, value in zip(GROUPS, values, strict=True):
            counts[name][value] += count
        if values[3] == "void":
            voids += count
            continue
        if values[4] == "true":
            reds += count
        sums = [sums[0] + amount, sums[1] + tax, sums[2] + total]
    whole = (sum(counts["red"].values()), voids, reds, *sums)
    return _told(
        whole, {name: sorted(held.items(), key=lambda each: (-each[1], each[0])) for name, held in counts.items()}
    )


def _told(whole: Sequence[Any], counts: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
    count, voids, reds, *sums = whole
    return {
        **{"count": int(count or 0), "voids": int(voids or 0), "reds": int(reds or 0)},
        "sums": {name: text(value or ZERO) for name, value in zip(SUMS, sums, strict=True)},
        "distinct": {
            name: [{"value": value, "count": held} for value, held in values[:SHOWN]] for name, values in counts.items()
        },
    }


def _many(cursor: duckdb.DuckDBPyConnection, source: Source) -> dict[str, Any]:
    standing = "FILTER (status <> 'void')"
    sums = ", ".join(f"sum({name}) {standing}" for name in SUMS)
    each = " UNION ALL ".join(
        f"SELECT * FROM (SELECT '{name}', {COLUMNS[name].exact(name)} AS value, sum(n)::BIGINT, NULL, NULL, NULL, NULL, NULL"
        f" FROM g GROUP BY {name} ORDER BY 3 DESC, 2 LIMIT {SHOWN})"
        for name in GROUPS
    )
    sql = (
        f"WITH g AS MATERIALIZED ({_GROUPED} {source.sql()} GROUP BY ALL)"
        " SELECT '', '', sum(n)::BIGINT, sum(n) FILTER (status = 'void'), sum(n) FILTER (red AND status <> 'void'),"
        f" {sums} FROM g UNION ALL {each}"
    )
    counts: dict[str, list[tuple[str, int]]] = {name: [] for name in GROUPS}
    whole: Sequence[Any] = ()
    for name, value, count, *more in cursor.execute(sql, source.params(sql)).fetchall():
        if name:
            counts[name].append((value, int(count)))
        else:
            whole = (count, *more)
    ranked = {name: sorted(held, key=lambda each: (-each[1], each[0])) for name, held in counts.items()}
    return _told(whole, ranked)


_GROUPED = (
    "SELECT "
    + ", ".join(f"i.{name}" for name in GROUPS)
    + (", count(*) AS n, sum(i.amount) AS amount, sum(i.tax) AS tax, sum(i.total) AS total")
)
_KEYS = ", ".join(COLUMNS[name].exact(name) for name in GROUPS)
