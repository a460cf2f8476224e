"""Who stands on the invoices of a table (购销双方): each looked at once, whatever the number of its invoices."""

from __future__ import annotations

import duckdb

from fapiao_kernel.records.ledger import adding
from fapiao_kernel.records.ledger.doubts import SYMBOLS, Doubt
from fapiao_kernel.records.ledger.taking.rows import REMARK

_ID = 18
_WEIGHED = " + ".join(
    f"(instr('{SYMBOLS}', substr(u, {place + 1}, 1)) - 1) * {pow(3, place, 31) if place < _ID - 1 else 1}"
    for place in range(_ID)
)
_BAD = f"length(u) = {_ID} AND (NOT regexp_full_match(u, '[{SYMBOLS}]{{{_ID}}}') OR ({_WEIGHED}) % 31 <> 0)"
_NORMAL = r"regexp_full_match(name, '[0-9A-Z()\x{4E00}-\x{9FA5}]+')"
"""Half-width capitals, digits, round brackets and the common ideographs (Unicode 1.1): ``names.normalised`` leaves these alone."""
_SIDES = (("seller_id", "seller_name"), ("buyer_id", "buyer_name"))


def gather(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """The parties of ``source`` (a table with a WHERE), each once."""
    for side, (number, name) in enumerate(_SIDES):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE party{side} AS SELECT {number} AS id, {name} AS name FROM {source} GROUP BY ALL"
        )


def look(connection: duckdb.DuckDBPyConnection, source: str) -> list[int]:
    """Gathers them, and gives the row ids on which a party, a machine number or a code is written in an odd way."""
    gather(connection, source)
    odd: list[int] = []
    for side, columns in enumerate(_SIDES):
        strange = (
            f"SELECT id, name FROM party{side} WHERE regexp_matches(id, '{REMARK}') OR regexp_matches(name, '{REMARK}')"
        )
        odd += _rows(connection, source, columns, strange)
    for column, pattern in (("machine_number", "[0-9]{0,12}"), ("code", "[0-9]{10}|[0-9]{12}|")):
        strange = f"SELECT {column} FROM (SELECT {column} FROM {source} GROUP BY ALL) WHERE NOT regexp_full_match({column}, '{pattern}')"
        odd += _rows(connection, source, (column,), strange)
    return odd


def _rows(connection: duckdb.DuckDBPyConnection, source: str, columns: tuple[str, ...], strange: str) -> list[int]:
    found = connection.execute(strange).fetchall()
    if not found:
        return []
    listed = ", ".join(columns)
    rows = connection.execute(f"SELECT rowid FROM {source} AND ({listed}) IN ({strange})").fetchall()
    return [row for (row,) in rows]


def doubt(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Flags the invoices of whose parties one has a wrong check digit. After ``gather``."""
    table, _, where = source.partition(" WHERE ")
    for side, (number, _) in enumerate(_SIDES):
        bad = f"SELECT id FROM (SELECT DISTINCT id, upper(id) AS u FROM party{side}) WHERE {_BAD}"
        if connection.execute(f"SELECT count(*) FROM ({bad})").fetchone() != (0,):
            connection.execute(
                f"UPDATE {table} SET doubts = doubts | {int(Doubt.ID)} WHERE {where} AND {number} IN ({bad})"
            )


def remember(connection: duckdb.DuckDBPyConnection) -> None:
    """Names into ``party_name``: those that are their own form by themselves, the others through ``names``. After ``gather``."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE unknown_name AS SELECT DISTINCT name FROM"
        " (SELECT name FROM party0 UNION ALL SELECT name FROM party1) ANTI JOIN party_name USING (name) WHERE name <> ''"
    )
    connection.execute(f"INSERT INTO party_name SELECT name, name FROM unknown_name WHERE {_NORMAL}")
    names = connection.execute(f"SELECT name FROM unknown_name WHERE NOT {_NORMAL}").fetchall()
    connection.execute("DROP TABLE unknown_name")
    adding.remember_names(connection, {name for (name,) in names})
