"""A small table of a return's figures (申报表数字) from xlsx or CSV: its rows as text, by what their column means."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.records.intake.values import compact

LARGEST = 4 * 2**20
"""Bytes: a table of figures is a few KiB."""
MOST = 1_000
"""Rows."""
_NAMES = {
    "period": ("征期", "所属期", "税款所属期", "period"),
    "invoice_type": ("票种", "发票类型", "票种代码", "type", "invoice_type"),
    "rate": ("税率", "税率/征收率", "征收率", "rate"),
    "amount": ("金额", "销售额", "不含税金额", "amount"),
    "tax": ("税额", "销项税额", "销项(应纳)税额", "tax"),
    "total": ("价税合计", "total"),
}
COLUMNS: Mapping[str, str] = {word: name for name, words in _NAMES.items() for word in words}
"""Heading → what it means. Others are left alone."""
_WITHIN = 10
"""The heading stands within so many rows."""


@dataclass(frozen=True)
class Row:
    """One row's cells by name; ``row`` as the user's spreadsheet counts, the first is 1."""

    row: int
    cells: Mapping[str, str]


def read(path: Path) -> list[Row]:
    """The table's rows. Raises ``UsageError``: ``return_unreadable`` (no such file, too large, no table), ``return_no_column``."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError("return_unreadable", file=path.name, original=type(error).__name__) from error
    if len(data) > LARGEST:
        raise UsageError("return_unreadable", file=path.name, original=f"> {LARGEST} bytes")
    rows = enumerate(_sheet(path, data) if data[:4] == b"PK\x03\x04" else _text(path, data), 1)
    columns: dict[int, str] = {}
    found: list[Row] = []
    for row, cells in rows:
        if not columns:
            columns = {at: COLUMNS[word] for at, word in enumerate(map(compact, cells)) if word in COLUMNS}
            if not _enough(columns.values()):
                columns = {}
                if row >= _WITHIN:
                    break
            continue
        told = {name: cells[at].strip() for at, name in columns.items() if at < len(cells)}
        if any(told.values()):
            found.append(Row(row, told))
        if len(found) > MOST:
            raise UsageError("return_unreadable", file=path.name, original=f"> {MOST}")
    if not columns:
        raise UsageError("return_no_column", file=path.name)
    return found


def _enough(names: Iterable[str]) -> bool:
    have = set(names)
    return {"amount", "tax"} <= have or "total" in have


def _text(path: Path, data: bytes) -> Iterator[Sequence[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UsageError("return_unreadable", file=path.name, original="UTF-8, GB18030")
    head = text.partition("\n")[0]
    delimiter = "\t" if "\t" in head else ";" if ";" in head and "," not in head else ","
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise UsageError("return_unreadable", file=path.name, original=str(error)) from error


def _sheet(path: Path, data: bytes) -> Iterator[Sequence[str]]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False, nrows=MOST + _WITHIN + 1):
            yield [_cell(value) for value in row]
    except CalamineError as error:
        raise UsageError("return_unreadable", file=path.name, original=str(error)) from error


def _cell(value: object) -> str:
    """As a person reads it: numbers by their shortest digits, a day (a month is often typed as its first day) as ``YYYY-MM``."""
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.strftime("%Y-%m") if hasattr(value, "strftime") else str(value)
