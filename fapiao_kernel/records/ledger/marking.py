"""What becomes known of an invoice later (标记): a row of its own, while the invoice is open; the invoice stays as it came in.

Table ``known`` of the caller names what an import says of invoices that are here already: ``import_seq`` (of that import), code,
number, ``told`` (the status the file tells) and ``uploaded``.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from fapiao_kernel.records.ledger import totalling
from fapiao_kernel.records.ledger.differing import DIFFERING

_OPEN = "(i.unit_key IS NULL OR k.unit_key IS NULL OR i.import_seq > k.watermark)"
_JOINED = f"""
FROM (SELECT n.* FROM known n JOIN invoice i ON i.code = n.code AND i.number = n.number WHERE NOT ({DIFFERING})) n
JOIN invoice i ON i.code = n.code AND i.number = n.number
LEFT JOIN clear_unit k ON k.unit_key = i.unit_key
"""
_NO_VOID = "NOT EXISTS (SELECT 1 FROM invoice_mark m WHERE m.mark = 'void' AND m.code = i.code AND m.number = i.number)"


@dataclass(frozen=True)
class Marked:
    """``voided``: import number → invoices marked. ``refused``: (import, unit key, code, number) of void ones whose unit is cleared."""

    voided: dict[int, int]
    refused: tuple[tuple[int, int, str, str], ...]


def mark(connection: duckdb.DuckDBPyConnection) -> Marked:
    """Void and upload marks for what ``known`` says, each once; sums are corrected. Nothing is marked that is cleared."""
    refused = connection.execute(
        f"SELECT n.import_seq, i.unit_key, i.code, i.number {_JOINED}"
        f" WHERE n.told = 'void' AND i.status <> 'void' AND {_NO_VOID} AND NOT {_OPEN} ORDER BY 1, 3, 4"
    ).fetchall()
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE marked AS SELECT i.unit_key, n.import_seq, i.code, i.number {_JOINED}"
        f" WHERE n.told = 'void' AND i.status <> 'void' AND {_NO_VOID} AND {_OPEN}"
    )
    counted = connection.execute("SELECT import_seq, count(*) FROM marked GROUP BY ALL").fetchall()
    if counted:
        connection.execute("INSERT INTO invoice_mark SELECT *, 'void' FROM marked ORDER BY ALL")
        totalling.correct(connection, "marked")
    connection.execute(
        f"INSERT INTO invoice_mark SELECT i.unit_key, n.import_seq, i.code, i.number, 'unsent' {_JOINED}"
        f" WHERE n.uploaded = false AND {_OPEN} AND NOT EXISTS (SELECT 1 FROM invoice_mark m"
        "  WHERE m.mark <> 'void' AND m.code = i.code AND m.number = i.number) ORDER BY ALL"
    )
    connection.execute(
        f"INSERT INTO invoice_mark SELECT i.unit_key, n.import_seq, i.code, i.number, 'sent' {_JOINED}"
        f" WHERE n.uploaded AND {_OPEN} AND EXISTS (SELECT 1 FROM invoice_mark m"
        "  WHERE m.mark = 'unsent' AND m.code = i.code AND m.number = i.number) AND NOT EXISTS (SELECT 1 FROM invoice_mark m"
        "  WHERE m.mark = 'sent' AND m.code = i.code AND m.number = i.number) ORDER BY ALL"
    )
    return Marked(dict(counted), tuple(refused))


def unsent(connection: duckdb.DuckDBPyConnection, first: int, last: int, flag: int) -> None:
    """Invoices that came in as not uploaded get their mark."""
    connection.execute(
        "INSERT INTO invoice_mark SELECT unit_key, import_seq, code, number, 'unsent' FROM invoice"
        f" WHERE import_seq BETWEEN {int(first)} AND {int(last)} AND doubts & {int(flag)} <> 0 ORDER BY ALL"
    )
