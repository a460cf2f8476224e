"""Identifiers of the practice world: well formed, and plainly of nobody (administrative division 999999 does not exist)."""

from __future__ import annotations

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
DIVISION = "999999"
"""Administrative division (行政区划) of every practice taxpayer."""


def organisation_check(body: str) -> str:
    """Check character of an organisation code (组织机构代码, GB 11714): 8 characters in, one out."""
    total = sum(w * int(c, 36) for w, c in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return "0X987654321"[total % 11]


def uscc_check(body: str) -> str:
    """Check character of a unified social credit code (统一社会信用代码, GB 32100): weights 3^i mod 31 over 17 characters."""
    total = sum(pow(3, i, 31) * _USCC.index(c) for i, c in enumerate(body))
    return _USCC[(31 - total % 31) % 31]


def practice_uscc(serial: int) -> str:
    """The practice taxpayer id (纳税人识别号) with this serial, 18 characters, both check characters right."""
    organisation = f"{serial:08d}"
    body = "91" + DIVISION + organisation + organisation_check(organisation)
    return body + uscc_check(body)


def special_code(batch: int) -> str:
    """Code (发票代码) of a special invoice, 10 digits: area 9900, year 26, batch, language 1, three sheets, 0 = computer."""
    return f"990026{batch:d}130"


def ordinary_code(batch: int) -> str:
    """Code (发票代码) of an ordinary invoice, 12 digits: 0, area 9900, year 26, batch of three digits, 04 = two sheets."""
    return f"0990026{batch:03d}04"


def digital_number(serial: int) -> str:
    """Number of a fully digital invoice (数电发票号码), 20 digits: year, province 99, channel 2, serial."""
    return f"26992{serial:015d}"
