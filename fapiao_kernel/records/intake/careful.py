"""The careful road (细读): rows to invoices, and a finding with its row for everything that is not right about one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.ports.intake import Table
from fapiao_kernel.records.intake.export_rows import Form, Key, Lines, Reader, RowError
from fapiao_kernel.records.intake.table_text import Row

NAMELESS = "CSV"
"""What findings call a table without a name."""
_BROKEN = "\ufffd"


class Careful:
    """One reading: its findings, and which invoices have theirs already. ``rows`` gives a table's rows with their numbers."""

    def __init__(self, form: Form, rows: Callable[[Table], Iterator[tuple[int, Row]]]) -> None:
        self._form = form
        self._rows_of = rows
        self.findings: list[Finding] = []
        self._told: dict[object, str] = {}

    def invoices(self, heads: Table | None, lines: Table | None) -> list[Invoice]:
        """Invoices from the heads (发票基础信息), their lines from 信息汇总表; with only the lines, these are added up."""
        if heads is None:
            return self._added_up(lines) if lines is not None else []
        return self._joined(heads, lines) if lines is not None else self._of_heads(heads, {})

    def _rows(self, table: Table, read: Reader) -> Iterator[tuple[int, Row]]:
        """Rows that say something, each as wide as the table."""
        for number, row in self._rows_of(table):
            try:
                whole = read.full(row)
            except RowError as error:
                self._tell(error, _name(table), number)
                continue
            if not read.aside(whole):
                yield number, whole

    def _of_heads(self, table: Table, lines: Mapping[Key, Lines]) -> list[Invoice]:
        """Each with its lines; whether these add up, the ledger tells."""
        read, found, sheet = Reader(table, self._form), [], _name(table)
        for number, row in self._rows(table, read):
            try:
                key = read.key(row)
                money = read.money(row, key)
                own = lines.get(key)
                invoice = read.invoice(row, key, number, money, tuple(own.lines) if own else ())
            except RowError as error:
                self._tell(error, sheet, number)
                continue
            found.append(invoice)
            self._doubt(read, row, sheet, number)
            if money.total != (added := money.amount + money.tax):
                self._warn("intake_total_differs", number, sheet=sheet, total=money.total, sum=added)
        return found

    def _joined(self, heads: Table, table: Table) -> list[Invoice]:
        """Both sheets. The lines come first, and what is wrong with them is told last: an invoice's own row says it better."""
        name, read = _name(table), Reader(table, self._form)
        lines: dict[Key, Lines] = {}
        bad: list[tuple[RowError, int]] = []
        for number, row in self._rows(table, read):
            try:
                key = read.key(row)
                own = lines.get(key) or lines.setdefault(key, Lines(number))
                own.add(read.line(row, read.money(row, key)))
            except RowError as error:
                bad.append((error, number))
        invoices = self._of_heads(heads, lines)
        for trouble, number in bad:
            self._tell(trouble, name, number)
        known = {invoice.key for invoice in invoices}
        for key, own in lines.items():
            if key not in known:
                alone = RowError("intake_line_alone", key, value=" ".join(key).strip(), basic=_name(heads))
                self._tell(alone, name, own.row)
        return invoices

    def _added_up(self, table: Table) -> list[Invoice]:
        """Invoices out of their lines alone. One bad line leaves its whole invoice out: its sums would be wrong."""
        read, sheet = Reader(table, self._form), _name(table)
        heads: dict[Key, Invoice] = {}
        lines: dict[Key, Lines] = {}
        for number, row in self._rows(table, read):
            try:
                key = read.key(row)
                money = read.money(row, key)
                if key not in heads:
                    heads[key] = read.invoice(row, key, number, money)
                    lines[key] = Lines(number)
                    self._doubt(read, row, sheet, number)
                lines[key].add(read.line(row, money), money.total)
            except RowError as error:
                self._tell(error, sheet, number)
        return [_summed(head, lines[key]) for key, head in heads.items() if key not in self._told]

    def _doubt(self, read: Reader, row: Row, sheet: str, number: int) -> None:
        """What is told of a row that comes in all the same."""
        if read.void(row) is None:
            self._warn("intake_status_unknown", number, sheet=sheet, value=read.status(row))
        if any(_BROKEN in cell for cell in row):
            self._warn("intake_text_broken", number, sheet=sheet)
        if finer := read.rounded(row):
            self._warn("intake_amount_rounded", number, sheet=sheet, column=finer[0], value=finer[1])

    def _warn(self, code: str, row: int, **facts: object) -> None:
        self.findings.append(finding(code, row=row, at=row, **facts))  # type: ignore[arg-type]  # facts of any name

    def _tell(self, error: RowError, sheet: str, row: int) -> None:
        """A bad row's finding; an invoice that is known (a tuple) has one, and what both sheets show is told of the first."""
        if (where := self._told.get(error.key)) and (where != sheet or isinstance(error.key, tuple)):
            return
        self._told[error.key] = sheet
        self.findings.append(error.finding(sheet, row))


def _name(table: Table) -> str:
    return table.name or NAMELESS


def _summed(head: Invoice, own: Lines) -> Invoice:
    tax = sum((line.tax for line in own.lines), ZERO)
    red = head.red or own.amount < 0
    return replace(head, amount=own.amount, tax=tax, total=own.total, red=red, declared_rate="", lines=tuple(own.lines))
