"""Rows as a workbook (导出为 xlsx): written row by row, never whole in memory; amounts as their exact digits, everything else text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.records.ledger.browsing import words
from fapiao_kernel.records.ledger.browsing.columns import Column, Kind

SHEET_ROWS = 1_048_575
"""Rows below the header of one sheet (Excel's limit is 1,048,576)."""
CELL = 32_767
"""Characters of a cell (Excel's limit, in UTF-16 units)."""
EXACT_DIGITS = 15
"""What a spreadsheet keeps of a number: longer amounts are written as text."""
TICK = 5_000
_EPOCH = date(1899, 12, 30)
_WIDTH = {Kind.TEXT: 16, Kind.AMOUNT: 14, Kind.DATE: 11, Kind.PERIOD: 9, Kind.NUMBER: 8, Kind.FLAG: 7}


def write(
    file: Path,
    lines: Path,
    columns: Sequence[Column],
    facts: Mapping[str, str],
    tick: Callable[[int], None],
    scratch: Path,
    sheet_rows: int = SHEET_ROWS,
) -> None:
    """From canonical lines (``exporting``). ``tick`` hears how many rows are written, and may raise to end it."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        str(file),
        {
            **{"constant_memory": True, "tmpdir": str(scratch), "use_zip64": True},
            **{"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        },
    )
    try:
        sheets = _Sheets(book, columns, sheet_rows)
        cut = 0
        with lines.open(encoding="utf-8", newline="\n") as rows:
            for place, line in enumerate(rows):
                cut += sheets.row(place, line[:-1].split("\x1f"))
                if place % TICK == 0:
                    tick(place)
        sheets.explain(facts, cut)
    except BaseException:
        for sheet in book.worksheets():  # what xlsxwriter holds open of a book that will not be
            if sheet.fh is not None and not sheet.fh.closed:
                sheet.fh.close()
            if sheet.row_data_fh is not None and not sheet.row_data_fh.closed:
                sheet.row_data_fh.close()
        book.fileclosed = True
        raise
    book.close()


class _Sheets:
    def __init__(self, book: Any, columns: Sequence[Column], size: int) -> None:
        self._book = book
        self._columns = columns
        self._size = size
        self._head = book.add_format({"bold": True, "bottom": 1})
        self._formats = {
            Kind.AMOUNT: book.add_format({"num_format": "0.00"}),
            Kind.DATE: book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.TEXT: book.add_format({"num_format": "@"}),
        }
        self._words = [words.of(column.name) for column in columns]
        self._sheet: Any = None
        self._begin()

    def row(self, place: int, fields: Sequence[str]) -> int:
        """Write a row (from 0); returns how many of its cells had to be cut."""
        if place and place % self._size == 0:
            self._begin()
        at, cut = place % self._size + 1, 0
        sheet = self._sheet
        for number, (column, text) in enumerate(zip(self._columns, fields, strict=True)):
            kind = column.kind
            if kind is Kind.AMOUNT and len(text.lstrip("-")) <= EXACT_DIGITS + 1:
                sheet.write_number(at, number, Decimal(text), self._formats[kind])
            elif kind is Kind.DATE and text >= "1900-03-01":  # before it Excel counts a day that never was
                sheet.write_number(at, number, (date.fromisoformat(text) - _EPOCH).days, self._formats[kind])
            elif kind is Kind.NUMBER:
                sheet.write_number(at, number, int(text))
            elif text:
                shown = self._words[number].get(text, text)
                if len(shown) * 2 > CELL and len(shown.encode("utf-16-le")) // 2 > CELL:
                    shown, cut = _cut(shown), cut + 1
                sheet.write_string(at, number, shown, self._formats[Kind.TEXT])
        return cut

    def explain(self, facts: Mapping[str, str], cut: int) -> None:
        """The sheet 说明: what is in the book, and how to check that it is all."""
        sheet = self._book.add_worksheet("说明")
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 80)
        told = [
            ("行数", facts["rows"]),
            (f"SHA-256（{facts['form']}）", facts["digest"]),
            (
                "摘要怎么算",
                "每行一条：各列的规范文字用 U+001F 隔开，行尾 LF，UTF-8；同一视图导出的 CSV、Parquet 摘要相同",
            ),
            ("列", facts["columns"]),
        ]
        if cut:
            told.append(("截短的格子", f"{cut}（Excel 一格最多 {CELL} 字；完整内容请导出 CSV 或 Parquet）"))
        for at, (name, value) in enumerate(told):
            sheet.write_string(at, 0, name, self._head)
            sheet.write_string(at, 1, value)

    def _begin(self) -> None:
        count = len(self._book.worksheets())
        self._sheet = self._book.add_worksheet("发票" if not count else f"发票{count + 1}")
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, _WIDTH[column.kind])
            self._sheet.write_string(0, number, column.zh, self._head)


def _cut(text: str) -> str:
    """As much as a cell takes, never half a character."""
    return text.encode("utf-16-le")[: (CELL - 1) * 2].decode("utf-16-le", "ignore") + "…"
