"""The card's list of invoices (发票明细, EF06), from docs/protocol/practice-card.md alone.

What the card had when it was made lies in two files beside the image, written once; what came since is in the image, act by act.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.simulator.card.entries import ENTRY, LENGTH, TAX, UNKNOWN, Found, entry_of, fits
from fapiao_kernel.simulator.state_file import write_bytes


def details_file(image: Path) -> Path:
    """Where the list of the card with this image lies."""
    return image.with_name(f"{image.name}.details")


def taxes_file(details: Path) -> Path:
    """Where the tax of each invoice of a list lies."""
    return details.with_name(f"{details.name}.taxes")


def write_details(path: Path, invoices: Iterable[Invoice | InvoiceDetail]) -> None:
    """The list of what a card issued, in the note's order. What no card issues, or no field holds, is left out."""
    entries = [entry_of(i) for i in invoices if i.invoice_type.on_device and fits(i.code, i.number)]
    entries.sort(key=_order)
    taxes_file(path).unlink(missing_ok=True)
    write_bytes(path, b"".join([entry[:LENGTH] for entry in entries]))
    if not any(entry.endswith(UNKNOWN) for entry in entries):
        write_bytes(taxes_file(path), b"".join([entry[LENGTH:] for entry in entries]))


def _order(raw: bytes) -> bytes:
    """Type, month, code and number: each has its place in the record."""
    return raw[:2] + raw[22:25] + raw[2:22]


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
        self._changed: dict[bytes, bytearray] = {}
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
            wanted = range((first - 1) * ENTRY, min(first - 1 + most, len(changed) // ENTRY) * ENTRY, ENTRY)
            return b"".join([bytes(changed[at : at + LENGTH]) for at in wanted])
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
                n, there = _seek(changed, ENTRY, 0, len(changed) // ENTRY, key)
                if there:
                    return Found.of(bytes(changed[n * ENTRY : (n + 1) * ENTRY]))
            else:
                n, there = _seek(base, LENGTH, *self._places[place], key)
                if there:
                    return Found.of(self._at(n))
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
            self._changed[place] = bytearray().join([self._at(n) for n in range(start, start + count)])
        entries = self._changed[place]
        n, there = _seek(entries, ENTRY, 0, len(entries) // ENTRY, key)
        entries[n * ENTRY : (n + there) * ENTRY] = one

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


def _seek(entries: bytes | bytearray, width: int, start: int, count: int, key: bytes) -> tuple[int, bool]:
    """Where a code and number stands, or would, among so many records in order, and whether it is there."""
    n = start + bisect_left(
        range(start, start + count), key, key=lambda n: bytes(entries[n * width + 2 : n * width + 22])
    )
    return n, n < start + count and entries[n * width + 2 : n * width + 22] == key
