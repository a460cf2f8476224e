"""Reading the ledger (查询): pages by key, totals, and named queries from ``previews/*.sql``.

A named query's file begins with comment lines: ``-- zh: …``, ``-- en: …`` (titles) and one ``-- param: name TYPE [= default]`` each.
It is a single SELECT; parameters are bound, never pasted.
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

SEPARATOR = "|"
_PAGE = """
SELECT code, number, invoice_type, issue_date::VARCHAR, amount::VARCHAR, tax::VARCHAR, total::VARCHAR, rate, status, red,
       buyer_id, buyer_name, lines, remark
FROM (
  SELECT * FROM invoice
  WHERE list_contains($keys, unit_key) AND (code > $code OR (code = $code AND number > $number))
  ORDER BY code, number LIMIT $limit
) ORDER BY code, number
"""
_COLUMNS = (
    *("code", "number", "invoice_type", "issue_date", "amount", "tax", "total", "rate", "status", "red"),
    *("buyer_id", "buyer_name", "lines", "remark"),
)
_TOTALS = """
SELECT invoice_type, strftime(period, '%Y-%m') AS period, rate, state, count, amount::VARCHAR AS amount, tax::VARCHAR AS tax
FROM (
  SELECT invoice_type, period, rate, state, count(*) AS count,
         sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END) AS amount,
         sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END) AS tax
  FROM (
    SELECT i.invoice_type, i.period, coalesce(l.rate, i.rate) AS rate, i.status,
           coalesce(l.amount, i.amount) AS amount, coalesce(l.tax, i.tax) AS tax,
           CASE WHEN i.fully_digital THEN 'fully_digital' WHEN i.unit_key IS NULL THEN 'card_unknown'
                WHEN i.import_seq <= k.watermark THEN 'cleared' ELSE 'open' END AS state
    FROM invoice i
    LEFT JOIN clear_unit k ON k.unit_key = i.unit_key
    LEFT JOIN (
      SELECT code, number, import_seq, rate, sum(amount) AS amount, sum(tax) AS tax FROM invoice_line
      WHERE (code, number) IN (SELECT (code, number) FROM invoice WHERE rate = '多税率') GROUP BY ALL
    ) l ON i.rate = '多税率' AND l.code = i.code AND l.number = i.number AND l.import_seq = i.import_seq
  ) GROUP BY ALL
) ORDER BY state, period, invoice_type, try_cast(rate AS DECIMAL(9,6)) DESC NULLS LAST, rate
"""
_HEAD = re.compile(r"-- (zh|en|param): (.+)")
_PARAM = re.compile(r"(\w+) ([A-Z]+(?:\[\])?)(?: = (.*))?")


@dataclass(frozen=True)
class NamedQuery:
    """One named query (现成的查询). ``params``: name → (DuckDB type, default as SQL or None when it must be given)."""

    name: str
    zh: str
    en: str
    params: Mapping[str, tuple[str, str | None]]
    sql: str

    def told(self) -> dict[str, Any]:
        """For faces."""
        params = [{"name": n, "type": kind, "default": default} for n, (kind, default) in self.params.items()]
        return {"name": self.name, "zh": self.zh, "en": self.en, "params": params, "sql": self.sql}


@cache
def queries() -> Mapping[str, NamedQuery]:
    """Every named query by its name."""
    folder = resources.files("fapiao_kernel.records.ledger") / "previews"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return {f.name.removesuffix(".sql"): _query(f.name.removesuffix(".sql"), f.read_text("utf-8")) for f in files}


def page(cursor: duckdb.DuckDBPyConnection, keys: list[int], after: str, limit: int) -> dict[str, Any]:
    """Keyset paging: ``after`` is the ``next`` of the page before, ``""`` for the first."""
    code, _, number = after.partition(SEPARATOR)
    rows = cursor.execute(_PAGE, {"keys": keys, "code": code, "number": number, "limit": limit}).fetchall()
    told = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    last = f"{rows[-1][0]}{SEPARATOR}{rows[-1][1]}" if len(rows) == limit else ""
    return {"rows": told, "next": last}


def totals(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """See ``DuckLedger.totals``."""
    names = ("invoice_type", "period", "rate", "state", "count", "amount", "tax")
    return [dict(zip(names, row, strict=True)) for row in cursor.execute(_TOTALS).fetchall()]


def write_named(cursor: duckdb.DuckDBPyConnection, name: str, params: Mapping[str, Any], out: Path) -> None:
    """Raises ``UsageError``: ``query_unknown``, or ``query_parameter`` for one that is missing, unknown or of the wrong type."""
    query = queries().get(name)
    if query is None:
        raise UsageError("query_unknown", name=name, known="、".join(queries()))
    unknown = set(params) - set(query.params)
    missing = [n for n, (_, default) in query.params.items() if default is None and n not in params]
    for each in (*sorted(unknown), *missing):
        raise UsageError("query_parameter", name=name, parameter=each, known="、".join(query.params) or "-")
    given = ", ".join(
        f"CAST(${n} AS {kind}) AS {n}" if n in params else f"CAST({default} AS {kind}) AS {n}"
        for n, (kind, default) in query.params.items()
    )
    asked = f"WITH asked AS (SELECT {given}) " if given else ""
    try:
        result = (
            cursor.sql(asked + query.sql, params={n: params[n] for n in params})
            if params
            else cursor.sql(asked + query.sql)
        )
        result.write_parquet(str(out), compression="snappy")
    except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise UsageError(
            "query_parameter",
            name=name,
            parameter="、".join(params),
            known="、".join(query.params),
            original=str(error),
        ) from error


def _query(name: str, text: str) -> NamedQuery:
    titles: dict[str, str] = {}
    params: dict[str, tuple[str, str | None]] = {}
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is None:
            continue
        if head[1] != "param":
            titles[head[1]] = head[2]
        elif (param := _PARAM.fullmatch(head[2])) is not None:
            params[param[1]] = (param[2], param[3])
    return NamedQuery(name, titles["zh"], titles["en"], params, text)
