"""Rows of a table's text (表文): all of them, or some by their numbers, without the file in memory."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from fapiao_kernel.ports.intake import Table

Row = Sequence[str]
UNCLOSED: Row = ("\ufffd",)
"""What stands for a row whose quote is never closed."""
_PIECE = 1 << 20
_CELL = 1 << 20
"""Characters of one cell: a remark has hundreds, and an open quote would swallow the whole file."""


def parsed(lines: Iterable[str], delimiter: str, quote: str = '"') -> Iterator[Row]:
    """The rows of lines of text, blank lines as ``[]``; ``UNCLOSED`` where a quote is never closed."""
    csv.field_size_limit(_CELL)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield UNCLOSED
        except StopIteration:
            return


def rows(table: Table) -> Iterator[tuple[int, Row]]:
    """Number and cells of every row. Blank lines are no rows, as for the fast road."""
    with table.file.open("rb") as file:
        _skip(file, table.skip)
        yield from _numbered(file, table, table.first_row)


def some(table: Table, numbers: Iterable[int]) -> Iterator[tuple[int, Row]]:
    """The rows of these numbers, in the order of the file, which is read no further than the last of them."""
    wanted = set(numbers)
    if not wanted:
        return
    last = max(wanted)
    with table.file.open("rb") as file:
        _skip(file, table.skip)
        found = _numbered(file, table, table.first_row) if table.numbered else _counted(file, table, wanted)
        for number, row in found:
            if number in wanted:
                yield number, row
            if number >= last:
                return


def text(line: bytes) -> str:
    """A line as text: what is no UTF-8 becomes U+FFFD, a line end of old inside of it a blank."""
    said = line.decode("utf-8", "replace")
    if "\r" in said[:-2]:
        body = said.rstrip("\r\n")
        said = body.replace("\r", " ") + said[len(body) :]
    return said


def _numbered(lines: Iterable[bytes], table: Table, first: int) -> Iterator[tuple[int, Row]]:
    number = first - 1
    for row in parsed(map(text, lines), table.delimiter, table.quote):
        if not row:
            continue
        number = int(row[0]) if table.numbered and row is not UNCLOSED else number + 1
        yield number, row


def _counted(file: BinaryIO, table: Table, wanted: set[int]) -> Iterator[tuple[int, Row]]:
    """Pieces of the file that hold none of the rows are only counted, a hundred times faster than reading them.

    A line is a row as long as there is no quote; from the first quote on, everything is read.
    """
    number, left = table.first_row, sorted(wanted, reverse=True)
    pieces = _pieces(file)
    for piece in pieces:
        if table.quote.encode() in piece:
            rest = (io.BytesIO(each) for each in itertools.chain([piece], pieces))  # lines as a file has them
            yield from _numbered(itertools.chain.from_iterable(rest), table, number)
            return
        count = piece.count(b"\n") + (not piece.endswith(b"\n"))
        if b"\n\n" in piece or (b"\r" in piece and b"\n\r\n" in piece) or piece[:1] in b"\r\n":
            count = sum(1 for line in piece.split(b"\n") if line.rstrip(b"\r"))
        if left[-1] < number + count:
            yield from _numbered((line + b"\n" for line in piece.split(b"\n")), table, number)
            while left and left[-1] < number + count:
                left.pop()
            if not left:
                return
        number += count


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece + file.readline()


def _skip(file: BinaryIO, lines: int) -> None:
    for _ in range(lines):
        file.readline()
