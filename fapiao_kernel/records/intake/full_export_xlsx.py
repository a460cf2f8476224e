"""The tax bureau's full export (全量发票查询导出结果, xlsx): with both of its sheets, or one of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import export_sheet as s
from fapiao_kernel.records.intake.export_rows import Key, Lines, Reader, RowError
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import names_in

_TICK = 5000


@dataclass(frozen=True)
class FullExport:
    """The importer ``full-export-xlsx``."""

    id: str = "full-export-xlsx"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """A zip with a workbook in it, whatever the file is called."""
        return any(name.startswith("xl/workbook.") for name in names_in(path, head))

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Invoices from 发票基础信息, their lines from 信息汇总表; with only the lines, they are added up to invoices."""
        try:
            with _quiet_collector():
                return _Reading(s.Export(path), progress).content()
        except FapiaoError:
            raise
        except s.BROKEN_BOOK as error:
            raise Refused("intake_workbook_broken", original=f"{type(error).__name__}: {error}"[:200]) from error
        except BaseException as error:
            if s.panicked(error):
                raise Refused("intake_workbook_broken", original=str(error)[:200]) from error
            raise


class _Reading:
    """One export being read: its findings, and which invoices have theirs already."""

    def __init__(self, export: s.Export, progress: Progress | None) -> None:
        self._export = export
        self._progress = progress
        self._findings: list[Finding] = []
        self._told: dict[object, str] = {}

    def content(self) -> Content:
        lines = self._open(s.LINES)
        if lines is None:
            basic = self._open(s.BASIC)
            invoices = self._invoices(basic, {}) if basic else []
        elif self._export.has(s.BASIC):
            invoices = self._joined(lines)
        else:
            invoices = self._added_up(lines)
        return Content(invoices, tuple(self._findings))

    def _open(self, name: str) -> s.Sheet | None:
        """The sheet; None when it is not there, or is of no use: then that is told, and the other one may do."""
        try:
            return self._export.open(name)
        except Refused as error:
            self._findings.append(error.finding())
            return None

    def _rows(self, sheet: s.Sheet) -> Iterator[tuple[int, Any]]:
        for number, row in sheet.rows():
            if self._progress and number % _TICK == 0:
                self._progress(sheet.name, number, sheet.height)
            yield number, row

    def _invoices(self, sheet: s.Sheet, lines: Mapping[Key, Lines]) -> list[Invoice]:
        """The rows of 发票基础信息, each with its lines. Lines that do not add up are told, and the invoice stands."""
        read, found = Reader(sheet), []
        for number, row in self._rows(sheet):
            try:
                key = read.key(row)
                money = read.money(row, key)
                own = lines.get(key)
                invoice = read.invoice(row, key, number, money, tuple(own.lines) if own else ())
            except RowError as error:
                self._tell(error, sheet.name, number)
                continue
            found.append(invoice)
            if money.total != (added := money.amount + money.tax):
                self._warn("intake_total_differs", number, sheet=sheet.name, total=money.total, sum=added)
            if own and own.whole and (added := own.amount) != money.amount:
                self._warn("intake_lines_differ", number, lines=added, amount=money.amount)
        return found

    def _joined(self, sheet: s.Sheet) -> list[Invoice]:
        """Both sheets. The lines come first, and what is wrong with them is told last: an invoice's own row says it better."""
        name, read = sheet.name, Reader(sheet)
        lines: dict[Key, Lines] = {}
        bad: list[tuple[RowError, int]] = []
        for number, row in self._rows(sheet):
            key: Key | None = None
            try:
                key = read.key(row)
                own = lines.get(key) or lines.setdefault(key, Lines(number))
                own.add(read.line(row, read.money(row, key)))
            except RowError as error:
                bad.append((error, number))
                if key is not None:
                    lines[key].whole = False
        del sheet, read
        basic = self._open(s.BASIC)
        if basic is None:
            return []
        invoices = self._invoices(basic, lines)
        for trouble, number in bad:
            self._tell(trouble, name, number)
        known = {invoice.key for invoice in invoices}
        for key, own in lines.items():
            if key not in known:
                alone = RowError("intake_line_alone", key, value=" ".join(key).strip(), basic=s.BASIC)
                self._tell(alone, name, own.row)
        return invoices

    def _added_up(self, sheet: s.Sheet) -> list[Invoice]:
        """Invoices out of their lines alone. One bad line leaves its whole invoice out: its sums would be wrong."""
        read = Reader(sheet)
        heads: dict[Key, Invoice] = {}
        lines: dict[Key, Lines] = {}
        for number, row in self._rows(sheet):
            try:
                key = read.key(row)
                money = read.money(row, key)
                if key not in heads:
                    heads[key] = read.invoice(row, key, number, money)
                    lines[key] = Lines(number)
                lines[key].add(read.line(row, money), money.total)
            except RowError as error:
                self._tell(error, sheet.name, number)
        return [_summed(head, lines[key]) for key, head in heads.items() if key not in self._told]

    def _warn(self, code: str, row: int, **facts: object) -> None:
        self._findings.append(finding(code, row=row, at=row, **facts))  # type: ignore[arg-type]  # facts of any name

    def _tell(self, error: RowError, sheet: str, row: int) -> None:
        """A bad row's finding; an invoice that is known (a tuple) has one, and what both sheets show is told of the first."""
        if (where := self._told.get(error.key)) and (where != sheet or isinstance(error.key, tuple)):
            return
        self._told[error.key] = sheet
        self._findings.append(error.finding(sheet, row))


def _summed(head: Invoice, own: Lines) -> Invoice:
    tax = sum((line.tax for line in own.lines), ZERO)
    red = head.red or own.amount < 0
    return replace(head, amount=own.amount, tax=tax, total=own.total, red=red, lines=tuple(own.lines))


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Hundreds of thousands of small objects that all stay: looking for cycles among them would double the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


IMPORTER = FullExport()
