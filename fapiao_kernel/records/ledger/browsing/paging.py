"""A page of a view (翻页): by key from the page before, or from any row on; never by counting rows from the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from fapiao_kernel.records.ledger.browsing.columns import Column
from fapiao_kernel.records.ledger.browsing.ordering import Place, between, beyond, order_by, ordered, up_to
from fapiao_kernel.records.ledger.browsing.source import Source
from fapiao_kernel.records.ledger.browsing.view import View

SHALLOW = 2000
"""Rows that are skipped by counting; beyond that anchors are made."""
STEP = 4096
"""Rows between two anchors."""
Anchors = Sequence[Place]
"""Places of the last row of each ``STEP`` rows of a view, in its order."""


@dataclass(frozen=True)
class Page:
    """``last``: the place of the last row, when there may be more. ``offset``: of the first row."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    offset: int
    last: Place | None


def page(
    cursor: duckdb.DuckDBPyConnection,
    view: View,
    source: Source,
    limit: int,
    start: tuple[Place | None, int],
    anchors: Anchors | None,
    skip: int = 0,
) -> Page:
    """Rows after a place (None: from the first); ``start``: that place and how many rows are up to it; ``skip`` so many more."""
    at, before = start
    if source.empty:
        return Page(view.columns, [], before, None)
    last = (before + skip + limit + STEP - 1) // STEP - 1  # the first anchor that stands behind the whole page
    end = anchors[last] if anchors and 0 <= last < len(anchors) else None
    more = []
    if at is not None:
        more = [between(view, at, end, source) if end is not None else beyond(view, at, source)]
    elif end is not None:
        more = [up_to(view, end, source)]
    order = order_by(view)
    # Values become text outside the limit: a cast beside ORDER BY and LIMIT would read every column of every row.
    shown = [column.shown(column.sql) for column in view.columns]
    places = [column.exact(column.sql) for column, _ in ordered(view)]
    outer = ", ".join([*shown, *places])
    held = sorted(set(re.findall(r"i\.\w+", outer)))  # a column that nobody looks at is not read
    sql = (
        f"SELECT {outer} FROM (SELECT {', '.join(held)} {source.sql(more)} ORDER BY {order}"
        f" LIMIT {int(limit)}{f' OFFSET {int(skip)}' if skip else ''}) i"
    )
    if any(column.only_shown for column in view.columns):
        sql += f" ORDER BY {order}"  # it is joined; a plain SELECT keeps the order of what it selects from
    rows = cursor.execute(sql, source.params(sql)).fetchall()
    width = len(shown)
    full = len(rows) == limit
    return Page(view.columns, [row[:width] for row in rows], before + skip, tuple(rows[-1][width:]) if full else None)


def make_anchors(cursor: duckdb.DuckDBPyConnection, view: View, source: Source) -> Anchors:
    """One sorted pass over the order's columns alone."""
    if source.empty:
        return []
    names = [f"k{place}" for place in range(len(view.order))]
    keys = ", ".join(f"{column.sql} AS {name}" for (column, _), name in zip(ordered(view), names, strict=True))
    exact = ", ".join(column.exact(name) for (column, _), name in zip(ordered(view), names, strict=True))
    sql = (
        f"SELECT {exact} FROM (SELECT {keys}, row_number() OVER (ORDER BY {order_by(view)}) AS place {source.sql()})"
        f" WHERE place % {STEP} = 0 ORDER BY place"
    )
    return cursor.execute(sql, source.params(sql)).fetchall()


def from_row(
    cursor: duckdb.DuckDBPyConnection,
    view: View,
    source: Source,
    limit: int,
    offset: int,
    anchors: Callable[[], Anchors],
) -> Page:
    """The page that begins with a row (from 0)."""
    if offset <= SHALLOW or source.empty:
        return page(cursor, view, source, limit, (None, 0), None, skip=offset)
    known = anchors()
    nearest = min(offset // STEP, len(known))
    start = (known[nearest - 1] if nearest else None, nearest * STEP)
    if offset - start[1] > STEP:  # beyond the last row
        return Page(view.columns, [], offset, None)
    return page(cursor, view, source, limit, start, known, skip=offset - start[1])
