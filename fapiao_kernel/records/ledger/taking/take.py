"""Several files in one transaction (导入), each an import of its own number; nothing is ever half in."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import LISTED, Added, Listed, Progress, Reading
from fapiao_kernel.ports.intake import Sheets
from fapiao_kernel.records.ledger import adding, differing, doubting, watching
from fapiao_kernel.records.ledger.cards_of import CardFinder
from fapiao_kernel.records.ledger.differing import Batch, Key
from fapiao_kernel.records.ledger.finishing import Origin, Outcome, finish
from fapiao_kernel.records.ledger.taking.sheets import Taking, Unreadable


@dataclass(frozen=True)
class Terms:
    """How a take is to be done. ``closed``: unit key → (watermark, run). ``cards``: device numbers of the home's cards."""

    finder: CardFinder
    closed: Mapping[int, tuple[int, str]]
    cards: Set[str]
    at: datetime
    period: Period | None = None
    progress: Progress | None = None


@dataclass
class _Group:
    """Imports whose invoices come in beside each other."""

    batch: Batch = field(default_factory=Batch)
    origins: list[Origin] = field(default_factory=list)


def take(
    connection: duckdb.DuckDBPyConnection, readings: Sequence[Reading], first: int, terms: Terms
) -> tuple[Added, ...]:
    """The readings as imports ``first``, ``first + 1``, … . The caller's connection is the only one that writes."""
    whole: set[int] = set()
    try:
        while True:
            try:
                return _together(connection, readings, first, terms, whole)
            except Unreadable as error:
                whole.add(error.seq)
    finally:
        for reading in readings:
            if reading.sheets is not None:
                reading.sheets.close()


def _together(
    connection: duckdb.DuckDBPyConnection, readings: Sequence[Reading], first: int, terms: Terms, whole: Set[int]
) -> tuple[Added, ...]:
    """One transaction. ``whole``: imports whose tables the careful road reads."""
    added: list[Added] = []
    group = _Group()
    connection.execute("BEGIN")
    try:
        for seq, reading in enumerate(readings, first):
            origin = Origin(seq, reading.original, reading.file)
            if reading.sheets is not None:
                added += _objects(connection, group, terms)
                group = _Group()
                added.append(_sheets(connection, reading.sheets, origin, terms, whole=seq in whole))
                continue
            if not group.batch.fits(reading.invoices):
                added += _objects(connection, group, terms)
                group = _Group()
            group.origins.append(origin)
            group.batch.take(seq, reading.invoices)
        added += _objects(connection, group, terms)
        if any(reading.sheets is not None for reading in readings):
            watching.pause(terms.progress)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
            connection.execute("ROLLBACK")
        raise
    return tuple(added)


def _objects(connection: duckdb.DuckDBPyConnection, group: _Group, terms: Terms) -> list[Added]:
    """A group's invoices, as objects."""
    if not group.origins:
        return []
    batch = group.batch
    outcomes = {o.seq: Outcome(o, batch.sizes.get(o.seq, 0)) for o in group.origins}
    adding.prepare(connection)
    adding.put(connection, batch, terms.finder.unit_key, terms.at, terms.period, terms.progress)
    here = differing.from_ledger(connection, batch.rows)
    for seq, outcome in outcomes.items():
        outcome.differences = differing.told([*here.get(seq, ()), *batch.again.get(seq, ())])

    def rows(_: int, keys: list[Key]) -> Mapping[Key, int | None]:
        return {key: batch.rows.get(key) for key in keys}

    for seq, found in doubting.doubtful(connection, min(outcomes), max(outcomes), rows).items():
        outcomes[seq].findings += found
    outcomes[group.origins[-1].seq].findings += doubting.gaps(connection, min(outcomes), max(outcomes))
    finish(connection, outcomes, terms.closed, terms.at, cards=terms.cards)
    return [_added(outcome, batch.listed.get(seq, ())) for seq, outcome in outcomes.items()]


def _sheets(
    connection: duckdb.DuckDBPyConnection, sheets: Sheets, origin: Origin, terms: Terms, *, whole: bool
) -> Added:
    """A file of many rows."""
    adding.prepare(connection)
    seq = origin.seq
    if (again := _again(connection, origin, terms)) is not None:
        return again
    brought = Taking(connection, sheets, seq, terms.finder, terms.at, terms.period, terms.progress, whole=whole).bring()
    outcome = Outcome(origin, brought.size, bad=brought.bad, ordered=brought.ordered)
    here = differing.from_ledger(connection, brought.rows | brought.batch.rows).get(seq, ())
    outcome.differences = differing.told([*here, *brought.again, *brought.batch.again.get(seq, ())])
    outcome.findings += brought.findings
    doubts = doubting.doubtful(connection, seq, seq, lambda _, keys: brought.row_of(keys))
    outcome.findings += [*doubts.get(seq, ()), *doubting.gaps(connection, seq, seq)]
    finish(connection, {seq: outcome}, terms.closed, terms.at, cards=terms.cards)
    for (key,) in connection.execute(
        "SELECT DISTINCT unit_key FROM unit_import WHERE import_seq = ?", [seq]
    ).fetchall():
        terms.finder.check(ClearUnit.from_key(key).device_number)
    return Added(seq, outcome.new, outcome.known, outcome.all_findings, brought.listed, outcome.bad)


def _again(connection: duckdb.DuckDBPyConnection, origin: Origin, terms: Terms) -> Added | None:
    """The answer for a file whose very bytes came in before, all of them new and none worth a word: nothing of it is read again."""
    before = connection.execute(
        "SELECT seq, new_count FROM import_file WHERE original = ? AND quiet AND new_count > 0 ORDER BY seq LIMIT 1",
        [origin.original],
    ).fetchone()
    if before is None:
        return None
    outcome = Outcome(origin, before[1])
    finish(connection, {origin.seq: outcome}, terms.closed, terms.at, cards=terms.cards)
    rows = connection.execute(
        "SELECT code, number, invoice_type, issue_date, amount, tax, total, machine_number, lines FROM invoice"
        f" WHERE import_seq = ? ORDER BY rowid LIMIT {LISTED}",
        [before[0]],
    ).fetchall()
    listed = tuple(Listed(code, number, InvoiceType(kind), *rest) for code, number, kind, *rest in rows)
    return Added(origin.seq, 0, outcome.known, (), listed)


def _added(outcome: Outcome, listed: Sequence[Invoice]) -> Added:
    told = tuple(Listed.of(invoice) for invoice in listed[:LISTED])
    return Added(outcome.origin.seq, outcome.new, outcome.known, outcome.all_findings, told, outcome.bad)
