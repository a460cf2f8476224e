"""A workbook's sheets (工作表): the header found by names, and the rows written as text with the user's row numbers."""

from __future__ import annotations

import csv
import io
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from python_calamine import CalamineError, CalamineSheet

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import FIELDS, Table
from fapiao_kernel.records.intake import columns as c
from fapiao_kernel.records.intake import values, words
from fapiao_kernel.records.intake.days import ISO, day_format
from fapiao_kernel.records.intake.halves import Whole
from fapiao_kernel.records.intake.sheets import quiet_collector

LINES, BASIC = "信息汇总表", "发票基础信息"
"""A row for each goods line, and a row for each invoice (domain note, section 3.5)."""
IDENTITY = ("code", "number", "digital_number")
_TEXTS = frozenset(
    (
        *("remark", "seller_id", "seller_name", "buyer_id", "buyer_name"),
        *("machine_number", "red_of", "item", "tax_class"),
    )
)
"""Columns in which a number cell is to be text: as such it would pass for plain, with ``.0`` at its end."""
_OF_LINE = frozenset(FIELDS[FIELDS.index("amount") :]) | {"remark"}
"""What a goods line says itself; the rest it may leave to the row above (续行)."""
_TICK = 10_000
_BATCH = 2_000
"""Rows written together; the form of the days is told from the first of them."""
_BUFFER = 1 << 20


class Sheet:
    """A sheet with its columns, not yet read further than its header."""

    def __init__(self, sheet: CalamineSheet | Whole) -> None:
        self.name = sheet.name
        last = sheet.end or (-1, -1)
        self.height, self._width = last[0] + 1, last[1] + 1
        rows: Iterator[list[Any]] = sheet.iter_rows()
        first = list(itertools.islice(rows, c.HEADER_WITHIN))
        place, self.columns = c.header(first)
        self._above = place + 1
        self._rows = itertools.chain(first[place + 1 :], rows)

    def need(self, *, kind: bool) -> None:
        """Raises ``Refused`` (``intake_no_column``) when needed columns are missing."""
        if lacking := self.columns.lacking(kind=kind):
            raise Refused("intake_no_column", sheet=self.name, columns="、".join(lacking))

    def write(self, *, lines: bool, progress: Progress | None = None) -> Table:
        """The rows as a numbered table in a temporary file, which is gone when this raises."""
        records = _Records(self.columns.at, self._width, lines)
        found = records.of(self._rows, self._above)
        descriptor, name = tempfile.mkstemp(prefix="fapiao-sheet-", suffix=".csv")
        try:
            with os.fdopen(descriptor, "wb", buffering=_BUFFER) as file, quiet_collector():
                first = batch = list(itertools.islice(found, _BATCH))
                while batch:
                    file.write(as_text(batch))
                    if progress and records.count % _TICK < _BATCH:
                        progress(self.name, records.count, self.height)
                    batch = list(itertools.islice(found, _BATCH))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        columns = records.columns
        days = day_format(str(row[columns["issued"]]) for row in first)
        return Table(
            *(Path(name), columns, records.width),
            day_format=days or ISO,
            numbered=True,
            rows=records.count,
            name=self.name,
        )


def as_text(batch: list[Any]) -> bytes:
    """Rows as delimited text. A JSON array is that as well, and written three times as fast, unless something in it is escaped."""
    try:
        json = to_json(batch)
    except ValueError:  # half a character (a lone surrogate) somewhere
        json = b"\\"
    if b"\\" not in json and json.count(b"],[") == len(batch) - 1:
        return json[2:-2].replace(b"],[", b"\n") + b"\n"
    text = io.StringIO(newline="")
    csv.writer(text).writerows(batch)
    return text.getvalue().encode("utf-8", "replace")


class _Records:
    """Rows as they are written: number, then the columns that are known. The inner loop of an import: a few operations a row,
    nothing a cell."""

    def __init__(self, at: Mapping[str, int], width: int, lines: bool) -> None:
        self.count = 0
        places = sorted(at.values())
        self._pick = itemgetter(-1, *places) if len(places) < width else None
        self.columns = {field: 1 + places.index(place) for field, place in at.items()}
        self.width = 1 + len(places)
        self._texts = [place for field, place in at.items() if field in _TEXTS]
        self._identity = [self.columns[field] for field in IDENTITY if field in at]
        self._taken = [place for field, place in self.columns.items() if field not in _OF_LINE] if lines else []
        self._above: Sequence[Any] = ()
        self._item = self.columns.get("item", 0) if lines else 0  # the row's number is no subtotal

    def of(self, rows: Iterable[list[Any]], number: int) -> Iterator[Sequence[Any]]:
        """``number``: of the row above the first."""
        pick, item, (first, *others) = self._pick, self._item, self._identity
        texts = itemgetter(*self._texts) if self._texts else lambda _: ""
        for row in rows:
            number += 1
            try:
                "".join(texts(row))
            except TypeError:
                self._as_text(row)
            cells: Sequence[Any]
            if pick:
                row.append(number)
                cells = pick(row)
            else:
                row.insert(0, number)
                cells = row
            if cells[item] in words.SUBTOTALS:
                continue
            if cells[first] or any(cells[place] for place in others):
                self._above = cells
            elif any(cells[1:]):
                if cells[self.columns["issued"]] == "":
                    if words.is_sum([str(cell) for cell in row if cell != number]):
                        continue
                    cells = self._continued(cells)
            else:
                continue
            self.count += 1
            yield cells

    def _as_text(self, row: list[Any]) -> None:
        for place in self._texts:
            if not isinstance(row[place], str):
                row[place] = values.quantity(row[place])

    def _continued(self, cells: Sequence[Any]) -> Sequence[Any]:
        """A goods line without a number of its own is one more of the invoice above (续行)."""
        if not self._taken or not self._above or cells[self.columns["amount"]] == "":
            return cells
        whole = list(cells)
        for place in self._taken:
            if whole[place] == "":
                whole[place] = self._above[place]
        return whole


BROKEN_BOOK = (CalamineError, OSError, ValueError)


def panicked(error: BaseException) -> bool:
    """Whether the reader's native code gave up (a Rust panic reaches Python as a ``BaseException``)."""
    return type(error).__name__ == "PanicException"
