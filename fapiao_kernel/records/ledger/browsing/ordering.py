"""Order by key (排序与翻页): where a row stands in a view's order, and what comes after it."""

from __future__ import annotations

from collections.abc import Sequence

from fapiao_kernel.records.ledger.browsing.columns import SQL_TYPE, Column, find
from fapiao_kernel.records.ledger.browsing.source import Source
from fapiao_kernel.records.ledger.browsing.view import View

Place = tuple[str, ...]
"""A row's place: its values of the order's columns, as canonical text (``Column.exact``)."""


def ordered(view: View) -> list[tuple[Column, bool]]:
    """The order's columns, and whether each is descending."""
    return [(find(sort.column), sort.descending) for sort in view.order]


def order_by(view: View) -> str:
    """After ORDER BY, over ``invoice i``. Text is in order of its UTF-8 bytes, as Python's own is of code points."""
    return ", ".join(f"{column.sql}{' DESC' if descending else ''}" for column, descending in ordered(view))


def place(view: View) -> str:
    """The columns of a row's place."""
    return ", ".join(column.exact(column.sql) for column, _ in ordered(view))


def beyond(view: View, at: Place, source: Source) -> str:
    """Rows after a place."""
    return _side(view, at, source, after=True)


def up_to(view: View, at: Place, source: Source) -> str:
    """Rows up to a place, its own row among them."""
    return _side(view, at, source, after=False)


def between(view: View, low: Place, high: Place, source: Source) -> str:
    """Rows after one place and up to another. What both have alike is told apart: so DuckDB skips by the first column that differs, too."""
    told = [beyond(view, low, source), up_to(view, high, source)]
    for (column, descending), one, other in zip(ordered(view), low, high, strict=True):
        first, last = (other, one) if descending else (one, other)
        if one != other:
            told.append(
                f"{column.sql} >= {_value(column, first, source)} AND {column.sql} <= {_value(column, last, source)}"
            )
            break
        told.append(f"{column.sql} = {_value(column, one, source)}")
    return " AND ".join(told)


def _side(view: View, at: Place, source: Source, *, after: bool) -> str:
    columns = ordered(view)
    values = [_value(column, text, source) for (column, _), text in zip(columns, at, strict=True)]
    ways: list[str] = []
    for depth, ((column, descending), value) in enumerate(zip(columns, values, strict=True)):
        same = [f"{c.sql} = {v}" for (c, _), v in zip(columns[:depth], values, strict=False)]
        more = ">" if after != descending else "<"
        last = depth == len(columns) - 1
        ways.append(" AND ".join([*same, f"{column.sql} {more}{'=' if last and not after else ''} {value}"]))
    # The first column alone bounds both ways: that is what DuckDB can skip row groups by; it sees nothing in an OR.
    first, descending = columns[0]
    bound = f"{first.sql} {'>=' if after != descending else '<='} {values[0]}"
    return f"{bound} AND ({' OR '.join(f'({way})' for way in ways)})"


def _value(column: Column, text: str, source: Source) -> str:
    kind = SQL_TYPE[column.kind]
    if column.kind.value == "period":
        return f"({source.bind(text)} || '-01')::DATE"
    return f"{source.bind(text)}::{kind}"


def fits(view: View, at: Sequence[object]) -> bool:
    """Whether this can be a place in the view's order."""
    return len(at) == len(view.order) and all(isinstance(value, str) for value in at)
