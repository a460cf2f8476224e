"""Whose an odd row may be (对号): every identity that its code and number can mean once somebody has mended them.

Too many are no harm: rows of those invoices are then read with care as well.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping

from fapiao_kernel.records.ledger.differing import Key

_GUARDS = "=\"'‘’\t "
_SHORT, _CODES = 8, (10, 12)


def keys_of(cells: Mapping[str, str]) -> set[Key]:
    """``cells``: by field, ``code``, ``number`` and ``digital_number`` as they stand in the table."""
    codes = _mended(cells.get("code", ""), _CODES)
    numbers = _mended(cells.get("number", ""), (_SHORT,))
    found = set(itertools.product(codes, numbers))
    found |= {("", number) for number in numbers}
    found |= {("", number) for number in _mended(cells.get("digital_number", ""), ())}
    return {(code, number) for code, number in found if number}


def _mended(text: str, lengths: tuple[int, ...]) -> set[str]:
    half = "".join(unicodedata.normalize("NFKC", text).split())
    bare = half.strip(_GUARDS)
    whole = bare.removesuffix(".0")
    return {text, text.strip(), half, bare, whole} | {whole.zfill(length) for length in lengths if whole}
