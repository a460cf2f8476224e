"""GB 18240 commands (税控卡命令) as APDUs, and how well each is known. Layouts: docs/protocol/practice-card.md, section 3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import IntEnum

from fapiao_kernel.domain.card import Evidence
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet
from fapiao_kernel.domain.money import fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.apdu import EXTENDED_LE, SHORT_LE, Command
from fapiao_kernel.protocol.gb18240 import fields, records

ISO, FISCAL = 0x00, 0xC0
"""Classes: ISO/IEC 7816-4 commands, and the fiscal card's own."""

MOST_BINARY = 0x8000
"""READ BINARY reaches so many bytes: bit 8 of P1 names a short file id (7816-4)."""
PIN_LENGTH = 8
"""Bytes of the PIN (口令) that F9 takes (domain note 3.1: Lc 8)."""
PAYLOAD_LENGTH = 0x1D
"""Bytes that F6 takes: key id 1, cipher 24, MAC2 4 (domain note 3.1)."""
MAC2_LENGTH = 4
"""Bytes that F1 takes (domain note 3.1: Lc 4)."""
COLLECTED_LENGTH = 0x40
"""Bytes that FB takes, without the XOR behind them (domain note 3.1: Lc 41)."""
ID_ROOM = 20
"""Bytes of a tax id (税号 20: DataDesign.h, domain note 1.4), and of a blue invoice's code and number."""

EVIDENCE: Mapping[str, Evidence] = {
    "select": Evidence.STANDARD,
    "read_binary": Evidence.STANDARD,
    "get_response": Evidence.STANDARD,
    "read_record": Evidence.ASSUMED,
    "read_details": Evidence.ASSUMED,
    "clock": Evidence.ASSUMED,
    "pin_tries": Evidence.ASSUMED,
    "verify_pin": Evidence.DOCUMENTED,
    "report": Evidence.ASSUMED,
    "clear": Evidence.ASSUMED,
    "find": Evidence.ASSUMED,
    "next_number": Evidence.ASSUMED,
    "issue": Evidence.ASSUMED,
    "void": Evidence.ASSUMED,
    "register_number": Evidence.DOCUMENTED,
    "register_terminal": Evidence.DOCUMENTED,
    "daily_collect": Evidence.ASSUMED,
    "data_collect": Evidence.ASSUMED,
}
"""Per command, how well it is known; a test holds it to the note."""


class File(IntEnum):
    """Elementary files (domain note 3.1)."""

    LIMITS = 0xEF01
    IDENTITY = 0xEF02
    TOTALS = 0xEF03
    DECLARATION = 0xEF04
    VOLUMES = 0xEF05
    DETAILS = 0xEF06
    EF07 = 0xEF07
    """What it holds is not documented."""
    EF08 = 0xEF08
    """What it holds is not documented."""


def select(file: File) -> Command:
    """SELECT FILE by file id, no reply wanted (7816-4)."""
    return Command(ISO, 0xA4, 0x00, 0x0C, int(file).to_bytes(2, "big"))


def get_response(cla: int, waiting: int) -> Command:
    """GET RESPONSE (7816-4): the bytes that wait behind SW ``61xx`` (T=0), ``waiting`` = xx, of a command of this class."""
    return Command(cla, 0xC0, 0x00, 0x00, le=waiting or SHORT_LE)


def read_binary(length: int, offset: int = 0) -> Command:
    """READ BINARY of the selected transparent file (7816-4). Raises ``ValueError`` for an offset of more than 15 bits."""
    if not 0 <= offset < MOST_BINARY:
        raise ValueError(f"no offset: {offset}")
    return Command(ISO, 0xB0, offset >> 8, offset & 0xFF, le=length)


def read_record(number: int, length: int) -> Command:
    """READ RECORD of the selected file; numbers from 1."""
    high, low = _record(number)
    return Command(ISO, 0xB2, high, low, le=SHORT_LE if length <= SHORT_LE else EXTENDED_LE)


def read_details(invoice_type: InvoiceType, period: Period, first: int, length: int) -> Command:
    """Invoices of one type and month from the selected EF06, from the ``first``-th (1) on, ``length`` bytes at most.

    Raises ``ValueError`` for a number or length that does not fit.
    """
    if not 1 <= first <= 0xFFFFFFFF or not SHORT_LE < length <= EXTENDED_LE:
        raise ValueError(f"not a stretch of records: {first}, {length} bytes")
    month = bytes.fromhex(f"{period.year:04d}{period.month:02d}")
    return Command(FISCAL, 0xC8, 0x00, 0x00, fields.kind(invoice_type) + month + first.to_bytes(4, "big"), length)


def clock() -> Command:
    """The card's clock."""
    return Command(FISCAL, 0xCA, 0x00, 0x01, le=fields.MOMENT)


def pin_tries() -> Command:
    """VERIFY_FISCAL_PIN without data: tells the tries left and spends none."""
    return Command(FISCAL, 0xF9, 0x00, 0x00)


def verify_pin(pin: str) -> Command:
    """VERIFY_FISCAL_PIN. Raises ``ValueError`` for a PIN that is not 8 digits (the message never holds it)."""
    if len(pin) != PIN_LENGTH or not (pin.isascii() and pin.isdecimal()):
        raise ValueError("not a PIN of 8 digits")
    return Command(FISCAL, 0xF9, 0x00, 0x00, pin.encode("ascii"))


def register_number() -> Command:
    """GET_REGISTER_NB: random, card number, MAC1. A random that was given before is void from then on; nothing else changes."""
    return Command(FISCAL, 0xF0, 0x00, 0x00, le=records.REGISTER_NUMBER)


def register_terminal(mac2: bytes) -> Command:
    """TERMINAL_REGISTER. Changes the card. Raises ``ValueError`` for a MAC2 that is not 4 bytes."""
    if len(mac2) != MAC2_LENGTH:
        raise ValueError(f"MAC2 has {MAC2_LENGTH} bytes, not {len(mac2)}")
    return Command(FISCAL, 0xF1, 0x00, 0x00, mac2, PIN_LENGTH)


def collect(data: bytes, *, daily: bool) -> Command:
    """DAILY_COLLECT_SIGN, else DATA_COLLECT_SIGN: the XOR is put behind ``data``. Changes the card.

    Raises ``ValueError`` for data that is not 64 bytes.
    """
    if len(data) != COLLECTED_LENGTH:
        raise ValueError(f"what is collected has {COLLECTED_LENGTH} bytes, not {len(data)}")
    return Command(FISCAL, 0xFB, 0x00, 0x00 if daily else 0x01, data + fields.xor_of(data), records.SIGNED)


def report(record: int, start: date, end: date) -> Command:
    """DECLARE_DUTY 抄税 of one record's open span. Changes the card."""
    return Command(FISCAL, 0xF4, 0x00, _one(record), fields.day(start) + fields.day(end), EXTENDED_LE)


def clear(record: int, payload: bytes) -> Command:
    """UPDATE_CONTROLS 监控回传. Changes the card. Raises ``ValueError`` for a payload that is not 29 bytes."""
    if len(payload) != PAYLOAD_LENGTH:
        raise ValueError(f"a clear payload has {PAYLOAD_LENGTH} bytes, not {len(payload)}")
    return Command(FISCAL, 0xF6, 0x00, _one(record), payload)


def find(invoice_type: InvoiceType, code: str, number: str) -> Command:
    """发票查询: one record of EF06 by its key. Raises ``ValueError`` for a code or number that no record has."""
    return Command(FISCAL, 0xCC, 0x00, 0x00, fields.kind(invoice_type) + _invoice(code, number), records.DETAIL)


def next_number(invoice_type: InvoiceType) -> Command:
    """当前未开票号 of a type."""
    return Command(FISCAL, 0xCE, 0x00, 0x00, fields.kind(invoice_type), records.NEXT)


def issue(record: int, sheet: InvoiceSheet) -> Command:
    """ISSUE_INVOICE 开票. Changes the card. Raises ``ValueError`` for a sheet that the fields cannot hold."""
    body = _invoice(sheet.code, sheet.number) + (b"\x02" if sheet.red else b"\0")
    try:
        body += b"".join(fen(amount).to_bytes(8, "big", signed=True) for amount in (sheet.amount, sheet.tax))
    except ArithmeticError:  # more digits than any amount has
        raise ValueError("amount") from None
    texts = fields.text(sheet.buyer_id, ID_ROOM, "buyer id") + fields.text(sheet.red_of, ID_ROOM, "red of")
    return Command(FISCAL, 0xF2, 0x00, _one(record), body + texts, records.ISSUED)


def void(record: int, code: str, number: str) -> Command:
    """作废. Changes the card. Raises ``ValueError`` for a code or number that no record has."""
    return Command(FISCAL, 0xF3, 0x00, _one(record), _invoice(code, number))


def _invoice(code: str, number: str) -> bytes:
    parts = ((code, fields.CODE, "code"), (number, fields.NUMBER, "number"))
    if not all(text.isascii() and text.isalnum() for text, _, _ in parts):
        raise ValueError("no code and number of an invoice")
    return b"".join(fields.text(text, room, what) for text, room, what in parts)


def _one(record: int) -> int:
    if not 1 <= record <= 0xFF:
        raise ValueError(f"no record number of one byte: {record}")
    return record


def _record(number: int) -> tuple[int, int]:
    if not 1 <= number <= 0xFFFF:
        raise ValueError(f"no record number: {number}")
    return number >> 8, number & 0xFF
