"""Named queries (现成的查询) from ``previews/*.sql``.

A query's file begins with comment lines: ``-- zh: …`` and ``-- en: …`` (titles), ``-- param: name TYPE [= default]`` (an
``ENUM(…)`` where only some words are meant) and ``-- label: name | 中文 | English`` for each parameter, ``-- column: name | 中文 |
English`` for each column. It is a single SELECT over ``asked``, which holds the parameters; these are bound, never pasted, and it
runs in a read-only transaction: it cannot write, by construction. A query with parts of its own (``name AS (…)``) begins with a
comma: ``asked`` is the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.domain.errors import UsageError

_HEAD = re.compile(r"-- (zh|en|param|label|column): (.+)")
_PARAM = re.compile(r"(\w+) ([A-Z]+(?:\[\]|\(.*?\))?)(?: = (.*))?")
_LABEL = re.compile(r"(\w+) \| (.+) \| (.+)")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_WRONG_VALUE = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.BinderException)


@dataclass(frozen=True)
class NamedQuery:
    """One of them. ``params``: name → (DuckDB type, default as SQL or None when it must be given). ``labels`` of parameters and
    ``columns``, in the columns' order: name → (Chinese, English)."""

    name: str
    zh: str
    en: str
    params: Mapping[str, tuple[str, str | None]]
    labels: Mapping[str, tuple[str, str]]
    columns: Mapping[str, tuple[str, str]]
    sql: str

    def told(self) -> dict[str, Any]:
        """For faces."""
        params = [
            {"name": name, "type": kind, "default": default, **_both(self.labels.get(name, (name, name)))}
            for name, (kind, default) in self.params.items()
        ]
        columns = [{"name": name, **_both(label)} for name, label in self.columns.items()]
        return {"name": self.name, "zh": self.zh, "en": self.en, "params": params, "columns": columns, "sql": self.sql}

    def asked(self, given: Mapping[str, Any]) -> str:
        """The query over a row of its parameters."""
        columns = ", ".join(
            f"CAST(${name} AS {kind}) AS {name}" if name in given else f"CAST({default} AS {kind}) AS {name}"
            for name, (kind, default) in self.params.items()
        )
        return f"WITH asked AS (SELECT {columns or '0'})\n{self.sql}"


@cache
def queries() -> Mapping[str, NamedQuery]:
    """Every named query by its name."""
    folder = resources.files("fapiao_kernel.records.ledger") / "previews"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return {f.name.removesuffix(".sql"): parse(f.name.removesuffix(".sql"), f.read_text("utf-8")) for f in files}


def find(name: str) -> NamedQuery:
    """By its name. Raises ``UsageError`` (``query_unknown``)."""
    query = queries().get(name)
    if query is None:
        raise UsageError("query_unknown", name=name, known="、".join(queries()))
    return query


def write(cursor: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any], out: Path) -> None:
    """Raises ``UsageError``: ``query_unknown``, or ``query_parameter`` for one that is missing, unknown or of the wrong type."""
    query = find(name)
    unknown = sorted(set(params) - set(query.params))
    missing = [n for n, (_, default) in query.params.items() if default is None and n not in params]
    for each in (*unknown, *missing):
        raise UsageError("query_parameter", name=name, parameter=each, known=_known(query))
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        given = {key: _value(value, query.params[key][0]) for key, value in params.items()}
        result = cursor.sql(query.asked(params), params=given or None)
        result.write_parquet(str(out), compression="snappy")
    except _WRONG_VALUE as error:
        if not params:
            raise  # it is no value's fault: the query itself is wrong
        wrong, known, first = "、".join(params), _known(query), str(error).partition("\n")[0]
        raise UsageError("query_parameter", name=name, parameter=wrong, known=known, original=first) from error
    finally:
        cursor.execute("ROLLBACK")


def parse(name: str, text: str) -> NamedQuery:
    """A query from its file's text; a file without both titles is a bug of ours (``KeyError``)."""
    heads: dict[str, str] = {}
    params: dict[str, tuple[str, str | None]] = {}
    told: dict[str, dict[str, tuple[str, str]]] = {"label": {}, "column": {}}
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is None:
            continue
        kind, rest = head[1], head[2]
        if kind == "param":
            if (param := _PARAM.fullmatch(rest)) is not None:
                params[param[1]] = (param[2], param[3])
        elif kind in told:
            if (label := _LABEL.fullmatch(rest)) is not None:
                told[kind][label[1]] = (label[2], label[3])
        else:
            heads[kind] = rest
    return NamedQuery(name, heads["zh"], heads["en"], params, told["label"], told["column"], text)


def _both(label: tuple[str, str]) -> dict[str, str]:
    return {"zh": label[0], "en": label[1]}


def _value(value: Any, kind: str) -> Any:
    """A month stands for its first day."""
    return f"{value}-01" if kind == "DATE" and isinstance(value, str) and _MONTH.fullmatch(value) else value


def _known(query: NamedQuery) -> str:
    return "、".join(f"{name} {kind}" for name, (kind, _) in query.params.items()) or "-"
