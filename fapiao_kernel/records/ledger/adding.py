"""Invoices in as objects (逐张导入): what OFD, XML and PDF hold, and a table's odd rows; new ones into the ledger, known ones noted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.ledger import doubts, numbering, rows
from fapiao_kernel.records.ledger.differing import Batch
from fapiao_kernel.records.ledger.names import clean, normalised

_SAME = "i.code = n.code AND i.number = n.number"
_TOLD = (
    "n.import_seq, n.code, n.number, n.status AS told, n.uploaded, n.unit_key, n.period, n.invoice_type, n.issue_date,"
    " n.amount, n.tax, n.total, n.fully_digital"
)
"""What ``known`` keeps of an invoice that is here already, as the import tells it."""
KNOWN = f"SELECT {_TOLD}{{more}} FROM {{source}} n JOIN invoice i ON {_SAME}"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty ``known``, and no code met yet, for the imports to come."""
    empty = "(SELECT *, NULL::BOOLEAN AS uploaded FROM invoice LIMIT 0)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known AS SELECT {_TOLD} FROM {empty} n")
    numbering.begin(connection)


def put(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    unit_key: Callable[[Invoice], int | None],
    at: datetime,
    period: Period | None,
    progress: Progress | None,
) -> None:
    """The batch's invoices as rows of the caller's transaction; those that are here already go into ``known``."""
    if not batch.invoices:
        return
    with tempfile.TemporaryDirectory(prefix="fapiao-import-") as folder:
        heads, goods = Path(folder) / "invoice.csv", Path(folder) / "line.csv"
        told = (rows.incoming_row(i, unit_key(i), seq, doubts.of(i, at, period)) for seq, i in batch.invoices)
        rows.write(heads, told, progress, len(batch.invoices))
        rows.write(goods, (line for _, i in batch.invoices for line in rows.line_rows(i)))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {rows.typed(heads, rows.INCOMING)}")
        numbering.draw(connection, "incoming")
        there = numbering.overlaps(connection)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE there AS {KNOWN.format(source='incoming', more='')}{'' if there else ' WHERE false'}"
        )
        connection.execute("INSERT INTO known FROM there")
        fresh = "ANTI JOIN there USING (code, number)"
        connection.execute(
            "INSERT INTO invoice BY NAME SELECT * EXCLUDE (uploaded)"
            f" FROM incoming {fresh}{_order(connection, 'incoming')}"
        )
        if goods.stat().st_size:
            connection.execute(f"INSERT INTO invoice_line FROM {rows.typed(goods, rows.LINE)} {fresh}")
        numbering.keep(connection)
    remember_names(connection, {name for _, i in batch.invoices for name in (i.seller_name, i.buyer_name) if name})


def _order(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    # Invoices of one month lie in good order as they come; those of several would scatter each month over the whole table.
    months = connection.execute(f"SELECT count(DISTINCT period) FROM {source}").fetchone()
    return " ORDER BY period, code, number" if months and months[0] > 1 else ""


def remember_names(connection: duckdb.DuckDBPyConnection, names: set[str]) -> None:
    """Each distinct name once, with its form for comparing."""
    cleaned = sorted({clean(name) for name in names})
    if not cleaned:
        return
    fresh = connection.execute(
        "SELECT name FROM (SELECT unnest($names::VARCHAR[]) AS name) ANTI JOIN party_name USING (name)",
        {"names": cleaned},
    ).fetchall()
    if fresh:
        listed = [name for (name,) in fresh]
        connection.execute(
            "INSERT INTO party_name SELECT unnest($names::VARCHAR[]), unnest($forms::VARCHAR[])",
            {"names": listed, "forms": [normalised(name) for name in listed]},
        )
