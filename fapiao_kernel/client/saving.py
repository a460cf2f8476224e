"""A result into a file (存成文件): xlsx, CSV or Parquet, by the file's ending; whole or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from fapiao_kernel.client.errors import RequestError

if TYPE_CHECKING:
    import duckdb

FORMATS = ("xlsx", "csv", "parquet")
SHEET_ROWS = 1_048_575
"""Rows below the heading of a sheet (Excel's limit is 1,048,576)."""
EXACT_DIGITS = 15
"""What a spreadsheet keeps of a number: longer amounts are written as text."""
_BATCH = 50_000


def save(relation: duckdb.DuckDBPyRelation, file: Path, labels: Mapping[str, str]) -> int:
    """Write it; returns the rows. ``labels``: column → heading of an xlsx; CSV and Parquet keep the columns' own names.

    Raises ``RequestError`` (``save_format``, ``save_too_long``, ``export_exists``, ``export_unwritable``).
    """
    kind = file.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise RequestError.of("save_format", exit_code=2, file=file.name, known="、".join(FORMATS))
    if file.exists():
        raise RequestError.of("export_exists", exit_code=2, path=file)
    rows = len(relation)
    if kind == "xlsx" and rows > SHEET_ROWS:
        raise RequestError.of("save_too_long", exit_code=2, rows=f"{rows:,}")
    part = file.with_name(f".{file.name}.part")
    try:
        part.touch(exist_ok=True)
        if kind == "csv":
            relation.write_csv(str(part), header=True, encoding="utf-8")
        elif kind == "parquet":
            relation.write_parquet(str(part), compression="zstd")
        else:
            _workbook(relation, part, labels)
        os.replace(part, file)
    except OSError as error:
        raise RequestError.of("export_unwritable", exit_code=3, path=file, original=type(error).__name__) from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _workbook(relation: duckdb.DuckDBPyRelation, file: Path, labels: Mapping[str, str]) -> None:
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(file), options) as book:
        sheet = book.add_worksheet()
        money, day = book.add_format({"num_format": "0.00"}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [labels.get(name, name) for name in relation.columns], book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        at = 0
        while rows := relation.limit(_BATCH, offset=at).fetchall():
            for row in rows:
                at += 1
                for place, value in enumerate(row):
                    match value:
                        case None:
                            pass
                        case bool():
                            sheet.write_boolean(at, place, value)
                        case Decimal() if len(value.as_tuple().digits) <= EXACT_DIGITS:
                            sheet.write_number(at, place, value, money)
                        case int():
                            sheet.write_number(at, place, value)
                        case date():
                            sheet.write_datetime(at, place, value, day)
                        case _:
                            sheet.write_string(at, place, str(value))
