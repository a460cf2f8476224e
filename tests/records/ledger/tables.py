"""Tables of the tests' own making, taken in by both roads: as they are, and read whole with care."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.ports import Added, Reading
from fapiao_kernel.ports.intake import Sheets, Table
from fapiao_kernel.records.intake.export_rows import Form
from fapiao_kernel.records.intake.sheets import TableSheets
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, DEVICE

HEADS = (
    *("code", "number", "digital_number", "issued", "kind", "source", "status", "positive", "uploaded", "remark"),
    *("seller_id", "seller_name", "buyer_id", "buyer_name", "machine_number", "amount", "tax", "total", "rate"),
)
LINES = (*HEADS, "item", "tax_class")
ROW = {
    "code": "9900261130",
    "issued": "2026-10-08 10:00:00",
    "kind": "增值税专用发票",
    "source": "增值税发票管理系统",
    "status": "正常",
    "positive": "是",
    "seller_id": "91999999000000107U",
    "seller_name": "示例商贸",
    "buyer_id": "91999999000001011U",
    "buyer_name": "示例餐饮（武汉）",
    "machine_number": DEVICE,
    "amount": "100.00",
    "tax": "13.00",
    "total": "113.00",
    "rate": "13%",
}
Cells = Mapping[str, str]


def row(place: int, **changes: str) -> dict[str, str]:
    """One invoice's row, or one goods line of it."""
    return {**ROW, "number": f"{place:08d}", "item": "*蔬菜*示例", **changes}


def table(path: Path, fields: Sequence[str], rows: Sequence[Cells], *, numbered: bool = False, name: str = "") -> Table:
    """The rows as text with CRLF; ``numbered``: as a workbook's sheet."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if not numbered:
            writer.writerow(fields)
        for number, cells in enumerate(rows, 2):
            texts = [cells.get(field, "") for field in fields]
            writer.writerow([number, *texts] if numbered else texts)
    first = 1 if numbered else 0
    return Table(
        path,
        {field: place + first for place, field in enumerate(fields)},
        len(fields) + first,
        skip=1 - first,
        day_format="%Y-%m-%d %H:%M:%S",
        numbered=numbered,
        rows=len(rows),
        name=name,
    )


def sheets(
    folder: Path, heads: Sequence[Cells] | None, lines: Sequence[Cells] | None = None, *, numbered: bool = False
) -> TableSheets:
    """A file's tables."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [
        None if rows is None else table(folder / f"{name}.csv", fields, rows, numbered=numbered, name=name)
        for name, fields, rows in (("heads", HEADS, heads), ("lines", LINES, lines))
    ]
    return TableSheets(tables[0], tables[1], Form(typed=numbered))


def reading(of: Sheets, name: str = "导出.csv") -> Reading:
    """As intake hands it on: the original's SHA-256 is that of its text."""
    whole = hashlib.sha256()
    for part in (of.heads, of.lines):
        whole.update(part.file.read_bytes() if part else b"-")
    return Reading(name, whole.hexdigest(), "csv", (), (), of)


def fast(ledger: DuckLedger, of: Sheets, **how: Any) -> Added:
    """By the fast road, odd rows with care."""
    (added,) = ledger.take([reading(of)], **{"at": AT, "cards": {}} | how)
    return added


def careful(ledger: DuckLedger, of: Sheets, **how: Any) -> Added:
    """By the careful road alone."""
    invoices, findings = of.everything()
    bad = sum(f.row is not None and f.severity is not Severity.WARNING for f in findings)
    whole = replace(reading(of), invoices=invoices, sheets=None)
    (added,) = ledger.take([whole], **{"at": AT, "cards": {}} | how)
    return replace(added, findings=(*added.findings, *findings), bad=bad)


TABLES = ("invoice", "invoice_line", "invoice_mark", "unit_import", "unit_rate", "unit_assignment", "party_name")


def contents(ledger: DuckLedger) -> dict[str, list[Any]]:
    """Everything that the ledger holds, whatever its order; the maps of numbers as they add up."""
    cursor = ledger._connection.cursor()
    found = {name: cursor.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}
    found["import_file"] = cursor.execute("SELECT * EXCLUDE (quiet) FROM import_file ORDER BY ALL").fetchall()
    found["number_map"] = cursor.execute(
        "SELECT book, bucket, bit_or(bits) FROM number_map GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return found


def told(added: Added) -> list[tuple[Any, ...]]:
    """What an import says of itself, in an order of its own."""
    findings = sorted((f.code, f.row or 0, f.message) for f in added.findings)
    return [added.new, added.known, added.bad, findings, added.listed]
