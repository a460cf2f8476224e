"""CSV files (逗号分隔文本): the full export's or issuing software's tables, in whatever encoding and with whatever delimiter."""

from __future__ import annotations

import codecs
import csv
import itertools
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import FIELDS, Table
from fapiao_kernel.records.intake import csv_form, values, words
from fapiao_kernel.records.intake.careful import NAMELESS
from fapiao_kernel.records.intake.csv_form import CsvForm
from fapiao_kernel.records.intake.days import ISO
from fapiao_kernel.records.intake.export_rows import Form
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import is_text
from fapiao_kernel.records.intake.sheets import TableSheets, filled
from fapiao_kernel.records.intake.table_text import parsed

_CHUNK = 4 << 20
_TICK = 10_000
_MONEY = ("amount", "tax", "total")
_PLAIN = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")
_NUMBERS = ("code", "number", "digital_number")


@dataclass(frozen=True)
class CsvFile:
    """The importer ``csv``."""

    id: str = "csv"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """Text with a header that is known, within its first rows."""
        return is_text(head) and csv_form.look(head, whole=path.stat().st_size <= len(head)) is not None

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """The table where it lies, if it is UTF-8 and plainly written; else written anew as that. Raises ``Refused``."""
        form = csv_form.form_of(path)
        if form is None:
            raise Refused("intake_unknown_kind")
        if lacking := form.columns.lacking(kind=False):
            raise Refused("intake_no_column", sheet=NAMELESS, columns="、".join(lacking))
        if form.empty:
            return Content((), (finding("intake_no_invoice"),))
        if form.mend:
            table = _mended(path, form, progress)
        elif form.encoding in ("utf-8", "utf-8-sig"):
            table = _table(path, form)
        else:
            table = _table(_as_utf8(path, form, progress), form)
        files = [table.file] if table.file != path else []
        heads, lines = (None, table) if form.columns.lines else (table, None)
        sheets = TableSheets(heads, lines, _meaning(form), files)
        return Content(sheets=sheets)


def _meaning(form: CsvForm) -> Form:
    return Form(kinds="kind" in form.columns.at, flag=form.columns.flag, typed=False)


def _table(path: Path, form: CsvForm) -> Table:
    return Table(
        path,
        form.columns.at,
        form.width,
        skip=form.skip,
        delimiter=form.delimiter,
        day_format=form.day_format,
        first_row=form.first_row,
    )


def _as_utf8(path: Path, form: CsvForm, progress: Progress | None) -> Path:
    """The same text in UTF-8, in a temporary file. A character that is none becomes U+FFFD, which its row is told for."""
    decoder = codecs.getincrementaldecoder(form.encoding)("replace")
    rows = 0
    with _temporary() as (target, file), path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            said = decoder.decode(chunk)
            file.write(said)
            rows += said.count("\n")
            if progress:
                progress(NAMELESS, rows, 0)
        file.write(decoder.decode(b"", final=True))
    return target


def _mended(path: Path, form: CsvForm, progress: Progress | None) -> Table:
    """The rows as a numbered table in a temporary file: numbers and days bare, amounts plain, each goods line with its invoice's
    columns, without rows of sums. What cannot be understood stays as it is written, for the careful road to tell."""
    fields = [field for field in dict.fromkeys((*_NUMBERS, *FIELDS)) if field in form.columns.at]
    columns = {field: place for place, field in enumerate(fields, 1)}
    with (
        _temporary() as (target, file),
        path.open(encoding=form.encoding, errors="replace", newline="") as source,
    ):
        table = Table(target, columns, len(fields) + 1, numbered=True)
        rows = _numbered(source, form, fields)
        if form.columns.lines:
            rows = ((number, list(row)) for number, row in filled(table, _meaning(form), rows))
        writer, count = csv.writer(file), 0
        mend = _Mending(columns)
        while batch := list(itertools.islice(rows, _TICK)):
            writer.writerows(mend.row(row) for _, row in batch)
            count += len(batch)
            if progress:
                progress(NAMELESS, count, 0)
    return Table(target, columns, len(fields) + 1, day_format=ISO, numbered=True, rows=count)


def _numbered(source: TextIO, form: CsvForm, fields: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers as a spreadsheet counts them (blank lines too), and the known columns."""
    places = [form.columns.at[field] for field in fields]
    pick, width = itemgetter(*places), max(places) + 1
    item = form.columns.at["item"] if form.columns.lines and "item" in form.columns.at else -1
    for number, row in enumerate(parsed((line.replace("\0", "") for line in source), form.delimiter), 1):
        if number < form.first_row or not row:
            continue
        whole = row if len(row) >= width else [*row, *[""] * (width - len(row))]
        if item >= 0 and whole[item].strip() in words.SUBTOTALS:
            continue
        yield number, [str(number), *pick(whole)]


class _Mending:
    """Cells as SQL takes them. Days are remembered; what is plain already is left alone."""

    def __init__(self, columns: dict[str, int]) -> None:
        self._bare = [columns[field] for field in _NUMBERS if field in columns]
        self._money = [columns[field] for field in _MONEY if field in columns]
        self._issued = columns["issued"]
        self._days: dict[str, str] = {}

    def row(self, cells: list[str]) -> list[str]:
        for place in self._bare:
            if not (cell := cells[place]).isdigit():
                cells[place] = words.bare(cell)
        for place in self._money:
            if not (cell := cells[place]).replace(".", "", 1).isdigit():
                plain = cell.replace(",", "")
                cells[place] = plain if _PLAIN.fullmatch(plain) else _amount(cell)
        cell = cells[self._issued]
        if (day := self._days.get(cell)) is None:
            day = self._days[cell] = _day(words.bare(cell))
        cells[self._issued] = day
        return cells


def _amount(cell: str) -> str:
    try:
        return cell if not cell.strip() or cell.strip() in values.MASKED else str(values.amount(cell))
    except ValueError:
        return cell


def _day(cell: str) -> str:
    try:
        return values.day(cell).isoformat()
    except ValueError:
        return cell


@contextmanager
def _temporary() -> Iterator[tuple[Path, TextIO]]:
    """A temporary file being written in UTF-8, which is gone when the block raises."""
    descriptor, name = tempfile.mkstemp(prefix="fapiao-table-", suffix=".csv")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="", buffering=_CHUNK) as file:
            yield Path(name), file
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


IMPORTER = CsvFile()
