"""The card's half of the command language (卡端编解码): APDUs in, records out. From docs/protocol/practice-card.md alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from fapiao_kernel.simulator.card.memory import Totals, TypeRecord, VolumeRecord

NAMES: Mapping[tuple[int, int], str] = {
    (0x00, 0xA4): "select",
    (0x00, 0xB0): "read_binary",
    (0x00, 0xB2): "read_record",
    (0xC0, 0xCA): "clock",
    (0xC0, 0xF9): "verify_pin",
    (0xC0, 0xC8): "read_details",
    (0xC0, 0xF4): "report",
    (0xC0, 0xF6): "clear",
    (0xC0, 0xCC): "find",
    (0xC0, 0xCE): "next_number",
    (0xC0, 0xF2): "issue",
    (0xC0, 0xF3): "void",
    (0xC0, 0xF0): "register_number",
    (0xC0, 0xF1): "register_terminal",
    (0xC0, 0xFB): "daily_collect",
}


@dataclass(frozen=True)
class Request:
    """A command as it arrived: its name in the note, P1, P2, data, and how many bytes are wanted back at most."""

    name: str
    p1: int
    p2: int
    data: bytes = field(repr=False)
    expected: int


def read(apdu: bytes) -> Request | int:
    """The request, or the status word that refuses it: 6700 no APDU, 6E00 class, 6D00 instruction."""
    if len(apdu) < 4:
        return 0x6700
    cla, ins, p1, p2 = apdu[:4]
    body = _body(apdu[4:])
    if body is None:
        return 0x6700
    if cla not in (0x00, 0xC0):
        return 0x6E00
    name = NAMES.get((cla, ins))
    if name is None:
        return 0x6D00
    data, expected = body
    if name == "verify_pin" and not data:
        name = "pin_tries"
    if name == "daily_collect" and (p1, p2) != (0, 0):
        if (p1, p2) != (0, 1):
            return 0x6A86
        name = "data_collect"
    return Request(name, p1, p2, data, expected)


def _body(body: bytes) -> tuple[bytes, int] | None:
    """Data and Le: nothing; Le; Lc data; Lc data Le; and with a zero in front the same with two-byte lengths."""
    if not body:
        return b"", 0
    wide = len(body) > 1 and body[0] == 0
    width, everything = (2, 65536) if wide else (1, 256)
    rest = body[1:] if wide else body
    if len(rest) == width:
        return b"", int.from_bytes(rest, "big") or everything
    length, rest = int.from_bytes(rest[:width], "big"), rest[width:]
    if length == 0 or len(rest) not in (length, length + width):
        return None
    le = rest[length:]
    return rest[:length], (int.from_bytes(le, "big") or everything) if le else 0


@dataclass(frozen=True)
class Sheet:
    """What is to be issued (note, section 3, ``issue``), sums in fen."""

    code: str
    number: str
    red: bool
    amount: int
    tax: int
    red_of: str

    @property
    def total(self) -> int:
        return self.amount + self.tax


SHEET = 0x4D


def sheet(data: bytes) -> Sheet | None:
    """None for what the note calls wrong data."""
    code, number, red_of = (data[a:b].rstrip(b"\0") for a, b in ((0, 12), (12, 20), (57, 77)))
    flags, red = data[20], data[20] == 2
    amount, tax = (int.from_bytes(data[at : at + 8], "big", signed=True) for at in (21, 29))
    sign = -1 if red else 1
    sound = code.isdigit() and number.isdigit() and flags in (0, 2) and red is red_of.isdigit() and red is bool(red_of)
    if not sound or not 0 <= tax * sign <= amount * sign or not amount:
        return None
    return Sheet(code.decode("ascii"), number.decode("ascii"), red, amount, tax, red_of.decode("ascii"))


def answer(sw: int, data: bytes = b"") -> bytes:
    """A response APDU."""
    return data + sw.to_bytes(2, "big")


def moment(now: datetime) -> bytes:
    """The clock's reply."""
    return bytes.fromhex(f"{now:%Y%m%d%H%M%S}")


def limits(record: TypeRecord) -> bytes:
    """EF01."""
    return ended(_type(record.type) + _day(record.lock_date) + record.not_uploaded.to_bytes(4, "big"))


def identity(fields: Mapping[str, str]) -> bytes:
    """EF02."""
    numbers = bytes.fromhex(fields["card_number"] + fields["device_number"])
    texts = _text(fields["taxpayer_id"], 20) + _text(fields["taxpayer_name"], 100)
    return ended(numbers + texts + bytes.fromhex(fields["valid_until"]))


def totals(entry: Totals) -> bytes:
    """EF03."""
    month = bytes.fromhex(entry.month.replace("-", ""))
    counts = b"".join(count.to_bytes(4, "big") for count in entry.counts)
    amounts = b"".join(amount.to_bytes(8, "big", signed=True) for amount in entry.amounts)
    return ended(_type(entry.type) + month + counts + amounts)


def declaration(record: TypeRecord) -> bytes:
    """EF04."""
    days = _day(record.start) + _day(record.end) + _day(record.last_report)
    status = b"\x01" if record.reported else b"\x00"
    return ended(_type(record.type) + days + status + record.sealed.ljust(320, b"\0"))


def volume(entry: VolumeRecord) -> bytes:
    """EF05."""
    numbers = _text(entry.code, 12) + _text(entry.first, 8) + _text(entry.last, 8)
    return ended(_type(entry.type) + numbers + (b"\x01" if entry.pending else b"\x00"))


def upcoming(code: str, number: str, left: int) -> bytes:
    """The reply to ``next_number``."""
    return ended(_text(code, 12) + _text(number, 8) + left.to_bytes(4, "big"))


def issued(control_code: bytes, day: date) -> bytes:
    """The reply to ``issue``."""
    return ended(control_code + _day(day))


def summary(sealed: bytes) -> bytes:
    """The reply to a report."""
    return ended(sealed)


def _type(code: str) -> bytes:
    return bytes.fromhex(code.rjust(4, "0"))


def _day(day: date) -> bytes:
    return bytes.fromhex(f"{day:%Y%m%d}")


def _text(text: str, room: int) -> bytes:
    raw = text.encode("gb18030")
    if len(raw) > room:
        raise ValueError("text longer than its field")
    return raw.ljust(room, b"\0")


def ended(record: bytes) -> bytes:
    """The record with its XOR."""
    check = 0
    for byte in record:
        check ^= byte
    return record + bytes([check])
