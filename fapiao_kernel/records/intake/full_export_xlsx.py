"""Workbooks (xlsx): the tax bureau's full export (全量发票查询导出结果), whole or one sheet of it, and what issuing software exports."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.ports import Progress
from fapiao_kernel.ports.intake import Table
from fapiao_kernel.records.intake import export_sheet as s
from fapiao_kernel.records.intake.export_rows import Form
from fapiao_kernel.records.intake.halves import Whole, halved
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import names_in
from fapiao_kernel.records.intake.sheets import TableSheets

TOGETHER = 400 << 20
"""Bytes of sheets, unpacked, up to which two are parsed at once; larger ones one by one, for the sake of memory."""
_PATIENCE = 0.2
"""Seconds between two looks whether the import was cancelled, while a sheet is parsed."""


@dataclass(frozen=True)
class FullExport:
    """The importer ``full-export-xlsx``."""

    id: str = "full-export-xlsx"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """A zip with a workbook in it, whatever the file is called."""
        return any(name.startswith("xl/workbook.") for name in names_in(path, head))

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Tables of 发票基础信息 and 信息汇总表, or of the sheets whose headers are those of issuing software."""
        with _broken_books(), _Book(path, progress) as book:
            return book.content()


class _Book:
    """A workbook being written as tables. Raises ``Refused``: ``intake_workbook_broken``, ``intake_no_sheet``."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._path, self._progress = path, progress
        self._book = _open(path)
        self._there = [m.name for m in self._book.sheets_metadata if m.typ is SheetTypeEnum.WorkSheet]
        self._findings: list[Finding] = []
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="sheet")

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def content(self) -> Content:
        real = {name: there for name in (s.BASIC, s.LINES) for there in self._there if there.strip() == name}
        written: list[Table] = []
        try:
            if real:
                heads, lines = self._export(real, written)
                form = Form()
            else:
                heads, lines, form = self._software(written)
        except BaseException:
            _remove(written)
            raise
        if not any(table.rows for table in (heads, lines) if table):
            _remove(written)
            return Content((), tuple(self._findings) or (finding("intake_no_invoice"),))
        sheets = TableSheets(heads, lines, form, [table.file for table in written])
        return Content((), tuple(self._findings), sheets)

    def _export(self, real: dict[str, str], written: list[Table]) -> tuple[Table | None, Table | None]:
        """The full export's sheets. One that lacks columns is told, and the other one may do."""
        tables: dict[str, Table] = {}
        for name, sheet in self._parsed([real[name] for name in (s.BASIC, s.LINES) if name in real]):
            try:
                opened = s.Sheet(sheet)
                del sheet
                opened.need(kind=True)
            except Refused as error:
                self._findings.append(error.finding())
                continue
            table = opened.write(lines=name.strip() == s.LINES, progress=self._progress)
            written.append(table)
            tables[name.strip()] = table
        if s.LINES in tables and s.BASIC in real and s.BASIC not in tables:
            return None, None  # without its invoices' own rows, nobody knows whether the lines are all of them
        return tables.get(s.BASIC), tables.get(s.LINES)

    def _software(self, written: list[Table]) -> tuple[Table | None, Table | None, Form]:
        """The first sheet with a row for each invoice and the first with one for each goods line; further ones are told."""
        found: dict[bool, Table] = {}
        forms: dict[bool, Form] = {}
        for _, sheet in self._parsed(self._there):
            opened = s.Sheet(sheet)
            columns = opened.columns
            if (
                not columns.is_header or "source" in columns.at
            ):  # a full export whose sheets have other names is not whole
                continue
            if columns.lines in found:
                self._findings.append(finding("intake_sheet_left", sheet=opened.name))
                continue
            opened.need(kind=False)
            found[columns.lines] = opened.write(lines=columns.lines, progress=self._progress)
            written.append(found[columns.lines])
            forms[columns.lines] = Form(kinds="kind" in columns.at, flag=columns.flag)
        if not found:
            raise Refused("intake_no_sheet", wanted=f"{s.LINES}」「{s.BASIC}", found="」「".join(self._there[:8]))
        return found.get(False), found.get(True), forms.get(False) or forms[True]

    def _parsed(self, names: Sequence[str]) -> Iterator[tuple[str, CalamineSheet | Whole]]:
        """The sheets in this order. Parsing happens outside of Python's lock: the next is parsed while one is written."""
        if len(names) == 2 and _unpacked(self._path) <= TOGETHER:
            other = _open(self._path)
            waiting = [(names[0], self._parse(self._book, names[0])), (names[1], self._parse(other, names[1]))]
            for name, parsing in waiting:
                yield name, self._wait(name, parsing)
            return
        for name in names:
            halves = halved(self._path, name, self._pool, partial(self._wait, name)) if len(names) == 1 else None
            yield name, halves or self._wait(name, self._parse(self._book, name))

    def _parse(self, book: CalamineWorkbook, name: str) -> Future[CalamineSheet]:
        return self._pool.submit(book.get_sheet_by_name, name)

    def _wait(self, name: str, parsing: Future[CalamineSheet]) -> CalamineSheet:
        while True:
            try:
                return parsing.result(_PATIENCE)
            except NotYet:
                if self._progress:
                    self._progress(name, 0, 0)


def _open(path: Path) -> CalamineWorkbook:
    with path.open("rb") as file:
        return CalamineWorkbook.from_filelike(file)


def _unpacked(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist() if entry.filename.startswith("xl/"))


def _remove(tables: Sequence[Table]) -> None:
    for table in tables:
        table.file.unlink(missing_ok=True)


@contextmanager
def _broken_books() -> Iterator[None]:
    """Whatever the reader says of a book that it cannot read is one refusal."""
    try:
        yield
    except FapiaoError:
        raise
    except s.BROKEN_BOOK as error:
        raise Refused("intake_workbook_broken", original=f"{type(error).__name__}: {error}"[:200]) from error
    except BaseException as error:
        if s.panicked(error):
            raise Refused("intake_workbook_broken", original=str(error)[:200]) from error
        raise


IMPORTER = FullExport()
