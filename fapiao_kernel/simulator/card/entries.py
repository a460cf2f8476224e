"""One record of the card's list of invoices (发票明细, EF06) and its tax. From docs/protocol/practice-card.md alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import fen

LENGTH, TAX = 36, 8
ENTRY = LENGTH + TAX
"""A record with its tax in fen, which EF06 does not tell and a void needs."""
UNKNOWN = (-(2**63)).to_bytes(TAX, "big", signed=True)
"""The tax of an invoice that was read of another card: nobody told it."""
CODE_ROOM, NUMBER_ROOM = 12, 8
VOID, RED = 1, 2
"""Flags."""


def fits(code: str, number: str) -> bool:
    """Whether a record has room for such a code and number."""
    return all(t.isascii() and t.isalnum() and len(t) <= room for t, room in ((code, CODE_ROOM), (number, NUMBER_ROOM)))


def entry_of(invoice: Invoice | InvoiceDetail) -> bytes:
    """The entry of an invoice from outside: tax is total minus amount, as the card's statistics have it; of a mere detail unknown."""
    if isinstance(invoice, InvoiceDetail):
        return record(invoice) + UNKNOWN
    return entry(invoice, fen(invoice.total) - fen(invoice.amount))


def entry(invoice: Invoice | InvoiceDetail, tax: int) -> bytes:
    """A record with its tax in fen."""
    return record(invoice) + tax.to_bytes(TAX, "big", signed=True)


def record(invoice: Invoice | InvoiceDetail) -> bytes:
    """One record of EF06."""
    void = invoice.void if isinstance(invoice, InvoiceDetail) else invoice.status is InvoiceStatus.VOID
    flags = (VOID if void else 0) | (RED if invoice.red else 0)
    body = (
        _type(invoice.invoice_type)
        + invoice.code.encode("ascii").ljust(CODE_ROOM, b"\0")
        + invoice.number.encode("ascii").ljust(NUMBER_ROOM, b"\0")
        + _day(invoice.issue_date)
        + bytes([flags])
        + fen(invoice.total).to_bytes(8, "big", signed=True)
    )
    return body + bytes([_xor(body)])


@cache
def _type(kind: InvoiceType) -> bytes:
    return bytes.fromhex(kind.value.rjust(4, "0"))


@cache
def _day(day: date) -> bytes:
    return bytes.fromhex(f"{day:%Y%m%d}")


def _xor(body: bytes) -> int:
    """The exclusive-or of 35 bytes, halves folded onto each other: a large month has a million records."""
    folded = int.from_bytes(body.rjust(64, b"\0"), "big")
    for bits in (256, 128, 64, 32, 16, 8):
        folded ^= folded >> bits
    return folded & 0xFF


@dataclass(frozen=True)
class Found:
    """One invoice of the list; ``tax`` in fen, None where nobody told it."""

    raw: bytes
    tax: int | None

    @classmethod
    def of(cls, one: bytes) -> Found:
        """From its entry."""
        tax = one[LENGTH:]
        return cls(one[:LENGTH], None if tax == UNKNOWN else int.from_bytes(tax, "big", signed=True))

    @property
    def day(self) -> date:
        return date.fromisoformat(self.raw[22:26].hex())

    @property
    def flags(self) -> int:
        return self.raw[26]

    @property
    def total(self) -> int:
        """With tax, in fen."""
        return int.from_bytes(self.raw[27:35], "big", signed=True)

    def voided(self) -> bytes:
        """The entry of the same invoice, void."""
        body = self.raw[:26] + bytes([self.flags | VOID]) + self.raw[27:35]
        return body + bytes([_xor(body)]) + (self.tax or 0).to_bytes(TAX, "big", signed=True)
