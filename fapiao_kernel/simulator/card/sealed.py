"""The two ciphertexts of the practice card, the card's half: seals summaries, opens clear payloads.

Layouts: docs/protocol/practice-card.md, sections 5 and 6. They are ours, and no real card uses them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

KEY_ID = b"\x01"


@dataclass(frozen=True)
class Controls:
    """What a clear payload sets: lock date and the new open span of a record."""

    record: int
    lock_date: date
    start: date
    end: date


def seal(
    key: bytes,
    record: int,
    span: tuple[date, date],
    random: bytes,
    counts: Sequence[int],
    amounts: Sequence[int],
    device_number: str,
) -> bytes:
    """汇总密文, 320 bytes."""
    body = bytes([record]) + b"".join(bytes.fromhex(f"{day:%Y%m%d}") for day in span) + random
    body += b"".join(count.to_bytes(4, "big") for count in counts)
    body += b"".join(amount.to_bytes(8, "big", signed=True) for amount in amounts)
    body = (body + bytes.fromhex(device_number)).ljust(316, b"\0")
    return body + _mac(key, b"summary" + body)


def is_answer_to(key: bytes, payload: bytes, random: bytes) -> bool:
    """Whether MAC2 of the payload is right for the report with this random."""
    return hmac.compare_digest(payload[25:], _mac(key, b"mac2" + payload[:25] + random))


def open_payload(key: bytes, payload: bytes, random: bytes) -> Controls | None:
    """The payload's content; None when it is none for this report (random, zero bytes or dates wrong)."""
    stream = hashlib.sha256(key + b"cipher" + random).digest()[:24]
    plain = bytes(a ^ b for a, b in zip(payload[1:25], stream, strict=True))
    if plain[13:21] != random or any(plain[21:]):
        return None
    try:
        days = [date.fromisoformat(plain[at : at + 4].hex()) for at in (1, 5, 9)]
    except ValueError:
        return None
    return Controls(plain[0], *days)


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")[:4]
