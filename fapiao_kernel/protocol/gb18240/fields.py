"""Fields of GB 18240 records: BCD digits and dates, text, XOR. Raises ``ProtocolError`` (``protocol_record``) for what is none."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import reduce
from operator import xor

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import InvoiceType

DAY, MOMENT = 4, 7
CODE, NUMBER = 12, 8
"""Bytes of an invoice code (发票代码) and number (发票号码) as text (domain note 1.4)."""
CHINA = timezone(timedelta(hours=8), "CST")
"""The card's clock shows Beijing time."""


def bad(what: str) -> ProtocolError:
    """The error for a record that does not follow its layout; ``what`` names the field, never its content."""
    return ProtocolError("protocol_record", field=what)


def day(value: date) -> bytes:
    """A date as BCD ``yyyymmdd``."""
    return bytes.fromhex(f"{value:%Y%m%d}")


def kind(value: InvoiceType) -> bytes:
    """Invoice type code (fplxdm) as two BCD bytes."""
    return bytes.fromhex(value.value.zfill(4))


def text(value: str, room: int, what: str) -> bytes:
    """GB 18030, padded with zero bytes. Raises ``ValueError`` (``what``, never the text) for what does not fit, or would be cut."""
    raw = value.encode("gb18030", "replace")
    if len(raw) > room or not value.isprintable() or raw.decode("gb18030") != value:
        raise ValueError(what)
    return raw.ljust(room, b"\0")


def xor_of(raw: bytes) -> bytes:
    """XOR, the one byte that ends a record."""
    return bytes((reduce(xor, raw, 0),))


def digits(raw: bytes, what: str) -> str:
    """BCD as decimal digits."""
    text = raw.hex()
    if not text.isdecimal():
        raise bad(what)
    return text


def to_day(raw: bytes, what: str) -> date:
    """From BCD ``yyyymmdd``."""
    text = digits(raw, what)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise bad(what) from None


def to_moment(raw: bytes, what: str) -> datetime:
    """From BCD ``yyyymmddhhmmss``, Beijing time."""
    if len(raw) != MOMENT:
        raise bad(what)
    text = digits(raw, what)
    parts = [int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))]
    try:
        return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc, arg-type]  # six numbers, which mypy cannot count
    except ValueError:
        raise bad(what) from None


def to_text(raw: bytes, what: str) -> str:
    """GB 18030 text without its padding of zero bytes."""
    try:
        text = raw.rstrip(b"\0").decode("gb18030")
    except UnicodeDecodeError:
        raise bad(what) from None
    if not text.isprintable():
        raise bad(what)
    return text


def to_type(raw: bytes) -> InvoiceType:
    """Invoice type code (fplxdm) from two BCD bytes; a type that never comes from a device is none."""
    code = digits(raw, "fplxdm")
    try:
        found = InvoiceType(code[1:]) if code[0] == "0" else None
    except ValueError:
        found = None
    if found is None or not found.on_device:
        raise bad("fplxdm")
    return found


def checked(raw: bytes, length: int, what: str) -> bytes:
    """The record's bytes without its XOR; raises when the length or the XOR is wrong."""
    if len(raw) != length or reduce(xor, raw, 0):
        raise bad(what)
    return raw[:-1]
