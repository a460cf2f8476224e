"""The ledger's table for faces (发票库表格): what they ask becomes a view of the ledger; answers are JSON made once."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.queries import Queries
from fapiao_kernel.api.grid import ExportAnswer, ExportRequest, FacetsRequest, GridView, PageRequest, TotalsRequest
from fapiao_kernel.domain.clearing import Event, units_of
from fapiao_kernel.domain.errors import NotReachable, Refused, UsageError
from fapiao_kernel.domain.home import Home

if TYPE_CHECKING:
    from fapiao_kernel.records.ledger.browsing.browser import Browser
    from fapiao_kernel.records.ledger.browsing.view import View

NO_TOTALS: dict[str, Any] = {
    **{"count": 0, "voids": 0, "reds": 0},
    "sums": {"amount": "0.00", "tax": "0.00", "total": "0.00"},
    "distinct": {},
}


class Browsing:
    """Pages, totals and summaries of a home's ledger. A home without a ledger has a table without rows."""

    def __init__(self, house: House, queries: Queries) -> None:
        self._house = house
        self._queries = queries

    def page(self, request: PageRequest) -> bytes:
        """See ``Client.grid_page``."""
        view = self.view(request.view)
        if self._queries.empty:
            columns = [column.told() for column in view.columns]
            return dumped({"columns": columns, "rows": [], "next": "", "offset": request.offset or 0, "age": None})
        return dumped(self._browser().page(view, request.limit, request.after, request.offset))

    def totals(self, request: TotalsRequest) -> bytes:
        """See ``Client.grid_totals``."""
        view = self.view(request.view)
        return dumped(NO_TOTALS if self._queries.empty else self._browser().totals(view))

    def facets(self, request: FacetsRequest) -> bytes:
        """See ``Client.grid_facets``."""
        from fapiao_kernel.records.ledger.browsing.columns import find
        from fapiao_kernel.records.ledger.browsing.facets import nothing

        view, column = self.view(request.view), find(request.column)
        return dumped(nothing(column) if self._queries.empty else self._browser().facets(view, column))

    def look_up(self, number: str, code: str) -> bytes:
        """See ``Client.lookup``."""
        from fapiao_kernel.records.ledger.browsing.columns import COLUMNS

        rows = [] if self._queries.empty else self._browser().look_up(number, code)
        return dumped({"columns": [column.told() for column in COLUMNS.values()], "rows": rows})

    def rate_sums(self) -> bytes:
        """See ``Client.totals``."""
        return dumped([] if self._queries.empty else self._browser().rate_sums())

    def export(self, request: ExportRequest) -> ExportAnswer:
        """See ``Client.grid_export``. Under way it is work of its own, which ``stop`` ends."""
        from fapiao_kernel.records.ledger.browsing.exporting import Export

        self._need_ledger()
        view, path, export = self.view(request.view), Path(request.path), Export()
        if _own(path, self._house.home):
            raise UsageError("export_place", path=path)
        id = request.id or secrets.token_hex(8)
        with self._house.exports.under_way(id, export), self._house.worker.job(f"export {id}", "导出") as progress:
            done = self._browser().export(
                export, view, request.format, path, replace=request.replace, progress=progress
            )
        self._house.journal.append("export.done", {"file": path.name, **_noted(done)}, who=self._house.identity.who)
        return ExportAnswer(**done)

    def _need_ledger(self) -> None:
        if self._queries.empty:
            raise NotReachable("ledger_empty")

    def _browser(self) -> Browser:
        return self._house.duck.get().browser

    def view(self, asked: GridView) -> View:
        """What was asked, as the ledger looks at it. Raises ``UsageError``, ``Refused`` (``run_not_found``, ``no_frozen_preview``)."""
        from fapiao_kernel.records.ledger.browsing.view import Scope, View

        scope = asked.scope
        frozen = self._frozen(scope.frozen) if scope.frozen else None
        return View.of(
            Scope.parse(scope.state, scope.units, scope.period, frozen),
            [(each.column, each.op, each.value) for each in asked.filters],
            [(each.column, each.descending) for each in asked.sort],
            asked.columns,
        )

    def _frozen(self, id: str) -> list[tuple[int, int]]:
        """What the run's preview froze. Raises ``Refused``: ``run_not_found``, ``no_frozen_preview``."""
        run = self._house.engine.run(id)
        frozen = run.facts.get(Event.FROZEN)
        if not frozen:
            raise Refused("no_frozen_preview")
        units = units_of(run.device_number, frozen["units"])
        return [(unit.key, told["watermark"]) for unit, told in zip(units, frozen["units"], strict=True)]


def _own(path: Path, home: Home) -> bool:
    """Whether a place is among the program's own data, where nothing but the user's notebooks is anybody's to write."""
    if "\0" in str(path):
        return True  # no place at all
    place = path.resolve()
    return place.is_relative_to(home.root.resolve()) and not place.is_relative_to(home.notebooks.resolve())


def _noted(done: dict[str, Any]) -> dict[str, Any]:
    return {name: done[name] for name in ("rows", "digest", "sha256")}


def dumped(answer: Any) -> bytes:
    """JSON as it goes out. Everything in it is plain already."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
