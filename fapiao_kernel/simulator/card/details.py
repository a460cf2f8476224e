"""The card's list of invoices (发票明细, EF06): a file beside the image, written once. From docs/protocol/practice-card.md alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import fen
from fapiao_kernel.simulator.state_file import write_bytes

LENGTH = 36
CODE_ROOM, NUMBER_ROOM = 12, 8
VOID, RED = 1, 2
"""Flags."""


def details_file(image: Path) -> Path:
    """Where the list of the card with this image lies."""
    return image.with_name(f"{image.name}.details")


def write_details(path: Path, invoices: Iterable[Invoice | InvoiceDetail]) -> None:
    """The list of what a card issued, in the note's order. What no card issues, or no field holds, is left out."""
    records = [record(i) for i in invoices if i.invoice_type.on_device and _fits(i.code, i.number)]
    records.sort(key=_order)
    write_bytes(path, b"".join(records))


def _order(raw: bytes) -> bytes:
    """Type, month, code and number: each has its place in the record."""
    return raw[:2] + raw[22:25] + raw[2:22]


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


def _fits(code: str, number: str) -> bool:
    return all(t.isascii() and t.isalnum() and len(t) <= room for t, room in ((code, CODE_ROOM), (number, NUMBER_ROOM)))


class Details:
    """EF06 as the card reads it: the file is looked at when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = b""
        self._places: dict[bytes, list[int]] = {}
        """Type and month → where the first record of it stands, and how many there are."""

    @property
    def there(self) -> bool:
        """Whether this card keeps a list."""
        return self._path.exists()

    def read(self, kind: bytes, month: bytes, first: int, most: int) -> bytes:
        """At most so many records of a type and month (BCD), from the ``first``-th on; nothing after the last."""
        if not self._content:
            self._load()
        start, count = self._places.get(kind + month, (0, 0))
        if first > count:
            return b""
        at = start + (first - 1) * LENGTH
        return self._content[at : at + min(most, count - first + 1) * LENGTH]

    def _load(self) -> None:
        self._content = self._path.read_bytes()
        for at in range(0, len(self._content), LENGTH):
            place = self._places.setdefault(self._content[at : at + 2] + self._content[at + 22 : at + 25], [at, 0])
            place[1] += 1
