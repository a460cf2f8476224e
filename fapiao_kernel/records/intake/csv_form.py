"""How a CSV file is written (写法): encoding, delimiter, header, and whether its rows can be taken where they lie."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fapiao_kernel.records.intake import columns as c
from fapiao_kernel.records.intake import values, words
from fapiao_kernel.records.intake.days import ISO, day_format
from fapiao_kernel.records.intake.table_text import Row, parsed, text

DELIMITERS = (",", "\t", ";", "|")
SAMPLE = 1 << 20
"""Bytes of the file's beginning from which its form is told."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FEW = 50
"""Every so many rows one may be odd: that is for the careful road; a habit of the whole file is not."""
_NEAR = 4
"""Known columns that make a header that lacks some: it is told which."""
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]{1,4})?")


@dataclass(frozen=True)
class CsvForm:
    """``skip``: physical lines above the first row; ``first_row``: its number as a spreadsheet counts. ``mend``: rows have to be
    written anew before SQL can take them: guards, sums, thousands separators, days in several forms, lines that go on (续行)."""

    encoding: str
    delimiter: str
    columns: c.Columns
    skip: int = 0
    first_row: int = 2
    width: int = 0
    day_format: str = ISO
    empty: bool = True
    mend: bool = field(default=False)


def encodings_of(head: bytes) -> tuple[str, ...]:
    """By the byte order mark, else by where the zeros are; else it is UTF-8 or GB18030 (of which GBK is a part): a header's words
    are there in one of them only, even when some characters further down are damaged."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return (name,)
    even, odd = head[0:400:2].count(0), head[1:400:2].count(0)
    if max(even, odd) * 16 > len(head[:400]):
        return ("utf-16-le" if odd > even else "utf-16-be",)
    return ("utf-8", "gb18030")


def form_of(path: Path) -> CsvForm | None:
    """The form of a file; None when it has no header that is known."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
        whole = len(head) < SAMPLE
    return look(head, whole=whole)


def look(head: bytes, *, whole: bool) -> CsvForm | None:
    """The form, by the file's beginning; ``whole``: this is all of it. None when there is no header that is known."""
    near: CsvForm | None = None
    for encoding in encodings_of(head):
        said = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
        if "\n" not in said:
            said = said.replace("\r", "\n")
        for delimiter in DELIMITERS:
            first = [row for row, _ in itertools.islice(_read(said, delimiter), c.HEADER_WITHIN)]
            place, columns = c.header(first)
            form = CsvForm(encoding, delimiter, columns)
            if columns.is_header:
                return _measured(form, said, place, whole=whole, mac=b"\n" not in head)
            if near is None and len(columns.at) >= _NEAR and {"number", "digital_number"} & columns.at.keys():
                near = form
    return near


def _read(said: str, delimiter: str) -> Iterator[tuple[Row, int]]:
    """Rows, blank lines too, each with the number of the physical line after it."""
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for line in io.BytesIO(said.encode("utf-8", "replace")):
            count += 1
            yield text(line)

    for row in parsed(lines(), delimiter):
        yield row, count


def _measured(form: CsvForm, said: str, place: int, *, whole: bool, mac: bool) -> CsvForm:
    read = list(_read(said, form.delimiter))
    if not whole and len(read) > place + 2:
        read.pop()  # may be cut off
    skip, above = read[place][1], place + 1
    while above < len(read) and not read[above][0]:  # blank lines below the header
        skip, above = read[above][1], above + 1
    rows = [row for row, _ in read[above:]]
    while rows and not rows[-1]:
        rows.pop()
    at = form.columns.at
    widths = Counter(len(row) for row in rows if row)
    width = widths.most_common(1)[0][0] if widths else 0
    full = [[*row, *[""] * (max(at.values()) + 1 - len(row))] for row in rows]
    days = day_format(words.bare(row[at["issued"]]) for row in full)
    mend = (
        width <= max(at.values())
        or days is None
        or not all(rows)
        or mac
        or bool(re.search(r"\r(?!\n)|\0", said))
        or _odd(full, form.columns)
    )
    return CsvForm(
        *(form.encoding, form.delimiter, form.columns, skip, above + 1),
        width=width,
        day_format=days or ISO,
        empty=not rows,
        mend=bool(rows) and mend,
    )


def _odd(rows: Sequence[Row], columns: c.Columns) -> bool:
    """Whether it is a habit of the file to write what SQL does not take as it is."""
    at = columns.at
    texts = [at[name] for name in ("code", "number", "digital_number", "issued") if name in at]
    sums = [at[name] for name in ("amount", "tax", "total") if name in at]
    odd = 0
    for row in rows:
        if columns.lines and _depends(row, at):
            return True
        odd += any(words.bare(row[place]) != row[place] for place in texts) or any(
            _padded(row[place]) for place in sums
        )
    return odd * _FEW > len(rows)


def _depends(row: Row, at: dict[str, int]) -> bool:
    """A goods line without a number of its own, or a line of sums among an invoice's lines."""
    named = any(row[at[name]].strip() for name in ("code", "number", "digital_number") if name in at)
    if named:
        return "item" in at and row[at["item"]].strip() in words.SUBTOTALS
    return bool(row[at["amount"]].strip())


def _padded(cell: str) -> bool:
    if _PLAIN.fullmatch(cell):
        return False
    try:
        values.amount(cell)
    except ValueError:
        return False
    return True
