"""The text layer of a PDF as rows of characters at their places (文字层), whatever order the file gives them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fapiao_kernel.records.intake.values import no_radicals, plain

_SAME_ROW = 0.5
"""Of a character's height: values are printed a little above or below their labels, and rows lie 1.4 heights apart."""
_FAR = 2.5
"""Of a character's height: what lies further off belongs to another cell."""
_REACH = 12.0
"""Of a character's height: a value begins within so much of its label."""
_APART = 0.45
"""Of a character's height: a gap that parts two words."""

_LATIN_GAP = 0.2
"""Of a character's height: a space beside a Latin word that was made by moving on."""


@dataclass(frozen=True, slots=True)
class Char:
    """One character, and its box in points."""

    text: str
    left: float
    right: float
    middle: float
    height: float
    spaced: bool
    """White space came before it in the file; a gap alone is none."""

    @classmethod
    def of(cls, text: str, left: float, right: float, middle: float, height: float, spaced: bool) -> Char:
        """A character for the radical that a font may give in its stead."""
        return cls(no_radicals(text), left, right, middle, height, spaced)


@dataclass(frozen=True)
class Row:
    """Characters of about one height, from left to right; no white space among them."""

    chars: tuple[Char, ...]

    @cached_property
    def text(self) -> str:
        """Half width and without white space, for labels and figures; one character for each of ``chars``."""
        return "".join(shown if len(shown := plain(char.text)) == 1 else char.text for char in self.chars)

    @property
    def middle(self) -> float:
        return self.chars[0].middle

    def after(self, end: int) -> str:
        """What is printed after the label that ends at that character: its own cell, as it is written there."""
        begin, chars = end, self.chars
        if end == 0 or end >= len(chars) or chars[end].left - chars[end - 1].right > _REACH * chars[end].height:
            return ""
        while end + 1 < len(chars) and chars[end + 1].left - chars[end].right <= _FAR * chars[end].height:
            end += 1
        return _written(chars[begin : end + 1])

    def words(self) -> list[tuple[float, str]]:
        """Words and where each begins: parted by gaps."""
        found: list[list[Char]] = []
        for char in self.chars:
            last = found[-1][-1] if found else None
            if last and not (char.spaced and char.left > last.right) and char.left - last.right <= _APART * char.height:
                found[-1].append(char)
            else:
                found.append([char])
        return [(word[0].left, _written(word)) for word in found]


def rows(chars: Iterable[Char]) -> list[Row]:
    """A page's characters as rows from top to bottom."""
    found: list[list[Char]] = []
    for char in sorted(chars, key=lambda char: -char.middle):
        first = found[-1][0] if found else None
        if first and first.middle - char.middle <= _SAME_ROW * min(first.height, char.height):
            found[-1].append(char)
        else:
            found.append([char])
    return [Row(tuple(sorted(row, key=lambda char: char.left))) for row in found]


def _written(chars: Sequence[Char]) -> str:
    """As it is written, with its own spaces, and with one where a gap parts a Latin word from its neighbour."""
    text = ""
    for at, char in enumerate(chars):
        if at:
            last = chars[at - 1]
            latin = char.text.isascii() or last.text.isascii()
            if char.spaced or (latin and char.left - last.right > _LATIN_GAP * char.height):
                text += " "
        text += char.text
    return text


def labels(page: Sequence[Row], label: re.Pattern[str]) -> list[tuple[Row, int]]:
    """Each place of a label: its row, and where it ends there; from top to bottom and left to right."""
    return [(row, match.end()) for row in page for match in label.finditer(row.text)]
