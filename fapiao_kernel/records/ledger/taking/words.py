"""What a table's words mean (用语): looked up once for each word that a sample of its rows holds, and written as SQL.

A word outside of the sample makes its row odd; so does one with white space around it, or whatever else the careful road would mend.
"""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from fapiao_kernel.domain.invoice import UNKNOWN_RATE, InvoiceType
from fapiao_kernel.ports.intake import Sheets, Table

SPOTS = 48
"""Places of the file, evenly spread, at which rows are looked at; its beginning is one of them."""
SPOT = 1 << 13
"""Bytes looked at in each."""
FIRST = 1 << 17
"""Bytes looked at in the beginning."""
_ODD = re.compile(r"[\x00-\x1f\x7f\ufffd]|^['=‘’]|^-?[0-9]{1,16}\.0$")
CLASS = "concat(length(code), left(code, 1), substr(code, 8, 1), right(code, 2))"
"""What of a code its positions tell of the type."""


@dataclass(frozen=True)
class Words:
    """``kinds``: (发票票种, 发票来源, whether there is a code, or the code's class) → type; ``rates``, ``voids``, ``uploads`` by word.

    ``masked``: tax cells hold words. ``scattered``: neighbouring rows lie in different months. ``digital``: there are fully digital ones.
    """

    kinds: Mapping[tuple[str, str, str], InvoiceType] = field(default_factory=dict)
    rates: Mapping[str, str] = field(default_factory=dict)
    voids: Mapping[str, bool] = field(default_factory=dict)
    uploads: Mapping[str, bool | None] = field(default_factory=dict)
    masked: bool = False
    scattered: bool = False
    digital: bool = False


MASKED = ("***", "*", "免税", "不征税")
"""Tax cells that mean 0.00."""


def learn(sheets: Sheets, table: Table) -> Words:
    """The words of a sample."""
    kinds: dict[tuple[str, str, str], InvoiceType] = {}
    rates: dict[str, str] = {"": UNKNOWN_RATE}
    voids: dict[str, bool] = {}
    uploads: dict[str, bool | None] = {}
    asked: set[tuple[str, str, str]] = set()
    months: list[int] = []
    masked = fully = False
    by_name = "kind" in table.columns
    for spot in _spots(table):
        near: set[str] = set()
        for row in spot:
            cell = {name: row[place] for name, place in table.columns.items()}
            fully = fully or not cell.get("code") or bool(cell.get("digital_number"))
            near.add(cell.get("issued", "")[:7])
            digital = bool(cell.get("digital_number"))
            code = "" if digital else cell.get("code", "")
            name, source = cell.get("kind", ""), cell.get("source", "")
            where = (name, source, ("1" if code else "") if by_name else code_class(code))
            if where not in asked and plain(name) and plain(source):
                asked.add(where)
                kind = sheets.kind(name, source, code)
                if kind is not None:
                    kinds[where] = kind
            masked = masked or cell.get("tax") in MASKED
            rate, status, upload = cell.get("rate", ""), cell.get("status", ""), cell.get("uploaded", "")
            if rate not in rates and plain(rate):
                rates[rate] = sheets.rate(rate)
            if status not in voids and plain(status) and (void := sheets.void(status)) is not None:
                voids[status] = void
            if upload not in uploads and plain(upload):
                uploads[upload] = sheets.uploaded(upload)
        if near:
            months.append(len(near))
    scattered = bool(months) and statistics.median(months) > 1
    return Words(kinds, rates, voids, uploads, masked, scattered, fully)


NO_CODE = "0"
"""The class of an empty code."""


def code_class(code: str) -> str:
    """As the SQL ``CLASS``."""
    return f"{len(code)}{code[:1]}{code[7:8]}{code[-2:]}"


def plain(text: str) -> bool:
    """Whether the careful road leaves the text as it is."""
    return text == text.strip() and not _ODD.search(text)


def quoted(text: str) -> str:
    """As an SQL constant."""
    return "'" + text.replace("'", "''") + "'"


def case(subject: str, meanings: Mapping[str, str], other: str = "NULL") -> str:
    """``CASE subject WHEN word THEN meaning`` (SQL), and ``other`` for every other word."""
    if not meanings:
        return other
    whens = " ".join(f"WHEN {quoted(word)} THEN {meaning}" for word, meaning in meanings.items())
    return f"CASE {subject} {whens} ELSE {other} END"


def one_of(subject: str, words: Iterable[str]) -> str:
    """``subject IN (…)`` (SQL)."""
    listed = ", ".join(quoted(word) for word in words)
    return f"{subject} IN ({listed})" if listed else "false"


def _spots(table: Table) -> Iterator[list[list[str]]]:
    """Rows at some places. A place may lie inside a quoted cell: then its rows make no sense, and their words do no harm."""
    with table.file.open("rb") as file:
        for _ in range(table.skip):
            file.readline()
        start = file.tell()
        end = file.seek(0, 2)
        yield _rows(table, _read(file, start, FIRST))
        step = (end - start) // SPOTS
        if step > SPOT:
            for place in range(start + FIRST, end - SPOT, step):
                yield _rows(table, _read(file, place, SPOT).partition(b"\n")[2])


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    """Whole lines, as far as they end."""
    file.seek(place)
    read = file.read(size)
    return read if len(read) < size else read.rpartition(b"\n")[0]


def _rows(table: Table, text: bytes) -> list[list[str]]:
    lines = text.decode("utf-8", "replace").split("\n")
    reader = csv.reader(
        (line + "\n" for line in lines if line.strip()), delimiter=table.delimiter, quotechar=table.quote
    )
    found = []
    try:
        for row in reader:
            if len(row) == table.width:
                found.append(row)
    except csv.Error:
        pass  # a cell beyond all bounds, or cut: the rows before it are a sample all the same
    return found
