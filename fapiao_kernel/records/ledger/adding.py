"""Bringing invoices in (导入): one transaction, uniqueness by one semi join; nothing is ever half in."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.ledger import rows
from fapiao_kernel.records.ledger.differing import Batch, differences
from fapiao_kernel.records.ledger.names import clean, normalised

_VALID = ", ".join(
    f"sum(CASE WHEN status = 'normal' THEN {sum} ELSE 0 END)::DECIMAL(18,2)" for sum in ("amount", "tax", "total")
)
_SAME = "i.code = n.code AND i.number = n.number"
_FRESH = f"NOT EXISTS (SELECT 1 FROM invoice i WHERE {_SAME} AND i.import_seq < $seq)"


@dataclass(frozen=True)
class Origin:
    """Where an import comes from: its number, the original's SHA-256, the file as the user named it, and when."""

    seq: int
    original: str
    file: str
    at: datetime


@dataclass(frozen=True)
class Brought:
    """What one import brought: per unit (key, count, total), what is in no unit, and findings.

    ``assigned``: invoices known before whose card was unknown, and is known now; ``unknown`` has them taken off.
    ``still_unknown``: how many of the file's invoices wait for a card, new or not.
    """

    new: int
    known: int
    assigned: int
    units: tuple[tuple[int, int, Decimal], ...]
    digital: tuple[int, Decimal]
    unknown: tuple[int, Decimal]
    still_unknown: int
    findings: tuple[Finding, ...]


def bring_in(
    connection: duckdb.DuckDBPyConnection,
    invoices: Sequence[Invoice],
    unit_key: Callable[[Invoice], int | None],
    origin: Origin,
    progress: Progress | None,
) -> Brought:
    """Everything of one import inside one transaction of the caller's connection, which nobody else writes to meanwhile."""
    batch = Batch.of(invoices)
    fresh = batch.invoices
    with tempfile.TemporaryDirectory(prefix="fapiao-import-") as folder:
        heads, goods = Path(folder) / "invoice.csv", Path(folder) / "line.csv"
        rows.write(heads, (rows.invoice_row(i, unit_key(i), origin.seq) for i in fresh), progress, len(fresh))
        rows.write(goods, (line for i in fresh for line in rows.line_rows(i)))
        connection.execute("BEGIN")
        try:
            brought = _take(connection, heads, goods, batch, origin.seq)
            _remember_names(connection, fresh)
            connection.execute(
                "INSERT INTO import_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(origin.seq, origin.file, origin.original, origin.at.isoformat()),
                    *(brought.new, brought.known, *brought.digital, *brought.unknown),
                ],
            )
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
                connection.execute("ROLLBACK")
            raise
    return brought


def _take(connection: duckdb.DuckDBPyConnection, heads: Path, goods: Path, batch: Batch, seq: int) -> Brought:
    number = {"seq": seq}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {rows.typed(heads, rows.INVOICE)}")
    findings = differences(connection, batch)
    # A file of one month lies in good order as it comes; one of several would scatter each month over the whole table.
    months = connection.execute("SELECT count(DISTINCT period) FROM incoming").fetchone()
    order = " ORDER BY period, code, number" if months and months[0] > 1 else ""
    new = _count(connection, f"INSERT INTO invoice SELECT n.* FROM incoming n WHERE {_FRESH}{order}", number)
    connection.execute(
        f"INSERT INTO invoice_line SELECT n.* FROM {rows.typed(goods, rows.LINE)} n WHERE {_FRESH}", number
    )
    assigned, assigned_total = _assign(connection, seq) if new < len(batch.invoices) else (0, ZERO)
    still_unknown = connection.execute(
        f"SELECT count(*) FROM incoming n JOIN invoice i ON {_SAME}"
        " WHERE n.unit_key IS NULL AND NOT n.fully_digital AND i.unit_key IS NULL"
    ).fetchone()
    connection.execute("DROP TABLE incoming")
    connection.execute(
        f"INSERT INTO unit_import SELECT unit_key, $seq, count(*), {_VALID} FROM invoice"
        " WHERE import_seq = $seq AND unit_key IS NOT NULL GROUP BY unit_key ORDER BY unit_key",
        number,
    )
    units = connection.execute(
        "SELECT unit_key, count, total FROM unit_import WHERE import_seq = $seq", number
    ).fetchall()
    apart: dict[bool, tuple[int, Decimal]] = {True: (0, ZERO), False: (0, ZERO)}
    for digital, count, *sums in connection.execute(
        f"SELECT fully_digital, count(*), {_VALID} FROM invoice WHERE import_seq = $seq AND unit_key IS NULL GROUP BY ALL",
        number,
    ).fetchall():
        apart[digital] = (count, sums[-1])
    count, total = apart[False]
    return Brought(
        new=new,
        known=batch.size - new,
        assigned=assigned,
        units=tuple(units),
        digital=apart[True],
        unknown=(count - assigned, total - assigned_total),
        still_unknown=still_unknown[0] if still_unknown else 0,
        findings=tuple(findings),
    )


def _assign(connection: duckdb.DuckDBPyConnection, seq: int) -> tuple[int, Decimal]:
    """Invoices that wait for a card, and whose card this import knows, get their unit: as if they came in now."""
    count = _count(
        connection,
        "INSERT INTO unit_assignment SELECT n.unit_key, $seq, n.code, n.number FROM incoming n JOIN invoice i"
        f" ON {_SAME} AND i.period = n.period AND i.invoice_type = n.invoice_type"
        " WHERE i.unit_key IS NULL AND NOT i.fully_digital AND n.unit_key IS NOT NULL",
        {"seq": seq},
    )
    if not count:
        return 0, ZERO
    connection.execute(
        "UPDATE invoice i SET unit_key = n.unit_key, import_seq = $seq FROM unit_assignment n"
        f" WHERE n.import_seq = $seq AND {_SAME}",
        {"seq": seq},
    )
    row = connection.execute(
        "SELECT sum(CASE WHEN i.status = 'normal' THEN i.total ELSE 0 END)::DECIMAL(18,2)"
        f" FROM invoice i JOIN unit_assignment n ON {_SAME} WHERE n.import_seq = $seq",
        {"seq": seq},
    ).fetchone()
    assert row is not None
    return count, row[0]


def _count(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, int]) -> int:
    """How many rows an INSERT brought."""
    row = connection.execute(sql, parameters).fetchone()
    assert row is not None
    return int(row[0])


def _remember_names(connection: duckdb.DuckDBPyConnection, invoices: Sequence[Invoice]) -> None:
    names = {clean(name) for i in invoices for name in (i.seller_name, i.buyer_name) if name}
    have = {row[0] for row in connection.execute("SELECT name FROM party_name").fetchall()}
    if fresh := [[name, normalised(name)] for name in sorted(names - have)]:
        connection.executemany("INSERT INTO party_name VALUES (?, ?)", fresh)
