"""File records of the card (文件记录): EF01–EF06 and the reply of DECLARE_DUTY. Layouts: docs/protocol/practice-card.md, section 4.

Every ``parse_…`` takes any bytes and raises nothing but ``ProtocolError`` (``protocol_record``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import date

from fapiao_kernel.domain.card import CardIdentity, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import NextNumber
from fapiao_kernel.domain.money import from_fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.gb18240.fields import bad, checked, digits, to_day, to_text, to_type

LIMITS, IDENTITY, TOTALS, DECLARATION, VOLUME, DETAIL = 11, 139, 54, 336, 32, 36
"""Lengths in bytes."""
ISSUED, NEXT = 13, 25
"""Lengths in bytes of the replies to ISSUE_INVOICE and to 当前未开票号."""
CONTROL_CODE = 8
"""Bytes of the control code 税控码 (domain note 3.1)."""
SEALED = 320
"""Bytes of the sealed summary 汇总密文 (domain note 1.4)."""
REGISTER_NUMBER, SIGNED = 16, 129
"""Lengths in bytes of the replies to GET_REGISTER_NB and to DAILY_COLLECT_SIGN (domain note 3.1: Le 0x10; 81 hex)."""
SIMULATED = "9999"
"""What the card number of every simulated card begins with."""


@dataclass(frozen=True)
class Limits:
    """EF01: lock date (开票截止日期) and invoices not uploaded (离线未上传) of one type."""

    invoice_type: InvoiceType
    lock_date: date
    not_uploaded: int


@dataclass(frozen=True)
class DeclarationData:
    """EF04 抄税资料: open span, last report, whether the span is reported, and then its sealed summary."""

    invoice_type: InvoiceType
    start: date
    end: date
    last_report: date
    reported: bool
    sealed: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class RegisterNumber:
    """GET_REGISTER_NB's reply: random of this registering, card number, and MAC1, which only the tax side can check."""

    card_number: str
    random: bytes = field(repr=False)
    mac1: bytes = field(repr=False)


def parse_limits(raw: bytes) -> Limits:
    """EF01."""
    body = checked(raw, LIMITS, "EF01")
    return Limits(to_type(body[:2]), to_day(body[2:6], "kpjzsj"), int.from_bytes(body[6:10], "big"))


def parse_identity(raw: bytes) -> CardIdentity:
    """EF02. ``simulated`` from the card number."""
    body = checked(raw, IDENTITY, "EF02")
    card_number = digits(body[:8], "card number")
    return CardIdentity(
        device_number=digits(body[8:14], "device number"),
        card_number=card_number,
        taxpayer_id=to_text(body[14:34], "taxpayer id"),
        taxpayer_name=to_text(body[34:134], "taxpayer name"),
        valid_until=to_day(body[134:138], "valid until"),
        simulated=card_number.startswith(SIMULATED),
    )


def parse_totals(raw: bytes) -> MonthStatistics:
    """EF03 月统计 of one type and month."""
    body = checked(raw, TOTALS, "EF03")
    month = digits(body[2:5], "month")
    try:
        period = Period(int(month[:4]), int(month[4:]))
    except ValueError:
        raise bad("month") from None
    counts = struct.unpack(">4I", body[5:21])
    amounts = [from_fen(amount) for amount in struct.unpack(">4q", body[21:53])]
    return MonthStatistics(to_type(body[:2]), period, *counts, *amounts)


def parse_declaration(raw: bytes) -> DeclarationData:
    """EF04."""
    body = checked(raw, DECLARATION, "EF04")
    start, end = to_day(body[2:6], "bsqsrq"), to_day(body[6:10], "bszzrq")
    status, sealed = body[14], body[15:]
    if end < start or status > 1 or start.year < 1990 or end.year > 2999:
        raise bad("span")
    last = to_day(body[10:14], "zxbsrq")
    return DeclarationData(to_type(body[:2]), start, end, last, bool(status), sealed if status else b"")


def parse_volume(raw: bytes) -> Volume:
    """EF05 发票卷."""
    body = checked(raw, VOLUME, "EF05")
    code, first, last = (to_text(body[a:b], "volume") for a, b in ((2, 14), (14, 22), (22, 30)))
    ascii_digits = all(text.isascii() and text.isdecimal() for text in (code, first, last))
    if not ascii_digits or len(first) != len(last) or first > last or body[30] > 1:
        raise bad("volume")
    return Volume(to_type(body[:2]), code, first, last, pending=bool(body[30]))


def parse_details(raw: bytes) -> tuple[InvoiceDetail, ...]:
    """EF06 发票明细: whole records one after the other, at least one."""
    if not raw or len(raw) % DETAIL:
        raise bad("EF06")
    return tuple(_detail(raw[at : at + DETAIL]) for at in range(0, len(raw), DETAIL))


def _detail(raw: bytes) -> InvoiceDetail:
    body = checked(raw, DETAIL, "EF06")
    code, number, flags = to_text(body[2:14], "code"), to_text(body[14:22], "number"), body[26]
    if not all(text.isascii() and text.isalnum() for text in (code, number)) or flags > 3:
        raise bad("EF06")
    total = from_fen(int.from_bytes(body[27:35], "big", signed=True))
    issued = to_day(body[22:26], "kprq")
    return InvoiceDetail(to_type(body[:2]), code, number, issued, total, red=bool(flags & 2), void=bool(flags & 1))


def parse_issued(raw: bytes) -> tuple[str, date]:
    """ISSUE_INVOICE's reply: control code (税控码) as hex, and the day that the card put on the invoice."""
    body = checked(raw, ISSUED, "issued")
    return body[:CONTROL_CODE].hex().upper(), to_day(body[CONTROL_CODE:], "kprq")


def parse_next(raw: bytes, invoice_type: InvoiceType) -> NextNumber:
    """当前未开票号 of the type that was asked for."""
    body = checked(raw, NEXT, "next")
    code, number, left = to_text(body[:12], "code"), to_text(body[12:20], "number"), int.from_bytes(body[20:], "big")
    if not all(text.isascii() and text.isdecimal() for text in (code, number)) or not left:
        raise bad("next")
    return NextNumber(invoice_type, code, number, left)


def parse_register_number(raw: bytes) -> RegisterNumber:
    """Random 4, card number 8 (BCD), MAC1 4 (domain note 3.1)."""
    if len(raw) != REGISTER_NUMBER:
        raise bad("register number")
    return RegisterNumber(digits(raw[4:12], "card number"), raw[:4], raw[12:])


def parse_new_pin(raw: bytes) -> str:
    """The 8 digits that TERMINAL_REGISTER, and some cards' VERIFY_FISCAL_PIN, give."""
    if len(raw) != 8 or not raw.isdigit():
        raise bad("new PIN")
    return raw.decode("ascii")


def parse_signed(raw: bytes) -> bytes:
    """The signature out of DAILY_COLLECT_SIGN's reply, 128 bytes."""
    return checked(raw, SIGNED, "signature")


def parse_summary(raw: bytes) -> bytes:
    """The sealed summary out of DECLARE_DUTY's reply."""
    return checked(raw, SEALED + 1, "summary")
