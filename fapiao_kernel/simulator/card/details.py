"""The card's list of invoices (发票明细, EF06), from docs/protocol/practice-card.md alone.

What the card had when it was made lies in two files beside the image, written once; what came since is in the image, act by act.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import fen
from fapiao_kernel.simulator.state_file import write_bytes

LENGTH, TAX = 36, 8
ENTRY = LENGTH + TAX
"""A record with its tax in fen, which EF06 does not tell and a void needs."""
UNKNOWN = (-(2**63)).to_bytes(TAX, "big", signed=True)
"""The tax of an invoice that was read of another card: nobody told it."""
CODE_ROOM, NUMBER_ROOM = 12, 8
VOID, RED = 1, 2
"""Flags."""


def details_file(image: Path) -> Path:
    """Where the list of the card with this image lies."""
    return image.with_name(f"{image.name}.details")


def taxes_file(details: Path) -> Path:
    """Where the tax of each invoice of a list lies."""
    return details.with_name(f"{details.name}.taxes")


def write_details(path: Path, invoices: Iterable[Invoice | InvoiceDetail]) -> None:
    """The list of what a card issued, in the note's order. What no card issues, or no field holds, is left out."""
    entries = [_entry(i) for i in invoices if i.invoice_type.on_device and _fits(i.code, i.number)]
    entries.sort(key=_order)
    taxes_file(path).unlink(missing_ok=True)
    write_bytes(path, b"".join([entry[:LENGTH] for entry in entries]))
    if not any(entry.endswith(UNKNOWN) for entry in entries):
        write_bytes(taxes_file(path), b"".join([entry[LENGTH:] for entry in entries]))


def _order(raw: bytes) -> bytes:
    """Type, month, code and number: each has its place in the record."""
    return raw[:2] + raw[22:25] + raw[2:22]


def _entry(invoice: Invoice | InvoiceDetail) -> bytes:
    """Tax is total minus amount, as the card's statistics have it."""
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


def _fits(code: str, number: str) -> bool:
    return all(t.isascii() and t.isalnum() and len(t) <= room for t, room in ((code, CODE_ROOM), (number, NUMBER_ROOM)))


@dataclass(frozen=True)
class Found:
    """One invoice of the list; ``tax`` in fen, None where nobody told it."""

    raw: bytes
    tax: int | None

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


class Details:
    """EF06 as the card reads it: the files are looked at when it is first asked for.

    ``issued``: what the image has of it; ``gives``: the card has numbers to give out, so it keeps a list, if only an empty one.
    Raises ``ValueError`` for acts that are none, and at the first question for files that do not belong together.
    """

    def __init__(self, path: Path, issued: bytes = b"", *, gives: bool = False) -> None:
        self._path = path
        self._gives = gives
        self._issued = b""
        self._taken = 0
        self._base: bytes | None = None
        self._taxes = b""
        self._places: dict[bytes, tuple[int, int]] = {}
        """Type and month → the first record of it in the file, and how many there are."""
        self._changed: dict[bytes, list[bytes]] = {}
        """Type and month → all its entries in order, once an act has touched it."""
        self.follow(issued)

    @property
    def there(self) -> bool:
        """Whether this card keeps a list."""
        return self._gives or bool(self._issued) or self._path.exists()

    def follow(self, issued: bytes) -> None:
        """What the image has by now; it only ever grows."""
        if len(issued) % ENTRY or not issued.startswith(self._issued):
            raise ValueError("not the acts of this card")
        self._issued = issued

    def read(self, kind: bytes, month: bytes, first: int, most: int) -> bytes:
        """At most so many records of a type and month (BCD), from the ``first``-th on; nothing after the last."""
        base = self._up_to_date()
        changed = self._changed.get(kind + month)
        if changed is not None:
            return b"".join([one[:LENGTH] for one in changed[first - 1 : first - 1 + most]])
        start, count = self._places.get(kind + month, (0, 0))
        if first > count:
            return b""
        at = (start + first - 1) * LENGTH
        return base[at : at + min(most, count - first + 1) * LENGTH]

    def find(self, kind: bytes, code: bytes, number: bytes) -> Found | None:
        """The invoice of a type with this code and number, each as its field has it."""
        base = self._up_to_date()
        key = code + number
        for place in self._places.keys() | self._changed.keys():
            if place[:2] != kind:
                continue
            changed = self._changed.get(place)
            if changed is not None:
                at = bisect_left(changed, key, key=_key)
                if at < len(changed) and _key(changed[at]) == key:
                    return _found(changed[at])
                continue
            start, count = self._places[place]
            at = bisect_left(range(start, start + count), key, key=lambda n: _key(base[n * LENGTH : n * LENGTH + 22]))
            if at < count and _key(base[(start + at) * LENGTH :][:22]) == key:
                return _found(self._at(start + at))
        return None

    def _up_to_date(self) -> bytes:
        base = self._load() if self._base is None else self._base
        while self._taken < len(self._issued):
            self._put(self._issued[self._taken : self._taken + ENTRY])
            self._taken += ENTRY
        return base

    def _put(self, one: bytes) -> None:
        """An act: another invoice, or one known already in its new state."""
        place, key = _place(one), _key(one)
        if place not in self._changed:
            start, count = self._places.get(place, (0, 0))
            self._changed[place] = [self._at(n) for n in range(start, start + count)]
        entries = self._changed[place]
        at = bisect_left(entries, key, key=_key)
        if at < len(entries) and _key(entries[at]) == key:
            entries[at] = one
        else:
            entries.insert(at, one)

    def _at(self, n: int) -> bytes:
        assert self._base is not None
        tax = self._taxes[n * TAX : (n + 1) * TAX] or UNKNOWN
        return self._base[n * LENGTH : (n + 1) * LENGTH] + tax

    def _load(self) -> bytes:
        self._base = base = self._path.read_bytes() if self._path.exists() else b""
        taxes = taxes_file(self._path)
        self._taxes = taxes.read_bytes() if taxes.exists() else b""
        if len(base) % LENGTH or len(self._taxes) not in (0, len(base) // LENGTH * TAX):
            raise ValueError("not the list of a card")
        for n in range(len(base) // LENGTH):
            place = _place(base[n * LENGTH : n * LENGTH + 25])
            start, count = self._places.get(place, (n, 0))
            self._places[place] = (start, count + 1)
        return base


def _place(raw: bytes) -> bytes:
    return raw[:2] + raw[22:25]


def _key(raw: bytes) -> bytes:
    return raw[2:22]


def _found(one: bytes) -> Found:
    tax = one[LENGTH:]
    return Found(one[:LENGTH], None if tax == UNKNOWN else int.from_bytes(tax, "big", signed=True))
