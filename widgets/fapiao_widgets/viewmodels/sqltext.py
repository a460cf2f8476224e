"""A view of the grid as SQL (所见即查询): readable, with its values quoted, to be copied into a cell and run."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_widgets.viewmodels.filtering import Filter

STATES = {"open": "open_invoice", "cleared": "cleared_invoice"}
"""A scope's state → the ledger's view of it; any other is ``current_invoice``, which holds every invoice and its state."""
KEY = ("code", "number")
"""What ends every order of the ledger's, so that no two invoices stand at one place."""


def quoted(value: Any) -> str:
    """A literal. Numbers and dates are written as text too: DuckDB reads them as the column's type."""
    return "'" + str(value).replace("'", "''") + "'"


def name(column: str) -> str:
    """An identifier, quoted unless it is plain."""
    return (
        column
        if column.isidentifier() and column.isascii() and column.islower()
        else '"' + column.replace('"', '""') + '"'
    )


def condition(filter: Filter) -> str:
    """One filter."""
    column, op, value = name(filter["column"]), filter["op"], filter["value"]
    if op == "empty":
        return f"{column} IS {'' if value else 'NOT '}NULL"
    if op == "contains":
        return f"contains(lower(CAST({column} AS VARCHAR)), lower({quoted(value)}))"
    if op == "in":
        return f"{column} IN ({', '.join(quoted(each) for each in value)})"
    return f"{column} {'<>' if op == '!=' else op} {quoted(value)}"


def where(filters: Sequence[Filter]) -> str:
    """The filters joined, ``""`` for none."""
    return "\n  AND ".join(condition(each) for each in filters)


def order(sort: Sequence[Mapping[str, Any]]) -> str:
    """The order, ``""`` for none."""
    return ", ".join(f"{name(each['column'])}{' DESC' if each.get('descending') else ''}" for each in sort)


def select(source: str, view: Mapping[str, Any], columns: str = "*") -> str:
    """The whole query over ``source``, a table's name or a query in brackets."""
    parts = [f"SELECT {columns} FROM {source}"]
    if conditions := where(view.get("filters", ())):
        parts.append(f"WHERE {conditions}")
    if ordered := order(view.get("sort", ())):
        parts.append(f"ORDER BY {ordered}")
    return "\n".join(parts)


NAMES = ("seller_name", "buyer_name")
"""The ledger finds names in any writing (full or half width, either kind of bracket)."""
_BRACKETS = str.maketrans("〔〕【】［］", "()()()")


def alike(text: str) -> str:
    """A name as the ledger compares it (``party_name.normalised``)."""
    bare = "".join(unicodedata.normalize("NFKC", text.translate(_BRACKETS)).split()).upper()
    return unicodedata.normalize("NFKC", bare)


def ledgers(filter: Filter) -> str:
    """One filter as the ledger itself understands it: nothing is ever NULL there, and codes are told apart by case."""
    column, op, value = filter["column"], filter["op"], filter["value"]
    if op == "empty":
        return f"{column} {'=' if value else '<>'} ''"
    if op != "contains":
        return condition(filter)
    found = f"contains({column}, {quoted(value)})"
    if column not in NAMES:
        return found
    return f"({found} OR {column} IN (SELECT name FROM party_name WHERE contains(normalised, {quoted(alike(value))})))"


def of_view(view: Mapping[str, Any], shown: Sequence[str] = ()) -> str:
    """The query of a view of the ledger: its scope becomes a view's name and further conditions. ``shown``: its columns.

    A scope that is a run's frozen preview cannot be said so: there the named query ``preview`` is the query.
    """
    scope = view.get("scope") or {}
    state = str(scope.get("state") or "all")
    conditions = [f"state = {quoted(state)}"] if state not in (*STATES, "all") else []
    if scope.get("units"):
        conditions.append(f"unit_key IN ({', '.join(str(int(each)) for each in scope['units'])})")
    if scope.get("period"):
        conditions.append(f"period = {quoted(str(scope['period'])[:7] + '-01')}")
    conditions += [ledgers(each) for each in view.get("filters", ())]
    columns = ", ".join(each for each in shown if each != "state" or state not in STATES) or "*"
    parts = [f"SELECT {columns}", f"FROM {STATES.get(state, 'current_invoice')}"]
    if conditions:
        parts.append("WHERE " + "\n  AND ".join(conditions))
    sort = list(view.get("sort", ()))
    sort += [{"column": each} for each in KEY if each not in [given["column"] for given in sort]]
    parts.append(f"ORDER BY {order(sort)}")
    return "\n".join(parts)
