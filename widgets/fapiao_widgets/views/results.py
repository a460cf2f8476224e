"""Query results in a cell (查询结果): a paged grid over a DuckDB relation, with how old it is; a refusal as its sentences."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fapiao_kernel.domain.errors import english
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels.door import door
from fapiao_widgets.viewmodels.local_pages import LocalPages
from fapiao_widgets.viewmodels.querying import LIMIT, as_kind, find, snapshot, titles, written_out
from fapiao_widgets.viewmodels.trouble import REFUSALS, Trouble, card, gone

if TYPE_CHECKING:
    from fapiao_widgets.views.grid import GridView


class NoPandas(ImportError):
    """A DataFrame was asked for where pandas is not installed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Stopped(KeyboardInterrupt):
    """A person stopped the query (■). Still an interrupt, so that the cells behind it do not run on; only its words are ours."""

    def _render_traceback_(self) -> list[str]:
        return [say("sql.stopped")]


class Result:
    """Rows of a query. Whatever a DuckDB relation can do, this can: its methods are handed on to ``relation``."""

    title: str = ""
    """What a ready-made query is called."""
    labels: Mapping[str, str] = MappingProxyType({})
    """What it calls its columns."""

    def __init__(self, relation: Any, query: str = "", told: str = "", limit: int = 0, how: str = "") -> None:
        self.relation = relation
        """The DuckDB relation: amounts DECIMAL(18,2), codes and numbers text."""
        self.query = query
        self.told = told
        """Where the rows come from and how old they are."""
        self._limit = limit
        self._how = how
        self._grid: GridView | None = None

    def df(self) -> Any:
        """The rows as a pandas DataFrame; amounts stay ``Decimal``, as DuckDB's own ``df`` would make floats of them.

        Raises ``NoPandas`` where pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise NoPandas(say("sql.no_pandas"))
        frame = self.relation.df()
        money = [at for at, kind in enumerate(self.relation.types) if str(kind).startswith("DECIMAL")]
        if money:
            rows = self.relation.fetchall()
            for at in money:
                name = self.relation.columns[at]
                frame[name] = frame[name].astype(object)
                frame[name] = [row[at] for row in rows]
        return frame

    def grid(self) -> GridView:
        """The rows as a paged grid: sort, filter, sums of all rows, export."""
        if self._grid is None:
            from fapiao_widgets.viewmodels.grid import Grid
            from fapiao_widgets.views.grid import GridView

            name = self.title or say("grid.title.result")
            told = " · ".join(part for part in (name, self.told, self.limited) if part)
            self._grid = GridView(
                Grid(LocalPages(self.relation, self.query, self.labels), name=say("grid.title.result")), told
            )
        return self._grid

    @property
    def limited(self) -> str:
        """A sentence when there may be more rows than were taken; ``""`` else."""
        if not self._limit or len(self.relation) < self._limit:
            return ""
        return say("sql.limited", n=f"{self._limit:,}", how=self._how)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.relation, name)

    def __len__(self) -> int:
        return len(self.relation)

    def __getitem__(self, name: Any) -> Any:
        return self.relation[name]

    def __repr__(self) -> str:
        return "\n".join(part for part in (repr(self.relation), self.limited, self.told) if part)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        shown = self.grid()._repr_mimebundle_(include=include, exclude=exclude)
        data, meta = shown if isinstance(shown, tuple) else (shown, {})
        return {**(data or {}), "text/plain": repr(self)}, meta


class Listing:
    """A small table of words that a notebook shows."""

    def __init__(self, caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.caption = caption
        self.columns = columns
        self.rows = rows

    def __repr__(self) -> str:
        return "\n".join([self.caption, *("  ".join(row) for row in [self.columns, *self.rows])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(each)}</th>' for each in self.columns)
        rows = "".join("<tr>" + "".join(_cell(each) for each in row) + "</tr>" for row in self.rows)
        caption = f'<caption style="text-align:left">{html.escape(self.caption)}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    return f'<td style="text-align:left">{html.escape(text)}</td>'


class Refusal:
    """A refusal that a notebook shows in place of a table."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.rows = rows

    def __repr__(self) -> str:
        return "\n".join(f"{label}：{value}" for label, value in self.rows)

    def _repr_html_(self) -> str:
        head = '<th scope="row" style="text-align:left;white-space:nowrap">'
        cells = "".join(f"<tr>{head}{html.escape(label)}</th>{_cell(value)}</tr>" for label, value in self.rows)
        return f"<table>{cells}</table>"


def shown(ask: Callable[[Any], Any]) -> Any:
    """What ``ask(client)`` gives, or its refusal. An interrupt goes on as one, in words of ours (``Stopped``)."""
    try:
        try:
            return ask(door())
        except REFUSALS as error:
            if not gone(error):
                raise
            door().reopen()  # a query only reads: with a new agent it may be asked again
            return ask(door())
    except REFUSALS as error:
        return Refusal(card(Trouble.of_reading(error))["rows"])
    except KeyboardInterrupt:
        raise Stopped(say("sql.stopped")) from None


def queried(client: Any, text: str, limit: int = LIMIT, seconds: float = 30.0, how: str = "") -> Result:
    """The answer to a query of one's own, with the age of its snapshot."""
    answer = client.query(text, limit=limit, seconds=seconds)
    return Result(answer.relation, text, snapshot(answer.age, answer.journal), limit, how or f"limit={limit * 10}")


def by_name(client: Any, name: str, given: Mapping[str, Any]) -> Result:
    """A ready-made query's answer; text is read as its parameter's kind (a month stands for its first day)."""
    query = find(name, client.queries())
    kinds = {each["name"]: str(each["type"]) for each in query.get("params", ())}
    params = {key: as_kind(value, kinds.get(key, "")) for key, value in given.items()}
    result = Result(client.named(name, **params), written_out(query, params))
    result.title, result.labels = titles(query, english())
    return result
