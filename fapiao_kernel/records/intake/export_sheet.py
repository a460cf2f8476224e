"""One sheet of the full export (全量发票查询导出结果): its header found by names, its rows with the user's row numbers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from fapiao_kernel.domain.errors import Refused

LINES, BASIC = "信息汇总表", "发票基础信息"
"""A row for each goods line, and a row for each invoice (domain note, section 3.5)."""
CODE, NUMBER, DIGITAL_NUMBER = "发票代码", "发票号码", "数电发票号码"
ISSUED, AMOUNT, TAX, TOTAL, KIND = "开票日期", "金额", "税额", "价税合计", "发票票种"
NEEDED = (ISSUED, AMOUNT, TAX, KIND)
_OTHER_NAMES = {
    "数电票号码": DIGITAL_NUMBER,
    "销售方识别号": "销方识别号",
    "销售方名称": "销方名称",
    "购方名称": "购买方名称",
}
_HEADER_WITHIN = 20
"""The header is looked for in so many rows: some people put a title above it."""

log = logging.getLogger("fapiao.intake")


class Sheet:
    """A sheet with its columns. Raises ``Refused`` (``intake_no_column``) when needed ones are missing."""

    def __init__(self, book: CalamineWorkbook, name: str) -> None:
        self.name = name
        sheet = book.get_sheet_by_name(name)
        self.height = sheet.total_height
        self._rows: Iterator[Sequence[Any]] = sheet.iter_rows()
        self._number = 0
        columns: dict[str, int] = {}
        while self._number < _HEADER_WITHIN and not _is_header(columns):
            row = next(self._rows, None)
            if row is None:
                break
            self._number += 1
            if len(found := _columns(row)) > len(columns):
                columns = found
        lacking = [need for need in NEEDED if need not in columns]
        if NUMBER not in columns and DIGITAL_NUMBER not in columns:
            lacking.append(NUMBER)
        if lacking:
            raise Refused("intake_no_column", sheet=name, columns="、".join(lacking))
        self.columns = columns
        self._width = max(columns.values()) + 1

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Row number (the sheet's first row is 1) and cells of every row below the header that is not empty."""
        number = self._number
        for row in self._rows:
            number += 1
            if any(cell != "" for cell in row):
                yield number, row if len(row) >= self._width else [*row, *[""] * (self._width - len(row))]

    def at(self, column: str) -> int:
        """Position of a column; the last, always empty one when the sheet lacks it."""
        return self.columns.get(column, -1)


class Export:
    """An export and which of its sheets are there. A sheet is read when it is opened: both at once would need twice the memory.

    Raises ``Refused``: ``intake_workbook_broken``, ``intake_no_sheet``.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._book = CalamineWorkbook.from_filelike(file)
        there = [meta.name for meta in self._book.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet]
        self._real = {name: real for name in (BASIC, LINES) for real in there if real.strip() == name}
        if not self._real:
            raise Refused("intake_no_sheet", wanted=f"{LINES}」「{BASIC}", found="」「".join(there[:8]))

    def has(self, name: str) -> bool:
        return name in self._real

    def open(self, name: str) -> Sheet | None:
        """The sheet; None when the export has none of that name. Raises ``Refused`` (``intake_no_column``)."""
        return Sheet(self._book, self._real[name]) if name in self._real else None


def _columns(row: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for position, cell in enumerate(row):
        if isinstance(cell, str) and (name := "".join(cell.split())):
            found.setdefault(_OTHER_NAMES.get(name, name), position)
    return found


def _is_header(columns: dict[str, int]) -> bool:
    return ISSUED in columns and AMOUNT in columns and (NUMBER in columns or DIGITAL_NUMBER in columns)


BROKEN_BOOK = (CalamineError, OSError, ValueError)


def panicked(error: BaseException) -> bool:
    """Whether the reader's native code gave up (a Rust panic reaches Python as a ``BaseException``)."""
    return type(error).__name__ == "PanicException"
