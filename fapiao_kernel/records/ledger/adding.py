"""Bringing invoices in (导入): typed text files, one transaction, uniqueness by one semi join; nothing is ever half in."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.ledger.names import clean, normalised

NULL = "\x1e"
"""How the text files write an absent unit; no cleaned text can be it."""
NAMED = 20
"""Differences and late invoices that are named one by one; the rest is counted."""
_LABEL = "ledger"

_INVOICE = {
    "unit_key": "BIGINT",
    "import_seq": "INTEGER",
    **dict.fromkeys(("code", "number", "invoice_type"), "VARCHAR"),
    **dict.fromkeys(("issue_date", "period"), "DATE"),
    **dict.fromkeys(("seller_id", "seller_name", "buyer_id", "buyer_name"), "VARCHAR"),
    **dict.fromkeys(("amount", "tax", "total"), "DECIMAL(18,2)"),
    **dict.fromkeys(("rate", "status"), "VARCHAR"),
    "red": "BOOLEAN",
    "red_of": "VARCHAR",
    "fully_digital": "BOOLEAN",
    "machine_number": "VARCHAR",
    "lines": "INTEGER",
    "remark": "VARCHAR",
}
_GOODS = {
    "import_seq": "INTEGER",
    **dict.fromkeys(("code", "number"), "VARCHAR"),
    "line": "INTEGER",
    **dict.fromkeys(("item", "specification", "unit", "quantity", "price"), "VARCHAR"),
    "amount": "DECIMAL(18,2)",
    "rate": "VARCHAR",
    "tax": "DECIMAL(18,2)",
    "tax_class": "VARCHAR",
}


@dataclass(frozen=True)
class Brought:
    """What one import brought: per unit (key, count, total), counts, and findings."""

    new: int
    known: int
    units: tuple[tuple[int, int, Decimal], ...]
    digital: tuple[int, Decimal]
    unknown: tuple[int, Decimal]
    findings: tuple[Finding, ...]


def bring_in(
    connection: duckdb.DuckDBPyConnection,
    invoices: Sequence[Invoice],
    unit_key: Callable[[Invoice], int | None],
    *,
    seq: int,
    original: str,
    file: str,
    at: datetime,
    progress: Progress | None,
) -> Brought:
    """Everything of one import inside one transaction of the caller's connection, which nobody else writes to meanwhile."""
    once = {invoice.key: invoice for invoice in reversed(invoices)}
    rows = list(once.values())[::-1]
    tell = progress or _silent
    with tempfile.TemporaryDirectory(prefix="fapiao-import-") as folder:
        heads, goods = Path(folder) / "invoice.csv", Path(folder) / "line.csv"
        _write(heads, (_head(i, unit_key(i), seq) for i in rows), tell, len(rows))
        _write(goods, (line for i in rows for line in _lines(i, seq)), _silent, 0)
        connection.execute("BEGIN")
        try:
            brought = _take(connection, heads, goods, once, seq)
            names = [[name, normalised(name)] for name in _names(rows)]
            _remember_names(connection, names)
            connection.execute(
                "INSERT INTO import_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [seq, file, original, at.isoformat(), brought.new, brought.known, *brought.digital, *brought.unknown],
            )
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    tell(_LABEL, len(rows), len(rows))
    return brought


def _take(
    connection: duckdb.DuckDBPyConnection, heads: Path, goods: Path, once: dict[tuple[str, str], Invoice], seq: int
) -> Brought:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM {_typed(heads, _INVOICE)}")
    known = connection.execute(
        "SELECT n.code, n.number, i.issue_date, i.amount, i.tax, i.total, i.status FROM incoming n"
        " JOIN invoice i ON i.code = n.code AND i.number = n.number"
    ).fetchall()
    fresh = "NOT EXISTS (SELECT 1 FROM invoice i WHERE i.code = n.code AND i.number = n.number AND i.import_seq < $seq)"
    connection.execute(f"INSERT INTO invoice SELECT n.* FROM incoming n WHERE {fresh}", {"seq": seq})
    connection.execute(
        f"INSERT INTO invoice_line SELECT n.* FROM {_typed(goods, _GOODS)} n WHERE {fresh}", {"seq": seq}
    )
    connection.execute("DROP TABLE incoming")
    valid = "sum(CASE WHEN status = 'normal' THEN total ELSE 0 END)::DECIMAL(18,2)"
    units = connection.execute(
        f"SELECT unit_key, count(*), {valid} FROM invoice WHERE import_seq = ? AND unit_key IS NOT NULL"
        " GROUP BY unit_key ORDER BY unit_key",
        [seq],
    ).fetchall()
    connection.executemany(
        "INSERT INTO unit_import VALUES (?, ?, ?, ?)", [[key, seq, count, total] for key, count, total in units]
    ) if units else None
    apart: dict[bool, tuple[int, Decimal]] = {True: (0, ZERO), False: (0, ZERO)}
    for digital, count, total in connection.execute(
        f"SELECT fully_digital, count(*), {valid} FROM invoice WHERE import_seq = ? AND unit_key IS NULL GROUP BY ALL",
        [seq],
    ).fetchall():
        apart[digital] = (count, total)
    new = sum(count for _, count, _ in units) + apart[True][0] + apart[False][0]
    return Brought(new, len(known), tuple(units), apart[True], apart[False], tuple(_differences(known, once)))


def _differences(known: list[tuple[object, ...]], once: dict[tuple[str, str], Invoice]) -> list[Finding]:
    """A finding for each invoice that the ledger has with other values, the first ``NAMED`` by number."""
    found: list[Finding] = []
    more = 0
    for code, number, issued, *values in known:
        invoice = once[(str(code), str(number))]
        ours = (issued, *values)
        theirs = (invoice.issue_date, invoice.amount, invoice.tax, invoice.total, invoice.status.value)
        names = ("开票日期", "金额", "税额", "价税合计", "状态")
        told = [
            f"{name} {old} / {new}" for name, old, new in zip(names, ours, theirs, strict=True) if str(old) != str(new)
        ]
        if not told:
            continue
        if len(found) == NAMED:
            more += 1
            continue
        found.append(
            finding(
                "ledger_invoice_differs",
                invoice=f"{code} {number}".strip(),
                differences="；".join(told),
                row=invoice.row,
            )
        )
    if more:
        found.append(finding("ledger_more_differ", count=more))
    return found


def _head(i: Invoice, key: int | None, seq: int) -> tuple[object, ...]:
    day = i.issue_date
    return (
        NULL if key is None else key,
        seq,
        clean(i.code),
        clean(i.number),
        i.invoice_type.value,
        day,
        f"{day.year:04d}-{day.month:02d}-01",
        clean(i.seller_id),
        clean(i.seller_name),
        clean(i.buyer_id),
        clean(i.buyer_name),
        i.amount,
        i.tax,
        i.total,
        i.rate,
        "void" if i.status is InvoiceStatus.VOID else "normal",
        "true" if i.red else "false",
        clean(i.red_of),
        "true" if i.fully_digital else "false",
        clean(i.machine_number),
        len(i.lines),
        clean(i.remark),
    )


def _lines(i: Invoice, seq: int) -> list[tuple[object, ...]]:
    code, number = clean(i.code), clean(i.number)
    return [
        (
            seq,
            code,
            number,
            place,
            clean(line.item),
            clean(line.specification),
            clean(line.unit),
            clean(line.quantity),
            clean(line.price),
            line.amount,
            line.rate,
            line.tax,
            clean(line.tax_class),
        )
        for place, line in enumerate(i.lines, 1)
    ]


def _write(file: Path, rows: Iterable[tuple[object, ...]], tell: Progress, total: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for done, row in enumerate(rows, 1):
            writer.writerow(row)
            if done % 20_000 == 0:
                tell(_LABEL, done, total)


def _typed(file: Path, columns: dict[str, str]) -> str:
    """A typed read of one of our own text files: every type declared, nothing guessed."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    path = str(file).replace("'", "''")
    return (
        f"read_csv('{path}', header=false, auto_detect=false, delim=',', quote='\"', escape='\"', new_line='\\n',"
        f" nullstr='{NULL}', columns={{{types}}}, max_line_size=8388608)"
    )


def _names(rows: Sequence[Invoice]) -> set[str]:
    return {clean(name) for i in rows for name in (i.seller_name, i.buyer_name) if name}


def _remember_names(connection: duckdb.DuckDBPyConnection, names: list[list[str]]) -> None:
    if names:
        have = {row[0] for row in connection.execute("SELECT name FROM party").fetchall()}
        fresh = [pair for pair in names if pair[0] not in have]
        if fresh:
            connection.executemany("INSERT INTO party VALUES (?, ?)", fresh)


def _silent(label: str, done: int, total: int) -> None:
    """Nobody asked for progress."""
