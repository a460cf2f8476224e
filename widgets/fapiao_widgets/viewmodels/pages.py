"""Where the grid's rows come from (一页一页地取): the agent, page by page; never the whole table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from fapiao_kernel.domain.errors import english
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import columns, sqltext
from fapiao_widgets.viewmodels.filtering import Column

View = dict[str, Any]
"""``{"scope": {...}, "filters": [...], "sort": [...]}``."""
SHOWN = ("invoice_type", "period", "code", "number", "issue_date", "buyer_name", "amount", "tax", "total", "rate", "status", "red",
         "state", "buyer_id", "machine_number", "lines", "doubts", "seller_name", "seller_id", "red_of", "remark")  # fmt: skip
"""The ledger's columns in the order of the grid, what a clerk looks for first."""
FACETED = ("invoice_type", "period", "code", "issue_date", "buyer_name", "amount", "tax", "total", "rate", "status", "red",
           "buyer_id", "machine_number", "lines", "seller_name")  # fmt: skip
"""Those with a summary in their head; the others say something else in every row."""
STATES = ("all", "open", "cleared", "fully_digital", "card_unknown")
TOP = 8
"""Values named in a summary; the others are counted together."""


@dataclass(frozen=True)
class Page:
    """Rows as text (None: nothing there); ``next`` is where to go on without counting from the top again."""

    columns: list[Column]
    rows: list[list[str | None]]
    next: Any = None


@dataclass(frozen=True)
class Totals:
    """Over *all* filtered rows. ``sums``: column → exact decimal as text. ``voids``: those among them that count zero; None where
    that has no meaning."""

    count: int
    sums: Mapping[str, str]
    voids: int | None = None


@dataclass(frozen=True)
class Part:
    """One value, or one span of values, of a column's summary; ``filters`` narrow the grid down to it."""

    value: str | None
    count: int
    filters: Sequence[dict[str, Any]]
    until: str | None = None


@dataclass(frozen=True)
class Facet:
    """A column's summary. ``spans``: a histogram from low to high; else the values met most, then ``rest`` other ones."""

    parts: Sequence[Part]
    spans: bool = False
    rest: int = 0
    rest_count: int = 0


@dataclass(frozen=True)
class Exported:
    """A file with all filtered rows."""

    path: str
    count: int
    digest: str
    """Of the rows in their order, whatever the format; ``""`` where there is only the file's."""
    sha256: str


class Pages(Protocol):
    """What the grid asks. ``what``: ``""`` for invoices, ``rows`` for anything else (which of two sentences is said)."""

    what: str
    faceted: Sequence[str] | None
    states: Sequence[str]
    """Scopes to choose from (``scope.state``); none where there is only one."""

    def page(self, view: View, limit: int, after: Any, offset: int) -> Page: ...
    def totals(self, view: View) -> Totals: ...
    def facet(self, view: View, column: Column) -> Facet: ...
    def export(self, view: View, format: str, path: Path, id: str = "") -> Exported: ...
    def sql(self, view: View) -> str: ...
    def mark(self) -> Any:
        """Something that differs once the data have changed; None where they never do."""


@dataclass
class AgentPages:
    """The ledger's invoices, from the agent."""

    client: Any
    what: str = ""
    faceted: Sequence[str] | None = FACETED
    states: Sequence[str] = STATES

    def page(self, view: View, limit: int, after: Any, offset: int) -> Page:
        place = {"after": after} if after else {"offset": offset}
        answer = self.client.grid_page(asked(view), limit=limit, **place)
        shown = [columns.of_ledger(column["name"], _label(column)) for column in answer["columns"]]
        return Page(shown, [[text_of(value) for value in row] for row in answer["rows"]], answer["next"] or None)

    def totals(self, view: View) -> Totals:
        answer = self.client.grid_totals(asked(view))
        return Totals(int(answer["count"]), {k: str(v) for k, v in answer["sums"].items()}, int(answer["voids"]))

    def facet(self, view: View, column: Column) -> Facet:
        answer = self.client.grid_facets(asked(view), column.name)
        if bins := answer.get("bins"):
            return Facet([_span(column, each) for each in bins], spans=True)
        parts = [part_of(column, text_of(each["value"]), int(each["count"])) for each in answer["values"][:TOP]]
        rest = int(answer["distinct"] or 0) - len(parts)
        return Facet(
            parts, rest=rest, rest_count=int(answer["count"]) - sum(part.count for part in parts) if rest else 0
        )

    def export(self, view: View, format: str, path: Path, id: str = "") -> Exported:
        answer = self.client.grid_export(asked(view), format, str(path), id=id)
        return Exported(answer["path"], int(answer["rows"]), answer["digest"], answer["sha256"])

    def sql(self, view: View) -> str:
        return sqltext.of_view(view, view.get("columns") or SHOWN)

    def mark(self) -> Any:
        return self.client.census()

    def stop(self, id: str) -> None:
        """End an export under way; nothing of it is left."""
        self.client.stop_export(id)

    def far(self, id: str) -> str:
        """How far an export is, in words; ``""`` when it is not under way."""
        work = next((each for each in self.client.status().work if each.id == f"export {id}"), None)
        return "" if work is None else f"{work.label} {work.done:,} / {work.total:,}" if work.done else work.label


def asked(view: View) -> View:
    """The view as the agent reads it: with our columns unless others are named, and periods as YYYY-MM."""
    filters = [
        {**each, "value": str(each["value"])[:7]}
        if each["column"] == "period" and each["op"] not in ("in", "empty")
        else each
        for each in view.get("filters", ())
    ]
    return {**view, "filters": filters, "columns": list(view.get("columns") or SHOWN)}


def _label(column: Mapping[str, Any]) -> str:
    return str(column["en" if english() else "zh"])


def _span(column: Column, found: Mapping[str, Any]) -> Part:
    """One bar of a histogram: both its bounds are in it."""
    low, high = str(found["from"]), str(found["to"])
    filters = [{"column": column.name, "op": op, "value": value} for op, value in ((">=", low), ("<=", high))]
    return Part(low, int(found["count"]), filters, high)


def part_of(column: Column, value: str | None, count: int) -> Part:
    """One value of a summary."""
    empty = {"column": column.name, "op": "empty", "value": True}
    return Part(value, count, [empty if value is None else {"column": column.name, "op": "=", "value": value}])


def text_of(value: Any) -> str | None:
    """A cell as text: decimals with all their places, dates ISO, True and False as ``true`` and ``false``."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def label(column: Column, part: Part) -> str:
    """How a part of a summary is called."""
    if part.value is None:
        return say("grid.null")
    start = columns.written(column, part.value) or say("grid.null")
    return start if part.until in (None, part.value) else f"{start} – {columns.written(column, part.until)}"
