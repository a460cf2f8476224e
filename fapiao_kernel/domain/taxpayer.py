"""Taxpayer ids (税号) old and new: the same company under 15, 18 or 20 characters (三证合一; domain note 6, item 14)."""

from __future__ import annotations


def same_taxpayer(one: str, other: str) -> bool:
    """Whether two taxpayer ids name one company; ids as written, without a check of their check digits.

    Old (15): area code 6 + organisation code 9. Unified (18, GB 32100): 1 + 1 + area code 6 + organisation code 9 + check.
    20: an 18 with two characters of the registrar's own behind it. Two of one length are the same only when they are equal.
    """
    short, long = sorted((_bare(one), _bare(other)), key=len)
    if not short:
        return False
    match len(short), len(long):
        case 15, 18 | 20:
            return short[6:] == long[8:17]
        case 18, 20:
            return long.startswith(short)
    return short == long


def _bare(taxpayer: str) -> str:
    return "".join(taxpayer.split()).upper()
