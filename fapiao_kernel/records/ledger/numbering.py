"""Which numbers are here (号码): a bit a number, so that overlaps and gaps (断号) are found without sorting invoices.

The maps say where two imports may overlap; whether they do is then looked at in those places alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

_DIGITAL = 12
"""Digits of a fully digital number that count up; the first 8 stand for the code."""
BOOK = "CASE WHEN code = '' THEN left(number, 8) ELSE code END"
_NUMBER = (
    f"CASE WHEN code = '' THEN try_cast(right(number, {_DIGITAL}) AS UBIGINT) ELSE try_cast(number AS UBIGINT) END"
)
BUCKET = f"coalesce(({_NUMBER}) // 64, -1)"
_MAP = f"""
SELECT book, coalesce(n // 64, -1)::BIGINT AS bucket, coalesce(bit_or(1::UBIGINT << (n % 64)), 0)::UBIGINT AS bits, count(*) AS rows
FROM (SELECT {BOOK} AS book, {_NUMBER} AS n FROM {{source}}) GROUP BY ALL
"""


def draw(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """The map of ``source`` (a table, or a query in brackets) as temp table ``drawn``."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE drawn AS {_MAP.format(source=source)}")


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Before the first ``keep`` of an import: no code was met yet."""
    connection.execute("CREATE OR REPLACE TEMP TABLE books (book VARCHAR)")


def keep(connection: duckdb.DuckDBPyConnection) -> None:
    """What was drawn becomes part of the ledger's map."""
    connection.execute("INSERT INTO number_map SELECT book, bucket, bits FROM drawn ORDER BY ALL")
    connection.execute("INSERT INTO books SELECT DISTINCT book FROM drawn")
    connection.execute("DROP TABLE drawn")


def twice(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a number may stand twice in what was drawn; where, is then in temp table ``places``."""
    return _places(connection, "SELECT DISTINCT book, bucket FROM drawn WHERE rows <> bit_count(bits)")


def overlaps(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a number of what was drawn may be in the ledger already; where, is then in temp table ``places``."""
    return _places(
        connection,
        "SELECT DISTINCT d.book, d.bucket FROM drawn d JOIN number_map m ON m.book = d.book AND m.bucket = d.bucket"
        " WHERE m.bits & d.bits <> 0 OR d.bucket = -1",
    )


def _places(connection: duckdb.DuckDBPyConnection, found: str) -> bool:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE places AS {found}")
    row = connection.execute("SELECT count(*) FROM places").fetchone()
    return row is not None and row[0] > 0


@dataclass(frozen=True)
class Gap:
    """Numbers that are nowhere: from ``first`` to ``last`` under a code (发票代码)."""

    book: str
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


_MET = """
SELECT book, bucket, bit_or(bits) AS bits
FROM number_map SEMI JOIN (SELECT DISTINCT book FROM books WHERE length(book) IN (10, 12)) USING (book)
WHERE bucket >= 0 GROUP BY book, bucket
"""
_EDGES = f"""
SELECT book, bucket, bits, next FROM (
  SELECT *, lead(bucket) OVER (PARTITION BY book ORDER BY bucket) AS next, lag(bucket) OVER (PARTITION BY book ORDER BY bucket) AS before
  FROM ({_MET})
) WHERE bits <> 18446744073709551615 OR next <> bucket + 1 OR before IS NULL OR next IS NULL OR before <> bucket - 1
ORDER BY book, bucket
"""


def gaps(connection: duckdb.DuckDBPyConnection) -> Iterator[Gap]:
    """Gaps under the codes that were met since ``begin``, in the whole ledger. Fully digital ones have none: others use the numbers
    between."""
    rows = connection.execute(_EDGES).fetchall()
    return between((book, bucket, int(bits), following) for book, bucket, bits, following in rows)


def between(rows: Iterable[tuple[str, int, int, int | None]]) -> Iterator[Gap]:
    """Gaps between the numbers of (book, bucket, bits, next bucket of the book), in order.

    A code is a region's: between two volumes (发票卷) of one taxpayer lie those of others, and of many sellers' invoices hardly two follow
    on each other. Hence a gap is one only where as many numbers as are missing stand together around it.
    A full bucket between two neighbours may be left out: the row before it names it as its next.
    """
    book, last, together = "", -1, 0
    for name, first, end in _stretches(rows):
        numbers = end - first + 1
        if name != book:
            together = 0
        elif first - last - 1 <= together + numbers:
            yield Gap(book, last + 1, first - 1)
        else:
            together = 0
        book, last, together = name, end, together + numbers


def _stretches(rows: Iterable[tuple[str, int, int, int | None]]) -> Iterator[tuple[str, int, int]]:
    """Numbers that follow on each other, as (book, first, last)."""
    book, first, last = "", 0, -1
    for name, start, end in _pieces(rows):
        if name == book and start <= last + 1:
            last = end
            continue
        if book:
            yield book, first, last
        book, first, last = name, start, end
    if book:
        yield book, first, last


def _pieces(rows: Iterable[tuple[str, int, int, int | None]]) -> Iterator[tuple[str, int, int]]:
    """The same bucket by bucket, and what is left out between them."""
    book = ""
    left_out: int | None = None
    for name, bucket, bits, following in rows:
        if name == book and left_out is not None and left_out < bucket:  # full from there up to here
            yield name, left_out * 64, bucket * 64 - 1
        for first, end in _runs(bits):
            yield name, bucket * 64 + first, bucket * 64 + end
        book, left_out = name, bucket + 1 if following == bucket + 1 else None


def _runs(bits: int) -> Iterator[tuple[int, int]]:
    """First and last place of each run of ones, the lowest first."""
    place = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        place += zeros
        ones = (~bits & (bits + 1)).bit_length() - 1
        yield place, place + ones - 1
        bits >>= ones
        place += ones
