"""A workbook's sheets (工作表): the header found by names, and the rows written as text with the user's row numbers."""

from __future__ import annotations

import csv
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import FIELDS, Table
from fapiao_kernel.records.intake import columns as c
from fapiao_kernel.records.intake import values, words
from fapiao_kernel.records.intake.days import ISO, day_format

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
_SAMPLE = 2_000
"""Rows from which the form of the days is told."""
_BUFFER = 1 << 20


class Sheet:
    """A sheet with its columns, not yet read further than its header."""

    def __init__(self, sheet: CalamineSheet) -> None:
        self.name = sheet.name
        self.height = sheet.total_height
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
        at = self.columns.at
        fields = [field for field in dict.fromkeys((*IDENTITY, *FIELDS)) if field in at]
        records = _Records(fields, [at[field] for field in fields], lines)
        descriptor, name = tempfile.mkstemp(prefix="fapiao-sheet-", suffix=".csv")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="", buffering=_BUFFER) as file:
                writer, found = csv.writer(file), records.of(self._rows, self._above)
                first = list(itertools.islice(found, _SAMPLE))
                writer.writerows(first)
                done = -1
                while done != records.count:
                    done = records.count
                    if progress:
                        progress(self.name, done, self.height)
                    writer.writerows(itertools.islice(found, _TICK))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        columns = {field: place for place, field in enumerate(fields, 1)}
        days = day_format(str(row[columns["issued"]]) for row in first)
        return Table(
            *(Path(name), columns, len(fields) + 1),
            day_format=days or ISO,
            numbered=True,
            rows=records.count,
            name=self.name,
        )


class _Records:
    """Rows as they are written: number, then the known columns, code and number first. The inner loop of an import:
    a few operations a row, nothing a cell."""

    def __init__(self, fields: list[str], places: list[int], lines: bool) -> None:
        self.count = 0
        self._pick = itemgetter(-1, *places)
        self._texts = [place for field, place in zip(fields, places, strict=True) if field in _TEXTS]
        self._identity = 1 + sum(field in IDENTITY for field in fields)
        self._issued, self._amount = fields.index("issued") + 1, fields.index("amount") + 1
        self._taken = [at for at, field in enumerate(fields, 1) if field not in _OF_LINE] if lines else []
        self._above: tuple[Any, ...] = ()
        self._item = fields.index("item") + 1 if lines and "item" in fields else 0  # the row's number is no subtotal

    def of(self, rows: Iterable[list[Any]], number: int) -> Iterator[tuple[Any, ...]]:
        """``number``: of the row above the first."""
        pick, identity, item = self._pick, self._identity, self._item
        texts = itemgetter(*self._texts) if self._texts else lambda _: ""
        for row in rows:
            number += 1
            try:
                "".join(texts(row))
            except TypeError:
                self._as_text(row)
            row.append(number)
            cells = pick(row)
            if cells[item] in words.SUBTOTALS:
                continue
            if cells[1] or any(cells[2:identity]):
                self._above = cells
            elif any(cells[1:]):
                if cells[self._issued] == "":
                    if words.is_sum([str(cell) for cell in row[:-1]]):
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

    def _continued(self, cells: tuple[Any, ...]) -> tuple[Any, ...]:
        """A goods line without a number of its own is one more of the invoice above (续行)."""
        if not self._taken or not self._above or cells[self._amount] == "":
            return cells
        whole = list(cells)
        for place in self._taken:
            if whole[place] == "":
                whole[place] = self._above[place]
        return tuple(whole)


BROKEN_BOOK = (CalamineError, OSError, ValueError)


def panicked(error: BaseException) -> bool:
    """Whether the reader's native code gave up (a Rust panic reaches Python as a ``BaseException``)."""
    return type(error).__name__ == "PanicException"
