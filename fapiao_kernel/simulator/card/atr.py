"""The simulated card's answer to reset (复位应答, ISO/IEC 7816-3, 8.2): direct convention, T=1, block size left at 32."""

from __future__ import annotations

from functools import reduce
from operator import xor

HISTORICAL = b"FAPIAO-SIM"
"""Historical bytes of no standard form; whoever lists readers sees that this card is none."""


def sealed(body: bytes) -> bytes:
    """With TCK, which a card that offers T=1 must send: the exclusive-or of everything after TS is zero."""
    return body + bytes([reduce(xor, body[1:])])


ATR = sealed(bytes([0x3B, 0x80 | len(HISTORICAL), 0x01]) + HISTORICAL)
"""TS, T0 (TD1 follows, ten historical bytes), TD1 (T=1, nothing follows), historical bytes, TCK."""
