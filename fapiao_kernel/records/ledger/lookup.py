"""One invoice by its code and number (查号), as it stands now, and the red ones that take it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.unit import ClearUnit

_COLUMNS = (
    *("code", "number", "invoice_type", "issue_date", "amount", "tax", "total", "seller_id", "seller_name"),
    *("buyer_id", "buyer_name", "machine_number", "status", "red", "red_of", "remark", "unit_key"),
)
_STATUS = "CASE WHEN EXISTS (FROM invoice_mark m WHERE m.code = i.code AND m.number = i.number AND m.mark = 'void')"
_SELECT = f"SELECT {', '.join(f'i.{name}' for name in _COLUMNS)} FROM invoice i".replace(
    "i.status", f"{_STATUS} THEN 'void' ELSE i.status END"
)


def find(cursor: duckdb.DuckDBPyConnection, code: str, number: str) -> tuple[Invoice, ClearUnit | None] | None:
    """The invoice with its lines (what the ledger keeps of them) and its unit; None when there is none."""
    rows = cursor.execute(f"{_SELECT} WHERE i.code = $code AND i.number = $number", _named(code, number)).fetchall()
    if not rows:
        return None
    lines = cursor.execute(
        "SELECT item, amount, rate, tax, tax_class FROM invoice_line WHERE code = $code AND number = $number ORDER BY line",
        _named(code, number),
    ).fetchall()
    return _invoice(rows[0], lines), None if rows[0][-1] is None else ClearUnit.from_key(rows[0][-1])


def reds(cursor: duckdb.DuckDBPyConnection, code: str, number: str) -> tuple[Invoice, ...]:
    """Red invoices (红字) that stand and name this one, without their lines."""
    rows = cursor.execute(f"{_SELECT} WHERE i.red AND i.red_of = $of ORDER BY ALL", {"of": code + number}).fetchall()
    found = (_invoice(row, ()) for row in rows)
    return tuple(invoice for invoice in found if invoice.status is InvoiceStatus.NORMAL)


def _named(code: str, number: str) -> dict[str, str]:
    return {"code": code, "number": number}


def _invoice(row: Sequence[Any], lines: Sequence[Sequence[Any]]) -> Invoice:
    told = dict(zip(_COLUMNS, row, strict=True))
    told.pop("unit_key")
    return Invoice(
        **{
            **told,
            "invoice_type": InvoiceType(told["invoice_type"]),
            "status": InvoiceStatus(told["status"]),
            "lines": tuple(InvoiceLine(*line) for line in lines),
        }
    )
