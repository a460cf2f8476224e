"""One large sheet parsed on two cores (对半解析): its rows in two small workbooks, as one sheet of the same rows.

The parser works outside of Python's lock, so two halves take half the time. Whatever is unusual about a workbook is left to the
ordinary way: then ``halved`` gives None.
"""

from __future__ import annotations

import io
import itertools
import os
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.intake.limits import BROKEN_ZIP, parse_xml

CORES = 2
WORTH = 4 << 20
"""Bytes of a sheet, unpacked, from which it is worth the trouble."""
MOST = 200 << 20
"""Bytes beyond which two copies would take too much memory."""
SHARE = 0.45
"""Of the upper half, which is written while the lower one is still being parsed."""
_BOOK, _RELATIONS, _STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
_SMALL = ("[Content_Types].xml", "_rels/.rels", _BOOK, _RELATIONS, _STRINGS, "xl/styles.xml")
_ROW = re.compile(rb'<row r="([0-9]{1,7})"')
_END = b"</sheetData>"


@dataclass(frozen=True)
class Whole:
    """Two halves as one sheet, with what is asked of a ``CalamineSheet``. ``first``: row of the second half's first, from 0."""

    name: str
    upper: CalamineSheet
    lower: CalamineSheet
    first: int

    @property
    def end(self) -> tuple[int, int] | None:
        """Last row and last column, from 0."""
        return _end(self.lower)[0], max(_end(self.upper)[1], _end(self.lower)[1])

    def iter_rows(self) -> Iterator[list[Any]]:
        """Rows as the whole sheet gives them."""
        width = max(_end(self.upper)[1], _end(self.lower)[1]) + 1
        yield from _wide(self.upper.iter_rows(), width - _end(self.upper)[1] - 1)
        for _ in range(self.first - _end(self.upper)[0] - 1):
            yield [""] * width
        yield from _wide(itertools.islice(self.lower.iter_rows(), self.first, None), width - _end(self.lower)[1] - 1)


def _end(sheet: CalamineSheet) -> tuple[int, int]:
    return sheet.end or (-1, -1)


def _wide(rows: Iterator[list[Any]], lacking: int) -> Iterator[list[Any]]:
    return (row + [""] * lacking for row in rows) if lacking else rows


def halved(
    path: Path, name: str, pool: ThreadPoolExecutor, wait: Callable[[Future[CalamineSheet]], CalamineSheet]
) -> Whole | None:
    """The sheet, its halves parsed in the pool; None when it is to be parsed the ordinary way. ``wait`` may end it by raising."""
    if (os.cpu_count() or 1) < CORES:
        return None
    try:
        parts = _halves(path, name)
        if parts is None:
            return None
        upper, lower, first = parts
        waiting = [pool.submit(_parse, half, name) for half in (upper, lower)]
        del upper, lower, parts
        sheets = [wait(each) for each in waiting]
    except (*BROKEN_ZIP, CalamineError, Refused, KeyError):
        return None  # the ordinary way says what is wrong
    above, below = (sheet.start or (-1, -1) for sheet in sheets)
    if _end(sheets[0])[0] >= first or below[0] < first or above[1] != 0 or below[1] != 0:
        return None  # the reader leaves empty columns at the left out, and each half has its own
    return Whole(name, sheets[0], sheets[1], first)


def _parse(book: io.BytesIO, name: str) -> CalamineSheet:
    return CalamineWorkbook.from_filelike(book).get_sheet_by_name(name)


def _halves(path: Path, name: str) -> tuple[io.BytesIO, io.BytesIO, int] | None:
    with zipfile.ZipFile(path) as archive:
        member = _member(archive, name)
        size = archive.getinfo(member).file_size
        strings = archive.getinfo(_STRINGS).file_size if _STRINGS in archive.NameToInfo else 0
        if not WORTH <= size <= MOST or strings * 4 > size:  # both halves read all the strings
            return None
        xml = archive.read(member)
        small = {each: archive.read(each) for each in _SMALL if each in archive.NameToInfo}
    first, end = _ROW.search(xml), xml.rfind(_END)
    middle = (
        _ROW.search(xml, first.start() + int((end - first.start()) * SHARE), end)
        if first and end > first.start()
        else None
    )
    if first is None or middle is None:
        return None
    text = memoryview(xml)
    upper = _book(small, member, text[: middle.start()], text[end:])
    lower = _book(small, member, text[: first.start()], text[middle.start() :])
    return upper, lower, int(middle[1]) - 1


def _member(archive: zipfile.ZipFile, name: str) -> str:
    """The entry of a sheet. Raises ``KeyError``."""
    sheets = parse_xml(archive.read(_BOOK), name=_BOOK).iter("{*}sheet")
    relation = {sheet.get("name"): next((v for k, v in sheet.items() if k.endswith("}id")), "") for sheet in sheets}[
        name
    ]
    relations = parse_xml(archive.read(_RELATIONS), name=_RELATIONS).iter("{*}Relationship")
    target = {each.get("Id"): str(each.get("Target")) for each in relations}[relation]
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _book(small: dict[str, bytes], member: str, *parts: memoryview) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for each, content in small.items():
            archive.writestr(each, content)
        with archive.open(member, "w") as entry:
            for part in parts:
                entry.write(part)
    made.seek(0)
    return made
