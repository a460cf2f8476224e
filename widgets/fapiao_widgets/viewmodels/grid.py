"""The paged grid (发票表): what the front end asks becomes questions to where the rows lie, and answers as text.

It keeps no rows. An ask carries the whole of its view (what was typed, picked and sorted), so several faces may look at one grid.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import columns, pages
from fapiao_widgets.viewmodels.filtering import Column, Filter, Unreadable, typed
from fapiao_widgets.viewmodels.pages import AgentPages, Pages, View
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble, card, gone

LIMIT = 500
"""Rows that one ask may bring."""
FORMATS = ("xlsx", "csv", "parquet")
_KEPT = 4096
"""Places remembered where a page can be gone on from."""


class Grid:
    """``view``: scope, filters and order that stand before anything a person adds. ``folder``: where exports are put."""

    def __init__(self, source: Pages, view: View | None = None, folder: Path | None = None, name: str = "") -> None:
        self.source = source
        self.base: View = {"scope": {}, "filters": [], "sort": [], **(view or {})}
        self.columns: list[Column] = []
        self.seen: View = dict(self.base)
        """The view that was asked for last: what ``sql`` and a person's own code go on from."""
        self._folder = folder
        self._name = name or say("grid.title")
        self._places: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._mark: Any = None
        self._exporting = ""
        self._lost = False
        self._acts = {"page": self._page, "totals": self._totals, "facet": self._facet, "export": self._export}

    @property
    def sql(self) -> str:
        """The query of what is seen (所见即查询)."""
        return self.source.sql(self.seen)

    def answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one ask of the front end, with its ``id`` and ``to``; a refusal comes as a failure card."""
        tag = {"to": ask.get("to"), "id": ask.get("id"), "ask": ask["ask"]}
        try:
            if self._lost and isinstance(
                self.source, AgentPages
            ):  # a person goes on after the failure card, so an agent is wanted
                self.source.client.reopen()
            self._lost = False
            view, wrong = self._view(ask.get("view") or {}, but=ask["column"] if ask["ask"] == "facet" else "")
            return {**tag, "wrong": wrong, **self._acts[str(ask["ask"])](view, ask)}
        except REFUSALS as error:
            if str(error.code) == "grid_changed":  # what `after` stood for is gone: a person is told, and begins again
                return {**tag, "outdated": True}
            self._lost = gone(error)
            return {**tag, "failure": card(Trouble.of_reading(error))}
        except OSError as error:  # an export's folder that is full or read-only
            return {**tag, "problem": say("grid.export.failed", reason=error.strerror or type(error).__name__)}

    def changed(self) -> bool:
        """Whether the data are no longer those that were last shown."""
        return self._mark is not None and self.source.mark() != self._mark

    def stop(self) -> None:
        """End the export under way, if there is one: its own answer says so."""
        if isinstance(self.source, AgentPages) and self._exporting:
            self.source.stop(self._exporting)

    def far(self) -> str:
        """How far the export under way is; ``""`` where there is none."""
        return self.source.far(self._exporting) if isinstance(self.source, AgentPages) and self._exporting else ""

    def _view(self, asked: Mapping[str, Any], but: str = "") -> tuple[View, dict[str, str]]:
        """The view that is meant, and a sentence for every column whose text cannot be read.

        ``but``: a column whose own filters do not count: its summary goes on showing what else could be picked.
        """
        by_name = {column.name: column for column in self.columns if not column.fixed}
        filters: list[Filter] = []
        wrong = {}
        for name, text in (asked.get("typed") or {}).items():
            try:
                filters += typed(by_name[name], str(text))
            except Unreadable as error:
                wrong[name] = say("grid.wrong", label=by_name[name].label, why=error)
        for picked in asked.get("picked") or ():
            filters += [each for each in picked["filters"] if each["column"] in by_name]
        filters = [*self.base["filters"], *(each for each in filters if each["column"] != but)]
        sort = [each for each in asked.get("sort") or () if each["column"] in by_name]
        scope = dict(self.base["scope"])
        if asked.get("state") in self.source.states:
            scope["state"] = asked["state"]
        return {**self.base, "scope": scope, "filters": filters, "sort": sort or self.base["sort"]}, wrong

    def _page(self, view: View, ask: Mapping[str, Any]) -> dict[str, Any]:
        offset, limit = max(0, int(ask.get("offset") or 0)), min(LIMIT, max(1, int(ask.get("limit") or 100)))
        if offset == 0:
            self._mark = self.source.mark()
            self._places.clear()
        key = repr((view["scope"], view["filters"], view["sort"]))
        after = self._places.get(f"{offset} {key}")
        page = self.source.page(view, limit, after, 0 if after is not None else offset)
        with self._lock:
            self.columns, self.seen = page.columns, view
            if page.next is not None:
                self._places[f"{offset + len(page.rows)} {key}"] = page.next
                while len(self._places) > _KEPT:
                    del self._places[next(iter(self._places))]
        rows = [
            [columns.written(column, value) for column, value in zip(page.columns, row, strict=True)]
            for row in page.rows
        ]
        faceted = self.source.faceted
        return {
            "columns": [
                {**column.drawn(), "faceted": not column.fixed and (faceted is None or column.name in faceted)}
                for column in page.columns
            ],
            "rows": rows,
            "offset": offset,
            "end": len(rows) < limit,
            "sql": self.source.sql(view),
            "voids": _voids(page),
        }

    def _totals(self, view: View, ask: Mapping[str, Any]) -> dict[str, Any]:
        total = self.source.totals(view)
        sums = {name: columns.separated(value) for name, value in total.sums.items()}
        if self.source.what:
            words = say("grid.totals.rows", count=f"{total.count:,}")
        else:
            shown = {name: sums.get(name, say("none")) for name in ("amount", "tax", "total")}
            words = say("grid.totals", count=f"{total.count:,}", **shown)
            if total.voids is not None:
                words += say("grid.totals.voids", voids=f"{total.voids:,}")
        if len(view["filters"]) > len(self.base["filters"]):
            words += say("grid.totals.filtered")
        return {
            "count": total.count,
            "sums": sums,
            "sentence": words,
            "export": say("grid.export", count=f"{total.count:,}"),
        }

    def _facet(self, view: View, ask: Mapping[str, Any]) -> dict[str, Any]:
        column = next(each for each in self.columns if each.name == ask["column"])
        facet = self.source.facet(view, column)
        if not facet.spans and facet.rest and all(part.count == 1 for part in facet.parts):
            facet = pages.Facet([], rest=facet.rest + len(facet.parts))  # every row its own: nothing to pick from
        key = "grid.summary.item.rows" if self.source.what else "grid.summary.item"
        parts = []
        for part in facet.parts:
            label = pages.label(column, part)
            told = say(key, label=label, count=f"{part.count:,}")
            parts.append({"label": label, "told": told, "count": part.count, "filters": list(part.filters)})
        rest = say("grid.summary.rest", n=f"{facet.rest:,}") if facet.rest else ""
        ends = ("", "")
        if facet.spans and facet.parts:
            ends = (columns.brief(column, facet.parts[0].value), columns.brief(column, facet.parts[-1].until))
        return {
            "column": column.name,
            "spans": facet.spans,
            "parts": parts,
            "rest": rest,
            "rest_count": facet.rest_count,
            "ends": ends,
            "note": say("grid.summary.distinct", n=f"{len(parts) + facet.rest:,}"),
        }

    def _export(self, view: View, ask: Mapping[str, Any]) -> dict[str, Any]:
        format = str(ask["format"])
        if format not in FORMATS:
            raise KeyError(format)
        self._exporting = id = secrets.token_hex(8)
        try:
            done = self.source.export(view, format, free(self._folder or Path.cwd(), self._name, format), id)
        finally:
            self._exporting = ""
        told = say("grid.exported", count=f"{done.count:,}", path=done.path)
        if done.digest:
            told += say("grid.exported.digest", digest=done.digest[:16])
        return {
            "exported": told + say("grid.exported.sha256", sha256=done.sha256),
            "path": done.path,
            "count": done.count,
        }


def broken(error: Exception) -> dict[str, Any]:
    """The failure card of what should not have happened; the rows themselves are untouched by it."""
    kind = type(error).__name__
    return card(
        Trouble(
            "grid_broken", say("grid.broken", kind=kind), "NOT_SENT", say("grid.broken.remedy"), "it", str(error)[:300]
        )
    )


def free(folder: Path, name: str, format: str) -> Path:
    """The first name of its kind that is not taken: an export never writes over anything."""
    return next(path for n in itertools.count(1) if not (path := folder / f"{name}-{n}.{format}").exists())


def states(model: Grid) -> list[list[str]]:
    """The scopes to choose from, each with its word, the first one chosen."""
    chosen = model.base["scope"].get("state") or "all"
    known = [state for state in model.source.states if state == chosen or not model.base["scope"].get("frozen")]
    return [[state, say(f"grid.state.{state}")] for state in sorted(known, key=lambda state: state != chosen)]


def words() -> dict[str, str]:
    """The front end's own words."""
    keys = ("loading", "slow", "retry", "clear", "changed", "reload", "sql", "copy", "copied", "sort", "summary", "filter",
            "picked", "keys", "exporting", "stop", "sum", "scope")  # fmt: skip
    told = {key: say(f"grid.{key}", **dict.fromkeys(("label", "format"), "%s")) for key in keys}
    return {**told, "lang": say("grid.lang")}


def _voids(page: pages.Page) -> list[int]:
    """Which of the page's rows are void: they are struck through, as they count zero."""
    at = next((n for n, column in enumerate(page.columns) if column.kind == "status"), None)
    return [] if at is None else [n for n, row in enumerate(page.rows) if row[at] == "void"]
