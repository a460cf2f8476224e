"""The clear record (清卡记录) as a workbook (xlsx): the same facts, one sheet a subject, for whoever reckons with them.

Amounts are numbers with two decimals, written digit for digit from the decimal text (never through a float, which would write
99.98999999999999 for 99.99); one with more digits than a cell can hold, 15, stays text. Codes, numbers of devices and every name
are text: nothing that came from outside can become a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from fapiao_kernel.records.proof import tables
from fapiao_kernel.records.proof.sheets import Amount, Sheet, sheets

_MOST_DIGITS, _LONGEST = 15, 32_767
"""A cell's limits: significant digits of a number, characters of a text (Excel specifications and limits)."""
_NARROW, _WIDE = 9, 60
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def render(
    facts: Mapping[str, Any], records: Sequence[Mapping[str, Any]], journal_head: str, signing_key: str
) -> bytes:
    """The file's bytes, the same for the same facts. Parameters as ``html_record.render``."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": datetime.fromisoformat(facts["finished_at"]).replace(tzinfo=None)})
        looks = {
            "band": book.add_format({"bold": True, "bg_color": "#FFC43D"}),
            "head": book.add_format({"bold": True, "bg_color": "#F1F4F7", "bottom": 1}),
            "text": book.add_format({"num_format": "@", "valign": "top"}),
            "count": book.add_format({"num_format": "#,##0", "valign": "top"}),
            "amount": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
        }
        for sheet in sheets(facts, records, journal_head, signing_key):
            _put(book.add_worksheet(sheet.title), sheet, looks, tables.band(facts))
    return out.getvalue()


def _put(page: Any, sheet: Sheet, looks: Mapping[str, Any], band: str) -> None:
    top = 0
    if band:
        page.write_string(0, 0, band, looks["band"])
        top = 1
    for column, head in enumerate(sheet.heads):
        page.write_string(top, column, head, looks["head"])
    for row, cells in enumerate(sheet.rows, top + 1):
        for column, cell in enumerate(cells):
            _cell(page, row, column, cell, looks)
    for column, width in enumerate(_widths(sheet)):
        page.set_column(column, column, width)
    page.freeze_panes(top + 1, 0)
    page.set_paper(9)  # A4
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)
    page.set_footer("&L&A&R&P / &N")


def _cell(page: Any, row: int, column: int, cell: str | int | Amount, looks: Mapping[str, Any]) -> None:
    match cell:
        case Amount():
            number = Decimal(cell.text)
            if len(number.normalize().as_tuple().digits) <= _MOST_DIGITS:
                page.write_number(row, column, number, looks["amount"])
            else:
                page.write_string(row, column, cell.text, looks["text"])
        case int():
            page.write_number(row, column, cell, looks["count"])
        case _:
            text = cell if len(cell) <= _LONGEST else cell[: _LONGEST - 1] + "…"
            page.write_string(row, column, text, looks["text"])


def _widths(sheet: Sheet) -> Iterator[int]:
    for column, head in enumerate(sheet.heads):
        texts = [head, *(_shown(row[column]) for row in sheet.rows if column < len(row))]
        yield min(_WIDE, max(_NARROW, 2 + max(map(_cells, texts))))


def _shown(cell: str | int | Amount) -> str:
    return f"{Decimal(cell.text):,}" if isinstance(cell, Amount) else str(cell)


def _cells(text: str) -> int:
    """How wide a text stands: a Chinese character takes two places."""
    return sum(1 if character < "\u2e80" else 2 for character in text)
