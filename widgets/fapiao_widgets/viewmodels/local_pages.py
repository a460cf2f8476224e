"""The grid over a query's result here in the kernel (本地结果): pages, sums and summaries of a DuckDB relation."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_widgets.viewmodels import columns, sqltext
from fapiao_widgets.viewmodels.filtering import Column
from fapiao_widgets.viewmodels.pages import TOP, Exported, Facet, Page, Part, Totals, View, part_of, text_of

SPANS = 12
"""Bars of a histogram, and the fewest distinct values that make one."""
SHEET_ROWS = 1_048_575
"""Rows that one xlsx sheet can hold under its head (ECMA-376: 2^20)."""
_PLACE = "fapiao_place"
_names = itertools.count(1)


class LocalPages:
    """``query``: the SQL that gave the relation, so that the view's own SQL can stand on it. Not for several threads at once."""

    what = "rows"
    states: Sequence[str] = ()

    def __init__(self, relation: Any, query: str = "", labels: Mapping[str, str] | None = None) -> None:
        self._relation = relation
        self._query = query.strip().rstrip(";")
        self._from = f"fapiao_result_{next(_names)}"
        self._types = [str(kind) for kind in relation.types]
        self.columns = columns.of_result(relation.columns, self._types, labels)
        self.faceted: Sequence[str] | None = None

    def page(self, view: View, limit: int, after: Any, offset: int) -> Page:
        text = f"{self._ordered(view)}\nLIMIT {int(limit)} OFFSET {int(offset)}"
        return Page(self.columns, [[text_of(value) for value in row] for row in self._all(text)])

    def _ordered(self, view: View) -> str:
        """Rows of the same rank keep the result's own order, so that no row stands on two pages and none on no page."""
        if not view.get("sort"):
            return sqltext.select(self._from, view)
        numbered = f"(SELECT *, row_number() OVER () AS {_PLACE} FROM {self._from})"
        return sqltext.select(numbered, {**view, "sort": [*view["sort"], {"column": _PLACE}]}, f"* EXCLUDE ({_PLACE})")

    def totals(self, view: View) -> Totals:
        summed = [c.name for c, kind in zip(self.columns, self._types, strict=True) if columns.exact(c.name, kind)]
        parts = ", ".join(["count(*)", *(f"sum({sqltext.name(name)})" for name in summed)])
        count, *sums = self._all(sqltext.select(self._from, {**view, "sort": []}, parts))[0]
        named = zip(summed, sums, strict=True)
        return Totals(int(count), {name: text_of(value) or "0" for name, value in named})

    def facet(self, view: View, column: Column) -> Facet:
        others = {**view, "sort": []}
        name = sqltext.name(column.name)
        if column.kind in ("amount", "number", "date"):
            bounds = sqltext.select(self._from, others, f"count(DISTINCT {name}), min({name}), max({name})")
            distinct, low, high = self._all(bounds)[0]
            if distinct > SPANS and (edges := _edges(low, high)):
                return self._histogram(others, column, edges)
        grouped = sqltext.select(self._from, others, f"{name} AS v, count(*) AS n") + "\nGROUP BY 1"
        text = f"SELECT v, n, count(*) OVER (), sum(n) OVER () FROM ({grouped}) ORDER BY n DESC, v LIMIT {TOP}"
        found = self._all(text)
        parts = [part_of(column, text_of(value), int(n)) for value, n, _, _ in found]
        rest = int(found[0][2]) - len(parts) if found else 0
        rest_count = int(found[0][3]) - sum(part.count for part in parts) if found else 0
        return Facet(parts, rest=rest, rest_count=rest_count)

    def _histogram(self, view: View, column: Column, edges: Sequence[Any]) -> Facet:
        """Counted with the very conditions that a click filters by, so that bar and rows agree to the row."""
        spans = []
        for at, (low, high) in enumerate(itertools.pairwise(edges)):
            last = at == len(edges) - 2
            low_text, high_text = str(low), str(high)
            filters = [
                {"column": column.name, "op": ">=", "value": low_text},
                {"column": column.name, "op": "<=" if last else "<", "value": high_text},
            ]
            spans.append((low_text, high_text, filters))
        counted = ", ".join(f"count(*) FILTER (WHERE {sqltext.where(filters)})" for _, _, filters in spans)
        counts = self._all(sqltext.select(self._from, view, counted))[0]
        return Facet([Part(a, int(n), f, b) for (a, b, f), n in zip(spans, counts, strict=True)], spans=True)

    def export(self, view: View, format: str, path: Path, id: str = "") -> Exported:
        """All filtered rows. xlsx: text stays text and amounts are numbers; more rows than a sheet holds go on in further sheets."""
        text = self._ordered(view)
        if format == "parquet":
            self._relation.query(self._from, text).write_parquet(str(path))
            count = self.totals(view).count
        else:
            rows = self._all(text)
            (_csv if format == "csv" else _xlsx)(path, [column.name for column in self.columns], rows)
            count = len(rows)
        return Exported(str(path), count, "", _digest(path))

    def sql(self, view: View) -> str:
        """On top of the query that gave the result; ``""`` where that is not known."""
        if not self._query or not (view.get("filters") or view.get("sort")):
            return self._query
        return sqltext.select(f"(\n{self._query}\n)", view)

    def mark(self) -> Any:
        return None

    def _all(self, text: str) -> list[tuple[Any, ...]]:
        return list(self._relation.query(self._from, text).fetchall())


def _edges(low: Any, high: Any) -> list[Any]:
    """The ends of the bars, exact; ``[]`` where no even bars can be made (floats that are no numbers)."""
    if isinstance(low, date):
        days = (high - low).days
        return sorted({low + timedelta(days=days * at // SPANS) for at in range(SPANS)} | {high})
    if isinstance(low, float):
        return []
    start, end = Decimal(low), Decimal(high)
    places = Decimal(1).scaleb(min(0, int(start.as_tuple().exponent)))
    middle = {(start + (end - start) * at / SPANS).quantize(places) for at in range(1, SPANS)}
    return sorted({start, *middle, end})


def _csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("x", encoding="utf-8-sig", newline="") as file:  # Excel takes UTF-8 for Chinese only with the mark
        out = csv.writer(file)
        out.writerow(names)
        out.writerows([text_of(value) for value in row] for row in rows)


def _xlsx(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        money = book.add_format({"num_format": "#,##0.00"})
        for start in range(0, max(1, len(rows)), SHEET_ROWS):
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            for at, name in enumerate(names):
                sheet.write_string(0, at, name)
            for line, row in enumerate(rows[start : start + SHEET_ROWS], 1):
                for at, value in enumerate(row):
                    _cell(sheet, line, at, value, money)


def _cell(sheet: Any, line: int, at: int, value: Any, money: Any) -> None:
    """A number where a sheet's number (IEEE double, 15 digits) holds the value exactly, else its text."""
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= 15:
        sheet.write_number(line, at, float(value), money)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**15:
        sheet.write_number(line, at, value)
    elif value is not None:
        sheet.write_string(line, at, text_of(value) or "")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
