"""Looking at the ledger as a table (浏览): pages, totals, summaries, exports, lookup.

Readers wait for no writer, and for no other reader.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.ledger.browsing import tokens
from fapiao_kernel.records.ledger.browsing.columns import USUAL, Column
from fapiao_kernel.records.ledger.browsing.exporting import Export
from fapiao_kernel.records.ledger.browsing.facets import facets
from fapiao_kernel.records.ledger.browsing.numbers import Numbers, look_up, readings
from fapiao_kernel.records.ledger.browsing.paging import Page, from_row, make_anchors, page
from fapiao_kernel.records.ledger.browsing.ratesums import rate_sums
from fapiao_kernel.records.ledger.browsing.shelf import Shelf
from fapiao_kernel.records.ledger.browsing.source import source
from fapiao_kernel.records.ledger.browsing.standing import Stamp, Standing, marked_units, stamp_of, stand
from fapiao_kernel.records.ledger.browsing.totals import totals
from fapiao_kernel.records.ledger.browsing.view import Scope, View
from fapiao_kernel.records.ledger.units import Units

TRIES = 3
"""Times that an answer is worked out while the ledger changes under it; the last one stands."""


class Browser:
    """Over the owner's connection. ``units`` gives what is folded in memory, ``folding`` guards it for moments."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, units: Callable[[], Units], folding: threading.Lock
    ) -> None:
        self._connection = connection
        self._units = units
        self._folding = folding
        self._standing: Standing | None = None
        self._anchors = Shelf()
        self._numbers = Numbers()
        self._sums: tuple[Stamp, list[dict[str, Any]]] | None = None

    def page(self, view: View, limit: int, after: str = "", offset: int | None = None) -> dict[str, Any]:
        """A page: ``{"columns", "rows", "next", "offset", "age"}``; rows as JSON carries them.

        Raises ``UsageError`` (``grid_token``), ``Refused`` (``grid_changed``).
        """

        def work(cursor: duckdb.DuckDBPyConnection, standing: Standing) -> dict[str, Any]:
            key = (view.rows, standing.stamp)
            start = tokens.read(after, view, standing.stamp) if after else None
            found = source(view, standing)
            if start is None and offset:
                made = partial(self._anchors.have, key, lambda: make_anchors(cursor, view, found))
                got = from_row(cursor, view, found, limit, offset, made)
            else:
                try:
                    got = page(cursor, view, found, limit, start or (None, 0), self._anchors.get(key))
                except duckdb.ConversionException:
                    if start is None:
                        raise
                    raise UsageError("grid_token") from None  # its values are none of the order's columns
            return _told(view, standing.stamp, got)

        return self._steady(work)

    def of_units(self, keys: Sequence[int], after: str, limit: int) -> dict[str, Any]:
        """A page of these units' invoices, the usual columns: ``{"rows": [{name: value}], "next"}``."""
        if not keys:
            return {"rows": [], "next": ""}
        view = View.of(Scope(units=tuple(sorted(set(keys)))))
        told = self.page(view, limit, after)
        rows = [dict(zip(USUAL, row, strict=True)) for row in told["rows"]]
        return {"rows": rows, "next": told["next"]}

    def totals(self, view: View) -> dict[str, Any]:
        """See ``browsing.totals``."""
        return self._steady(lambda cursor, standing: totals(cursor, source(view, standing)))

    def facets(self, view: View, column: Column) -> dict[str, Any]:
        """See ``browsing.facets``."""
        return self._steady(lambda cursor, standing: facets(cursor, column, source(view, standing)))

    def export(
        self,
        export: Export,
        view: View,
        format: str,
        path: Path,
        *,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """See ``Export.run``: one statement reads all rows, so they are of one state of the ledger."""
        with self._connection.cursor() as cursor:
            found = source(view, self._stand(cursor))
            return export.run(cursor, view, found, format, path, replace=replace, progress=progress)

    def look_up(self, text: str, code: str = "") -> list[list[Any]]:
        """Rows of every invoice of a number, all columns of ``COLUMNS``; see ``numbers.readings`` for what may be written."""
        with self._connection.cursor() as cursor:
            return look_up(cursor, self._numbers, self._stand(cursor), readings(text, code))

    def rate_sums(self) -> list[dict[str, Any]]:
        """Totals by type, period, rate and state of the whole ledger; kept until its state is another."""
        with self._connection.cursor() as cursor:
            standing = self._stand(cursor)
            known = self._sums
            if known is None or known[0] != standing.stamp:
                known = self._sums = (standing.stamp, rate_sums(cursor, standing))
        return known[1]

    def _steady(self, work: Callable[[duckdb.DuckDBPyConnection, Standing], dict[str, Any]]) -> dict[str, Any]:
        """An answer of one state of the ledger: when an import or a clear came in meanwhile, it is worked out again."""
        with self._connection.cursor() as cursor:
            for _ in range(TRIES):
                standing = self._stand(cursor)
                answer = work(cursor, standing)
                if stamp_of(self._units()) == standing.stamp:
                    break
        return answer

    def _stand(self, cursor: duckdb.DuckDBPyConnection) -> Standing:
        """Which units stand where; worked out again only when the ledger's state is another."""
        standing = self._standing
        if standing is not None and standing.stamp == stamp_of(self._units()):
            return standing
        marked = marked_units(cursor)
        with self._folding:
            standing = stand(self._units(), marked)
        self._standing = standing
        return standing


def _told(view: View, stamp: Stamp, got: Page) -> dict[str, Any]:
    after = "" if got.last is None else tokens.write(view, stamp, got.last, got.offset + len(got.rows))
    columns = [column.told() for column in got.columns]
    return {"columns": columns, "rows": got.rows, "next": after, "offset": got.offset, "age": None}
