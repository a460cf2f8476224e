"""Names as they are compared (名称归一): half width, one kind of bracket, no spaces. Names themselves are kept as they came."""

from __future__ import annotations

import re
import unicodedata

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPACE = re.compile(r"\s+")
_BRACKETS = str.maketrans("〔〕【】［］", "()()()")


def clean(text: str) -> str:
    """Text without control characters (a space stands for each), so that one digest line is one invoice."""
    return _CONTROL.sub(" ", text) if _CONTROL.search(text) else text


def normalised(name: str) -> str:
    """NFKC (full width and Kangxi radicals become ordinary), brackets alike, spaces gone, upper case."""
    bare = _SPACE.sub("", unicodedata.normalize("NFKC", name.translate(_BRACKETS))).upper()
    return unicodedata.normalize("NFKC", bare)  # what now stands side by side may compose
