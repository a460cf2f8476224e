"""Reasons inside a sentence (原因): in the language that the sentence is in."""

from __future__ import annotations

from fapiao_kernel.domain.errors import english


def either(zh: str, en: str) -> str:
    """Chinese unless ``FAPIAO_LANG=en``."""
    return en if english() else zh
