"""The two ciphertexts of the practice card, the tax side's half: opens sealed summaries, builds clear payloads.

Layouts: docs/protocol/practice-card.md. They are ours; no real card uses them, and none of this works on one.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass, field

SUMMARY = 320
_BODY = struct.Struct(">B4s4s8s4I4q6s")
_KEY_ID = b"\x01"


class BadSeal(Exception):
    """The summary's MAC is wrong, or its layout is."""


@dataclass(frozen=True)
class Opened:
    """A summary's content: record number, span as ``yyyymmdd``, the report's random, counts, sums in fen, device."""

    record: int
    start: str
    end: str
    random: bytes = field(repr=False)
    counts: tuple[int, int, int, int]
    positive_amount: int
    positive_tax: int
    negative_amount: int
    negative_tax: int
    device_number: str

    @property
    def total(self) -> int:
        """With tax, in fen."""
        return self.positive_amount + self.positive_tax + self.negative_amount + self.negative_tax


def open_summary(sealed: bytes, key: bytes) -> Opened:
    """Raises ``BadSeal``."""
    if len(sealed) != SUMMARY:
        raise BadSeal("length")
    body, mac = sealed[:-4], sealed[-4:]
    if not hmac.compare_digest(_mac(key, b"summary" + body), mac):
        raise BadSeal("MAC")
    record, start, end, random, *rest = _BODY.unpack(body[: _BODY.size])
    counts: tuple[int, int, int, int] = (rest[0], rest[1], rest[2], rest[3])
    return Opened(
        record=record,
        start=_digits(start),
        end=_digits(end),
        random=random,
        counts=counts,
        positive_amount=rest[4],
        positive_tax=rest[5],
        negative_amount=rest[6],
        negative_tax=rest[7],
        device_number=_digits(rest[8]),
    )


def clear_payload(key: bytes, *, record: int, lock_date: str, start: str, end: str, random: bytes) -> bytes:
    """The payload (清卡密文) for one record of one card: key id 1, cipher 24, MAC2 4. Dates as ``yyyymmdd``."""
    plain = bytes([record]) + b"".join(bytes.fromhex(day) for day in (lock_date, start, end)) + random + bytes(3)
    stream = hashlib.sha256(key + b"cipher" + random).digest()
    cipher = bytes(a ^ b for a, b in zip(plain, stream[: len(plain)], strict=True))
    return _KEY_ID + cipher + _mac(key, b"mac2" + _KEY_ID + cipher + random)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()[:4]


def _digits(bcd: bytes) -> str:
    text = bcd.hex()
    if not text.isdigit():
        raise BadSeal("BCD")
    return text
