"""The ledger's invoices in pages (发票库表格): any filter and order, totals of all of them, exports."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fapiao_kernel.api.grid import PAGE, ExportAnswer
from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.client.paths import absolute

if TYPE_CHECKING:
    from fapiao_kernel.client.wire import Wire

View = Mapping[str, Any]
"""As ``api.grid.GridView``: ``{"scope": {...}, "filters": [...], "sort": [...], "columns": [...]}``, each of them optional."""


class Grid:
    """Part of ``Client``. Every method raises ``RequestError``: ``grid_column``, ``grid_op``, ``grid_value``, ``grid_changed`` …"""

    if TYPE_CHECKING:
        _wire: Wire

    def grid_page(self, view: View, limit: int = PAGE, after: str = "", offset: int | None = None) -> dict[str, Any]:
        """A page: ``{"columns", "rows", "next", "offset", "age"}``.

        ``columns``: ``{"name", "kind", "zh", "en"}`` each. ``rows``: lists in the columns' order; amounts, days and periods are
        text, sheets of lines numbers. ``next``: for ``after``, ``""`` at the end. ``offset``: place of the first row. ``age`` is
        None: these are the ledger's rows as they stand. ``after`` or ``offset``, not both. Raises ``grid_changed`` when the ledger
        changed since the page that gave ``after``: begin again.
        """
        asked = {"view": _plain(view), "limit": limit, "after": after, "offset": offset}
        return dict(self._wire.json("POST", "/ledger/grid/page", json=asked, long=True))

    def grid_totals(self, view: View) -> dict[str, Any]:
        """Of all rows of the view: ``{"count", "voids", "reds", "sums": {"amount", "tax", "total"}, "distinct"}``.

        Voids count, and are zero in the sums. ``distinct``: for columns of few values, ``{column: [{"value", "count"}, …]}``.
        """
        return dict(self._wire.json("POST", "/ledger/grid/totals", json={"view": _plain(view)}, long=True))

    def grid_facets(self, view: View, column: str) -> dict[str, Any]:
        """What a column of the view holds: ``{"column", "kind", "count", "distinct", "values", "others", "bins", "min", "max"}``.

        ``values``: the most frequent, ``{"value", "count"}``; ``others``: rows of the rest. Amounts, days and numbers have ``bins``
        instead, 20 at most: ``{"from", "to", "count"}``, both bounds in it.
        """
        asked = {"view": _plain(view), "column": column}
        return dict(self._wire.json("POST", "/ledger/grid/facets", json=asked, long=True))

    def grid_export(
        self, view: View, format: str = "xlsx", path: Path | str = "", *, replace: bool = False, id: str = ""
    ) -> dict[str, Any]:
        """All rows of the view into a file, in its order: ``{"path", "rows", "digest", "sha256"}``. Progress is in ``status().work``.

        The file is whole or not there. An interrupt (``KeyboardInterrupt``) or ``stop_export(id)`` ends it, and nothing is left.
        """
        id = id or secrets.token_hex(8)
        asked = {"view": _plain(view), "format": format, "path": str(absolute(path)), "replace": replace, "id": id}
        try:
            return self._wire.ask(ExportAnswer, "POST", "/ledger/grid/export", json=asked, long=True).model_dump()
        except KeyboardInterrupt:
            with contextlib.suppress(RequestError):  # an agent that is gone has taken the export with it
                self.stop_export(id)
            raise

    def stop_export(self, id: str) -> bool:
        """Stop an export under way; False when there is none of that id."""
        return bool(self._wire.json("DELETE", f"/ledger/grid/export/{id}")["stopped"])

    def lookup(self, number: str, code: str = "") -> dict[str, Any]:
        """Every invoice of that number: ``{"columns", "rows"}`` as in ``grid_page``, all columns.

        ``number`` may also be code and number together, with or without a space between.
        """
        return dict(self._wire.json("GET", "/ledger/lookup", params={"number": number, "code": code}))


def _plain(value: Any) -> Any:
    """Amounts and days in a view go as their text."""
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, list | tuple | set) else value
