"""Named queries (现成的查询) from ``previews/*.sql``.

A query's file begins with comment lines: ``-- zh: …`` and ``-- en: …`` (titles), ``-- also: …`` (other names it answers to) and one
``-- param: name TYPE [= default]`` each. It is a single SELECT over ``asked``, which holds the parameters; these are bound, never
pasted, and it runs in a read-only transaction: it cannot write, by construction.
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

_HEAD = re.compile(r"-- (zh|en|also|param): (.+)")
_PARAM = re.compile(r"(\w+) ([A-Z]+(?:\[\])?)(?: = (.*))?")
_WRONG_VALUE = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.BinderException)


@dataclass(frozen=True)
class NamedQuery:
    """One of them. ``params``: name → (DuckDB type, default as SQL or None when it must be given)."""

    name: str
    zh: str
    en: str
    also: tuple[str, ...]
    params: Mapping[str, tuple[str, str | None]]
    sql: str

    def told(self) -> dict[str, Any]:
        """For faces."""
        params = [{"name": n, "type": kind, "default": default} for n, (kind, default) in self.params.items()]
        return {"name": self.name, "zh": self.zh, "en": self.en, "params": params, "sql": self.sql}

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
    """By its name or another that it answers to. Raises ``UsageError`` (``query_unknown``)."""
    for query in queries().values():
        if name == query.name or name in query.also:
            return query
    raise UsageError("query_unknown", name=name, known="、".join(queries()))


def write(cursor: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any], out: Path) -> None:
    """Raises ``UsageError``: ``query_unknown``, or ``query_parameter`` for one that is missing, unknown or of the wrong type."""
    query = find(name)
    unknown = sorted(set(params) - set(query.params))
    missing = [n for n, (_, default) in query.params.items() if default is None and n not in params]
    for each in (*unknown, *missing):
        raise UsageError("query_parameter", name=name, parameter=each, known=_known(query))
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        result = cursor.sql(query.asked(params), params=dict(params) or None)
        result.write_parquet(str(out), compression="snappy")
    except _WRONG_VALUE as error:
        given, known = "、".join(params), _known(query)
        raise UsageError("query_parameter", name=name, parameter=given, known=known, original=str(error)) from error
    finally:
        cursor.execute("ROLLBACK")


def parse(name: str, text: str) -> NamedQuery:
    """A query from its file's text; a file without both titles is a bug of ours (``KeyError``)."""
    heads: dict[str, str] = {}
    params: dict[str, tuple[str, str | None]] = {}
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is None:
            continue
        if head[1] != "param":
            heads[head[1]] = head[2]
        elif (param := _PARAM.fullmatch(head[2])) is not None:
            params[param[1]] = (param[2], param[3])
    return NamedQuery(name, heads["zh"], heads["en"], tuple(heads.get("also", "").split()), params, text)


def _known(query: NamedQuery) -> str:
    return "、".join(f"{name} {kind}" for name, (kind, _) in query.params.items()) or "-"
