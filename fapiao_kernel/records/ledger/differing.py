"""The same invoice again (重复): code and number, or the 20 digits, are its identity; other values than before are told, not taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger.names import clean

NAMED = 20
"""Differing and late invoices that are named one by one; the rest is counted."""
_COMPARED = {
    "invoice_type": ("票种", "type"),
    "issue_date": ("开票日期", "day of issue"),
    "amount": ("金额", "amount"),
    "tax": ("税额", "tax"),
    "total": ("价税合计", "total"),
    "status": ("状态", "status"),
}
"""What every kind of file tells, so that the same invoice from two kinds can be compared."""
_DIFFERING = (
    "SELECT i.code, i.number, "
    + ", ".join(f"i.{name}::VARCHAR, n.{name}::VARCHAR" for name in _COMPARED)
    + " FROM incoming n JOIN invoice i ON i.code = n.code AND i.number = n.number WHERE "
    + " OR ".join(f"i.{name} <> n.{name}" for name in _COMPARED)
    + " ORDER BY i.code, i.number"
)
Key = tuple[str, str]


@dataclass(frozen=True)
class Batch:
    """The invoices of one import, each once (the first of its identity), and those that came again with other values."""

    size: int
    invoices: list[Invoice]
    rows: dict[Key, int | None]
    again: tuple[tuple[Invoice, Invoice], ...]

    @classmethod
    def of(cls, invoices: Sequence[Invoice]) -> Batch:
        once: dict[Key, Invoice] = {}
        again = []
        for invoice in invoices:
            first = once.setdefault((clean(invoice.code), clean(invoice.number)), invoice)
            if first is not invoice and _values(first) != _values(invoice):
                again.append((first, invoice))
        rows = {key: invoice.row for key, invoice in once.items()}
        return cls(len(invoices), list(once.values()), rows, tuple(again))


def differences(connection: duckdb.DuckDBPyConnection, batch: Batch) -> list[Finding]:
    """A finding for each invoice in ``incoming`` that was there already with other values; ``NAMED`` at most by number."""
    told: list[tuple[Key, list[str], list[str], int | None]] = []
    for code, number, *pairs in connection.execute(_DIFFERING).fetchall():
        told.append(((code, number), pairs[::2], pairs[1::2], batch.rows.get((code, number))))
    for first, other in batch.again:
        told.append((first.key, _values(first), _values(other), other.row))
    found = [
        finding("ledger_invoice_differs", invoice=" ".join(key).strip(), differences=_told(ours, theirs), row=row)
        for key, ours, theirs, row in told[:NAMED]
    ]
    if len(told) > NAMED:
        found.append(finding("ledger_more_differ", count=len(told) - NAMED))
    return found


def _values(invoice: Invoice) -> list[str]:
    return [str(getattr(invoice, name)) for name in _COMPARED]


def _told(ours: list[str], theirs: list[str]) -> str:
    names = [either(*words) for words in _COMPARED.values()]
    pairs = zip(names, ours, theirs, strict=True)
    return either("；", "; ").join(f"{name} {old} / {new}" for name, old, new in pairs if old != new)
