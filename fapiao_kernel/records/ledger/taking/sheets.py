"""A file of many rows in (整表导入): its table's plain rows at once, the others with care; duplicates, known ones, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import LISTED, Listed, Progress
from fapiao_kernel.ports.intake import Sheets, Table
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger import adding, numbering, watching
from fapiao_kernel.records.ledger.cards_of import CardFinder
from fapiao_kernel.records.ledger.differing import COMPARED, DIFFERING, Batch, Difference, Key
from fapiao_kernel.records.ledger.doubts import Doubt
from fapiao_kernel.records.ledger.rows import INVOICE
from fapiao_kernel.records.ledger.taking import goods as taking_goods
from fapiao_kernel.records.ledger.taking import parties
from fapiao_kernel.records.ledger.taking import rows as taking_rows
from fapiao_kernel.records.ledger.taking import words as taking_words
from fapiao_kernel.records.ledger.taking.table import Careful, Slice, TooOdd, read_apart

HEADS, LINES = "staged_heads", "staged_lines"
_COLUMNS = ", ".join(INVOICE)
MORE = 1000
"""Findings of one kind that the careful road may tell one by one; the rest is counted."""


class Unreadable(Exception):
    """The table's text is beyond SQL, and the transaction with it: the careful road has to read all of it, in a new one."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.seq = seq


@dataclass
class Brought:
    """What one file brought, before it is finished. ``rows``: keys → rows of the file, as far as somebody asks."""

    size: int = 0
    batch: Batch = field(default_factory=Batch)
    findings: list[Finding] = field(default_factory=list)
    again: list[Difference] = field(default_factory=list)
    listed: tuple[Listed, ...] = ()
    bad: int = 0
    ordered: bool = False
    rows: dict[Key, int | None] = field(default_factory=dict)
    whole: Slice | None = None

    def row_of(self, keys: Sequence[Key]) -> dict[Key, int | None]:
        """Rows of new invoices."""
        found: dict[Key, int | None] = {key: self.batch.rows[key] for key in keys if key in self.batch.rows}
        if self.whole is not None and (asked := [key for key in keys if key not in found]):
            places = {key: place for key in asked for place in self.whole.of([key])}
            numbers = self.whole.numbers(list(places.values()))
            found |= {key: numbers[place] for key, place in places.items()}
        return found


@dataclass(frozen=True)
class Taking:
    """One file's sheets on their way in."""

    connection: duckdb.DuckDBPyConnection
    sheets: Sheets
    seq: int
    finder: CardFinder
    at: datetime
    period: Period | None
    progress: Progress | None
    whole: bool = False
    """Whether the careful road is to read all of it."""

    def bring(self) -> Brought:
        """Every row in: by the fast road as far as it goes. ``known`` then holds what was here already."""
        try:
            if self.whole:
                raise TooOdd
            return self._fast()
        except TooOdd:
            self.connection.execute(f"DELETE FROM invoice WHERE import_seq = {int(self.seq)}")
            invoices, findings = self.sheets.everything(self.progress)
            brought = Brought()
            brought.batch.take(self.seq, invoices)
            self._careful(brought, Careful(invoices, findings))
            brought.listed = tuple(Listed.of(i) for i in brought.batch.listed[self.seq])
            return brought

    def _fast(self) -> Brought:
        heads, lines = self.sheets.heads, self.sheets.lines
        table = heads or lines
        assert table is not None
        words = taking_words.learn(self.sheets, table)
        direct = lines is None and not table.numbered and not words.scattered
        head = goods = None
        odd: list[int] = []
        if heads is not None:
            head = self._read(heads, words, "invoice" if direct else HEADS, "odd_heads", lines=False)
            odd = parties.look(self.connection, head.source)
        odd_lines: list[int] = []
        if lines is not None:
            own = words if heads is None else taking_words.learn(self.sheets, lines)
            goods = self._read(lines, own, LINES, "odd_lines", lines=True)
            odd_lines = parties.look(self.connection, goods.source) if heads is None else []
            strays = taking_goods.strays(self.connection, head, goods) if head else ([], [])
            odd, odd_lines = [*odd, *strays[0]], [*odd_lines, *strays[1]]
        careful = read_apart(self.sheets, head, goods, odd, odd_lines)
        watching.pause(self.progress)
        brought = Brought()
        if goods is not None:
            taking_goods.together(self.connection, head, goods, HEADS)
            whole = head or replace(goods, table=HEADS, place="goods_row")
        else:
            assert head is not None
            whole = head
        if heads is None or careful.invoices or careful.findings:
            parties.gather(self.connection, whole.source)
        parties.doubt(self.connection, whole.source)
        parties.remember(self.connection)
        brought.batch.take(self.seq, careful.invoices)
        self._settle(brought, whole)
        if whole.table != "invoice":
            order = " ORDER BY period, code, number" if words.scattered else ""
            watching.run(
                self.connection,
                f"INSERT INTO invoice ({_COLUMNS}) SELECT {_COLUMNS} FROM {whole.source}{order}",
                self.progress,
                either("写入发票库", "Writing to the ledger"),
                brought.size,
            )
            if goods is not None:
                taking_goods.put(self.connection, whole, goods)
        self._careful(brought, careful)
        brought.ordered = not words.scattered and not careful.invoices
        return brought

    def _read(self, table: Table, words: taking_words.Words, target: str, rejects: str, *, lines: bool) -> Slice:
        for each in (rejects, f"{rejects}_scans"):
            self.connection.execute(f"DROP TABLE IF EXISTS {each}")
        cards = taking_rows.Cards(self.finder.volumes, self.finder.fallback)
        select = taking_rows.selected(
            table,
            words,
            cards,
            self.seq,
            self.at,
            self.period,
            rejects=rejects,
            lines=lines,
            staged=target != "invoice",
        )
        into = (
            f"INSERT INTO invoice ({_COLUMNS}) "
            if target == "invoice"
            else f"CREATE OR REPLACE TEMP TABLE {target} AS "
        )
        label = table.name or either("读入表格", "Reading the table")
        try:
            watching.run(self.connection, into + select, self.progress, label, table.rows)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:  # the text, not our SQL
            raise Unreadable(self.seq) from error
        found = Slice(self.connection, target, self.seq, table, rejects)
        found.settle()
        return found

    def _settle(self, brought: Brought, whole: Slice) -> None:
        """The plain rows: each invoice once, and those that are here already out again."""
        brought.whole = whole
        numbering.draw(self.connection, f"(SELECT * FROM {whole.source})")
        if numbering.twice(self.connection):
            self._once(brought, whole)
        brought.size = whole.count()
        brought.listed = self._listed(whole, brought.batch.listed[self.seq])
        if numbering.overlaps(self.connection):
            self._known(brought, whole)
        numbering.keep(self.connection)

    def _once(self, brought: Brought, whole: Slice) -> None:
        """Of the rows of one invoice the first stays; what the others tell otherwise is told."""
        here = f"(SELECT rowid AS place, * FROM {whole.source} AND ({numbering.BOOK}, {numbering.BUCKET}) IN (FROM places))"
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE twice AS SELECT code, number, min(place) AS first"
            f" FROM {here} GROUP BY ALL HAVING count(*) > 1"
        )
        pairs = ", ".join(f"i.{name}::VARCHAR, n.{name}::VARCHAR" for name in COMPARED)
        differs = " OR ".join(f"i.{name} <> n.{name}" for name in COMPARED)
        told = self.connection.execute(
            f"SELECT n.code, n.number, n.place, {pairs} FROM twice t JOIN {here} i ON i.place = t.first"
            f" JOIN {here} n ON n.code = t.code AND n.number = t.number AND n.place <> t.first WHERE {differs}"
        ).fetchall()
        numbers = whole.numbers([place for _, _, place, *_ in told])
        brought.again = [
            Difference((code, number), _words(values[::2]), _words(values[1::2]), numbers[place])
            for code, number, place, *values in told
        ]
        self.connection.execute(
            f"DELETE FROM {whole.source} AND rowid IN (SELECT n.place FROM {here} n JOIN twice t"
            " ON n.code = t.code AND n.number = t.number AND n.place <> t.first)"
        )

    def _known(self, brought: Brought, whole: Slice) -> None:
        """What is here already leaves the slice for ``known``."""
        unsent = int(Doubt.UNSENT)
        here = (
            "(SELECT *, rowid AS place, CASE WHEN doubts & "
            f"{unsent} <> 0 THEN false END AS uploaded FROM {whole.source} AND ({numbering.BOOK}, {numbering.BUCKET}) IN (FROM places))"
        )
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE there AS {adding.KNOWN.format(source=here, more=', n.place')}"
            f" WHERE i.import_seq <> {int(self.seq)}"
        )
        self.connection.execute("INSERT INTO known SELECT * EXCLUDE (place) FROM there")
        self._sent(whole)
        rows = self.connection.execute(
            f"SELECT n.code, n.number, n.place FROM there n JOIN invoice i ON i.code = n.code AND i.number = n.number"
            f" AND i.import_seq <> {int(self.seq)} WHERE {DIFFERING} OR i.status <> n.told"
        ).fetchall()
        if rows:
            numbers = whole.numbers([place for _, _, place in rows])
            brought.rows |= {(code, number): numbers[place] for code, number, place in rows}
        self.connection.execute(f"DELETE FROM {whole.source} AND rowid IN (SELECT place FROM there)")

    def _sent(self, whole: Slice) -> None:
        """Known ones that the file calls uploaded, where somebody waits to hear it: the slice has no column for that."""
        waiting = self.connection.execute(
            "SELECT count(*) FROM invoice_mark m SEMI JOIN there USING (code, number) WHERE mark = 'unsent'"
        ).fetchone()
        table = self.sheets.heads or self.sheets.lines
        if not waiting or not waiting[0] or table is None or "uploaded" not in table.columns:
            return
        words = taking_words.learn(self.sheets, table)
        sent = [word for word, said in words.uploads.items() if said]
        if sent:
            digital = "digital_number <> ''"
            self.connection.execute(
                "UPDATE known SET uploaded = true WHERE (code, number) IN (SELECT"
                f" CASE WHEN {digital} THEN '' ELSE code END, CASE WHEN {digital} THEN digital_number ELSE number END"
                f" FROM {taking_rows.cells(table, 'odd_again')} WHERE {taking_words.one_of('uploaded', sent)})"
            )

    def _listed(self, whole: Slice, careful: Sequence[Invoice]) -> tuple[Listed, ...]:
        found = self.connection.execute(
            "SELECT rowid, code, number, invoice_type, issue_date, amount, tax, total, machine_number, lines"
            f" FROM {whole.source} ORDER BY rowid LIMIT {LISTED}"
        ).fetchall()
        numbers = whole.numbers([row[0] for row in found])
        placed = [
            (numbers[place], Listed(code, number, InvoiceType(kind), *rest))
            for place, code, number, kind, *rest in found
        ]
        placed += [(invoice.row or 0, Listed.of(invoice)) for invoice in careful]
        placed.sort(key=lambda each: each[0])
        return tuple(listed for _, listed in placed[:LISTED])

    def _careful(self, brought: Brought, careful: Careful) -> None:
        """The odd rows' invoices, by the road of objects."""
        brought.size += brought.batch.sizes[self.seq]
        adding.put(self.connection, brought.batch, self.finder.unit_key, self.at, self.period, self.progress)
        brought.bad += sum(f.row is not None and f.severity is not Severity.WARNING for f in careful.findings)
        brought.findings += _bounded(careful.findings)


def _bounded(findings: Sequence[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.code] = counts.get(each.code, 0) + 1
        if counts[each.code] <= MORE:
            kept.append(each)
    if more := sum(count - MORE for count in counts.values() if count > MORE):
        kept.append(finding("ledger_more_rows", count=more))
    return kept


def _words(values: Sequence[object]) -> list[str]:
    return [str(value) for value in values]
