"""Several files in one transaction (导入), each an import of its own number; nothing is ever half in."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import LISTED, Added, Listed, Progress, Reading
from fapiao_kernel.records.ledger import adding, differing, doubting
from fapiao_kernel.records.ledger.cards_of import CardFinder
from fapiao_kernel.records.ledger.differing import Batch, Key
from fapiao_kernel.records.ledger.finishing import Origin, Outcome, finish


@dataclass(frozen=True)
class Terms:
    """How a take is to be done. ``closed``: unit key → (watermark, run). ``cards``: whether the home has cards."""

    finder: CardFinder
    closed: Mapping[int, tuple[int, str]]
    cards: bool
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
    added: list[Added] = []
    group = _Group()
    connection.execute("BEGIN")
    try:
        for seq, reading in enumerate(readings, first):
            origin = Origin(seq, reading.original, reading.file)
            if not group.batch.fits(reading.invoices):
                added += _objects(connection, group, terms)
                group = _Group()
            group.origins.append(origin)
            group.batch.take(seq, reading.invoices)
        added += _objects(connection, group, terms)
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
    gaps = adding.put(connection, batch, terms.finder.unit_key, terms.at, terms.period, terms.progress)
    tell(connection, batch, outcomes)
    if gaps:
        outcomes[group.origins[-1].seq].findings += gaps
    finish(connection, outcomes, terms.closed, terms.at, cards=terms.cards)
    return [_added(outcome, batch.listed.get(seq, ())) for seq, outcome in outcomes.items()]


def tell(connection: duckdb.DuckDBPyConnection, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
    """Differences and doubts, to each import its own."""

    def rows(_: int, keys: list[Key]) -> Mapping[Key, int | None]:
        return {key: batch.rows.get(key) for key in keys}

    here = differing.from_ledger(connection, batch.rows)
    for seq, outcome in outcomes.items():
        outcome.differences = differing.told([*here.get(seq, ()), *batch.again.get(seq, ())])
    for seq, found in doubting.doubtful(connection, min(outcomes), max(outcomes), rows).items():
        outcomes[seq].findings += found


def _added(outcome: Outcome, listed: Sequence[Invoice]) -> Added:
    told = tuple(Listed.of(invoice) for invoice in listed[:LISTED])
    return Added(outcome.origin.seq, outcome.new, outcome.known, outcome.all_findings, told, outcome.bad)
