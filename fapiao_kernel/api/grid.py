"""The ledger's invoices in pages (发票库表格) over the wire: which ones, in which order.

Answers are plain JSON, decimals and days as text.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from fapiao_kernel.api.shapes import Shape

State = Literal["open", "cleared", "all", "fully_digital", "card_unknown"]
Format = Literal["xlsx", "csv", "parquet"]
PAGE = 200
"""Rows of a page unless asked otherwise."""
MOST = 1000
"""Rows of a page at most."""


class GridScope(Shape):
    """Of all invoices: those of a state, of units by key, of one period (YYYY-MM), or exactly those that a run's preview froze.

    ``all`` is every invoice in the ledger. ``frozen`` (a run's id) names its own invoices: ``state`` does not count beside it.
    """

    state: State = "all"
    units: list[int] = []
    period: str = ""
    frozen: str = ""


class GridFilter(Shape):
    """``op``: ``= != < <= > >= contains in empty``. ``value``: text, a list for ``in``, true or false for ``empty``."""

    column: str
    op: str
    value: Any = None


class GridSort(Shape):
    column: str
    descending: bool = False


class GridView(Shape):
    """Filters hold together (and). Order: as ``sort`` says, ties by code and number. ``columns``: none named, the usual ones."""

    scope: GridScope = GridScope()
    filters: list[GridFilter] = []
    sort: list[GridSort] = []
    columns: list[str] = []


class PageRequest(Shape):
    """``after``: the ``next`` of the page before; or ``offset``: the row (from 0) that the page begins with."""

    view: GridView = GridView()
    limit: int = Field(PAGE, ge=1, le=MOST)
    after: str = ""
    offset: int | None = Field(None, ge=0)


class TotalsRequest(Shape):
    view: GridView = GridView()


class FacetsRequest(Shape):
    view: GridView = GridView()
    column: str


class ExportRequest(Shape):
    """``path``: absolute; ``replace``: a file that is there already may be written over; ``id``: the asker's own, to stop it by."""

    view: GridView = GridView()
    format: Format = "xlsx"
    path: str
    replace: bool = False
    id: str = ""


class ExportAnswer(Shape):
    """``digest``: SHA-256 of the rows in their order, the same in every format; ``sha256``: of the file."""

    path: str
    rows: int
    digest: str
    sha256: str
