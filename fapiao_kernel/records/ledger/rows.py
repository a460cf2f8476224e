"""Invoices as rows of typed text files (导入的文本): the fastest way into DuckDB that keeps every amount exact.

Every type is declared and nothing is guessed when they are read; a value never holds a control character (``names.clean``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger.names import clean

NULL = "\x1e"
"""How the text files write an absent unit; no cleaned text can be it."""
TICK = 20_000
Row = Sequence[object]

INVOICE = {
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
    "doubts": "INTEGER",
}
"""Columns of table ``invoice``, in its order."""
INCOMING = {**INVOICE, "uploaded": "BOOLEAN"}
"""What an import tells of an invoice: the row, and whether the tax side has it (NULL: not told)."""
LINE = {
    **dict.fromkeys(("code", "number"), "VARCHAR"),
    "line": "INTEGER",
    **dict.fromkeys(("item", "tax_class"), "VARCHAR"),
    "amount": "DECIMAL(18,2)",
    "rate": "VARCHAR",
    "tax": "DECIMAL(18,2)",
}
"""Columns of table ``invoice_line``, in its order."""


def incoming_row(i: Invoice, key: int | None, seq: int, doubts: int) -> Row:
    """One invoice as ``INCOMING``; ``key`` is its unit's, ``seq`` the import's number."""
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
        clean(i.rate),
        "void" if i.status is InvoiceStatus.VOID else "normal",
        "true" if i.red else "false",
        clean(i.red_of),
        "true" if i.fully_digital else "false",
        clean(i.machine_number),
        len(i.lines),
        clean(i.remark),
        int(doubts),
        NULL if i.uploaded is None else str(i.uploaded).lower(),
    )


def line_rows(i: Invoice) -> list[Row]:
    """An invoice's goods lines, numbered from 1."""
    code, number = clean(i.code), clean(i.number)
    return [
        (code, number, place, clean(g.item), clean(g.tax_class), g.amount, clean(g.rate), g.tax)
        for place, g in enumerate(i.lines, 1)
    ]


def write(file: Path, rows: Iterable[Row], progress: Progress | None = None, total: int = 0) -> None:
    """The rows as a text file."""
    label = either("写入发票库", "Writing to the ledger")
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for done, row in enumerate(rows, 1):
            writer.writerow(row)
            if progress is not None and (done % TICK == 0 or done == total):
                progress(label, done, total)


def typed(file: Path, columns: dict[str, str]) -> str:
    """The SQL that reads one of these files."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    path = str(file).replace("'", "''")
    return (
        f"read_csv('{path}', header=false, auto_detect=false, delim=',', quote='\"', escape='\"', new_line='\\n',"
        f" nullstr='{NULL}', columns={{{types}}}, max_line_size=8388608)"
    )
