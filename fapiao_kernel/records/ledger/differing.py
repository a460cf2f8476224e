"""The same invoice again (重复): code and number, or the 20 digits, are its identity; other values than before are told, not taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.ports import LISTED
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger.names import clean

NAMED = 20
"""Invoices that are named one by one, for each thing that an import has to say; the rest is counted."""
COMPARED = {
    "invoice_type": ("票种", "type"),
    "issue_date": ("开票日期", "day of issue"),
    "amount": ("金额", "amount"),
    "tax": ("税额", "tax"),
    "total": ("价税合计", "total"),
    "status": ("状态", "status"),
}
"""What every kind of file tells, so that the same invoice from two kinds can be compared."""
DIFFERING = " OR ".join(f"i.{name} <> n.{name}" for name in COMPARED if name != "status")
"""Between an invoice ``i`` that is here and ``n`` that an import tells. Where nothing but a void status is new, it is a mark instead
(``marking``); where more differs the sources contradict each other, and nothing is taken from either."""
_DIFFERING = (
    "SELECT n.import_seq, i.code, i.number, "
    + ", ".join(f"i.{name}::VARCHAR, n.{name}::VARCHAR" for name in COMPARED if name != "status")
    + ", i.status, n.told"
    + f" FROM known n JOIN invoice i ON i.code = n.code AND i.number = n.number WHERE {DIFFERING}"
    + " OR (i.status = 'void' AND n.told <> 'void') ORDER BY ALL"
)
Key = tuple[str, str]


class Difference(NamedTuple):
    """One invoice with other values: ours, the file's, and the row that tells them."""

    key: Key
    ours: list[str]
    theirs: list[str]
    row: int | None


@dataclass
class Batch:
    """Invoices of some imports, each once (the first of its identity) with its import's number; and, by import, how many there were
    and which came again with other values."""

    invoices: list[tuple[int, Invoice]] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)
    rows: dict[Key, int | None] = field(default_factory=dict)
    again: dict[int, list[Difference]] = field(default_factory=dict)
    listed: dict[int, Sequence[Invoice]] = field(default_factory=dict)
    _first: dict[Key, tuple[int, Invoice]] = field(default_factory=dict)

    def fits(self, invoices: Iterable[Invoice]) -> bool:
        """Whether another import's invoices can come in beside these: none of them says anything new of one that is here."""
        for invoice in invoices:
            first = self._first.get(key_of(invoice))
            if first is not None and (first[1].uploaded, first[1].machine_number, values(first[1])) != (
                invoice.uploaded,
                invoice.machine_number,
                values(invoice),
            ):
                return False
        return True

    def take(self, seq: int, invoices: Sequence[Invoice]) -> None:
        """One import's invoices."""
        own: list[Invoice] = []
        for invoice in invoices:
            key = key_of(invoice)
            of, first = self._first.setdefault(key, (seq, invoice))
            if first is invoice or of != seq:
                own.append(invoice)
            if first is invoice:
                self.invoices.append((seq, invoice))
                self.rows[key] = invoice.row
            elif (ours := values(first)) != (theirs := values(invoice)):
                self.again.setdefault(seq, []).append(Difference(key, ours, theirs, invoice.row))
        self.sizes[seq] = len(own)
        self.listed[seq] = own[:LISTED]


def from_ledger(connection: duckdb.DuckDBPyConnection, rows: dict[Key, int | None]) -> dict[int, list[Difference]]:
    """By import: the invoices of ``known`` whose values differ from what is here. ``rows``: key → row of the file."""
    found: dict[int, list[Difference]] = {}
    for seq, code, number, *pairs in connection.execute(_DIFFERING).fetchall():
        told = Difference((code, number), pairs[::2], pairs[1::2], rows.get((code, number)))
        found.setdefault(seq, []).append(told)
    return found


def told(differences: Iterable[Difference]) -> list[Finding]:
    """A finding for each, ``NAMED`` at most by number."""
    ordered = sorted(differences, key=lambda d: (d.key, d.row or 0))
    found = [
        finding(
            "ledger_invoice_differs", invoice=" ".join(d.key).strip(), differences=_told(d.ours, d.theirs), row=d.row
        )
        for d in ordered[:NAMED]
    ]
    if len(ordered) > NAMED:
        found.append(finding("ledger_more_differ", count=len(ordered) - NAMED))
    return found


def key_of(invoice: Invoice) -> Key:
    """An invoice's identity as the ledger writes it."""
    return clean(invoice.code), clean(invoice.number)


def values(invoice: Invoice) -> list[str]:
    """What is compared, as text."""
    return [str(getattr(invoice, name)) for name in COMPARED]


def _told(ours: list[str], theirs: list[str]) -> str:
    pairs = zip(COMPARED.items(), ours, theirs, strict=True)
    return either("；", "; ").join(
        f"{either(*words)} {_word(name, old)} / {_word(name, new)}" for (name, words), old, new in pairs if old != new
    )


def _word(name: str, value: str) -> str:
    if name == "invoice_type":
        return f"{InvoiceType(value).zh} {value}"
    if name == "status":
        return either("作废", "void") if value == InvoiceStatus.VOID else either("正常", "standing")
    return value
