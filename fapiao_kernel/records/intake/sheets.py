"""Tables read with care (细读): ``ports.intake.Sheets`` over the text of a workbook's sheets or of a CSV file."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import NotApart, Table
from fapiao_kernel.records.intake import values, words
from fapiao_kernel.records.intake.careful import NAMELESS, Careful
from fapiao_kernel.records.intake.export_rows import Form, Reader
from fapiao_kernel.records.intake.table_text import UNCLOSED, Row, rows, some

TICK = 5000


class TableSheets:
    """A file's tables. ``files`` are temporary ones, which ``close`` removes; ``form`` says what the cells mean."""

    def __init__(self, heads: Table | None, lines: Table | None, form: Form, files: Iterable[Path] = ()) -> None:
        self._heads, self._lines, self._form = heads, lines, form
        self._files = tuple(files)

    @property
    def heads(self) -> Table | None:
        return self._heads

    @property
    def lines(self) -> Table | None:
        return self._lines

    def kind(self, name: str, source: str, code: str) -> InvoiceType | None:
        """By 发票票种; by the code only where the table has no such column: an empty cell says nothing."""
        return words.kind(name, source, code, column=self._form.kinds)

    def rate(self, text: str) -> str:
        return values.rate(text)

    def void(self, text: str) -> bool | None:
        return words.void(text, flag=self._form.flag)

    def uploaded(self, text: str) -> bool | None:
        return words.uploaded(text)

    def careful(self, heads: Sequence[int], lines: Sequence[int]) -> tuple[Sequence[Invoice], Sequence[Finding]]:
        """As the port says. A number that the table does not have is passed over."""

        def of(table: Table) -> Iterator[tuple[int, Row]]:
            if table is self._heads:
                return some(table, heads)
            found = some(table, lines)
            return found if table.numbered else _apart(table, self._form, found)

        return self._read(of)

    def everything(self, progress: Progress | None = None) -> tuple[Sequence[Invoice], Sequence[Finding]]:
        """As the port says. ``progress`` is told every so many rows."""

        def of(table: Table) -> Iterator[tuple[int, Row]]:
            found = _told(table, rows(table), progress)
            return found if table is self._heads or table.numbered else filled(table, self._form, found)

        return self._read(of)

    def close(self) -> None:
        for file in self._files:
            file.unlink(missing_ok=True)

    def _read(self, of: Callable[[Table], Iterator[tuple[int, Row]]]) -> tuple[Sequence[Invoice], Sequence[Finding]]:
        with quiet_collector():
            careful = Careful(self._form, of)
            invoices = careful.invoices(self._heads, self._lines)
            return invoices, careful.findings


def filled(table: Table, form: Form, found: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """Goods lines, those without a number of their own (续行) with their invoice's columns from the row above."""
    read = Reader(table, form)
    taken = [place for field, place in table.columns.items() if field not in _OWN]
    above: Row | None = None
    for number, row in found:
        if row is not UNCLOSED:
            row = read.full(row)
            if not read.nobody(row):
                above = row
            elif above is not None and read.goes_on(row):
                whole = list(row)
                for place in taken:
                    whole[place] = whole[place] or above[place]
                row = whole
        yield number, row


_OWN = frozenset(
    ("amount", "tax", "total", "rate", "item", "tax_class", "specification", "unit", "quantity", "price", "remark")
)
"""What a goods line says itself."""


def _apart(table: Table, form: Form, found: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    read = Reader(table, form)
    for number, row in found:
        if row is not UNCLOSED and read.nobody(whole := read.full(row)) and read.goes_on(whole):
            raise NotApart(f"row {number} has no number of its own")
        yield number, row


def _told(table: Table, found: Iterator[tuple[int, Row]], progress: Progress | None) -> Iterator[tuple[int, Row]]:
    if progress is None:
        yield from found
        return
    for done in itertools.count(TICK, TICK):
        yield from (some_rows := list(itertools.islice(found, TICK)))
        if len(some_rows) < TICK:
            return
        progress(table.name or NAMELESS, done, table.rows)


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Hundreds of thousands of small objects that all stay: looking for cycles among them would double the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
