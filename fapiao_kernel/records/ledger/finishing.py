"""The end of an import (收尾): once its invoices stand in the table, what is told of them, marks, units found, and sums; one transaction.

Everything here looks at the new slice, at ``known``, and at maps and sums: never at the whole ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.unit import CARD_SPACE, ClearUnit
from fapiao_kernel.records.ledger import marking, totalling
from fapiao_kernel.records.ledger.differing import NAMED
from fapiao_kernel.records.ledger.doubts import Doubt
from fapiao_kernel.records.ledger.marking import Marked

_BETWEEN = "import_seq BETWEEN $first AND $last"
_SAME = "i.code = n.code AND i.number = n.number"
_NO_VOID = "NOT EXISTS (SELECT 1 FROM invoice_mark m WHERE m.mark = 'void' AND m.code = i.code AND m.number = i.number)"


@dataclass(frozen=True)
class Origin:
    """Where an import comes from: its number, the original's SHA-256, and the file as the user named it."""

    seq: int
    original: str
    file: str


@dataclass
class Outcome:
    """What became of one import. ``size``: every invoice that could be read. ``ordered``: its rows stand in the file's own order."""

    origin: Origin
    size: int
    new: int = 0
    digital: tuple[int, Decimal] = (0, ZERO)
    unknown: tuple[int, Decimal] = (0, ZERO)
    assigned: int = 0
    still_unknown: int = 0
    bad: int = 0
    ordered: bool = False
    strangers: list[tuple[str, int]] = field(default_factory=list)
    differences: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def known(self) -> int:
        return self.size - self.new

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.differences, *self.findings)


def finish(
    connection: duckdb.DuckDBPyConnection,
    outcomes: Mapping[int, Outcome],
    closed: Mapping[int, tuple[int, str]],
    at: datetime,
    *,
    cards: Set[str],
) -> None:
    """For imports of consecutive numbers. ``cards``: device numbers of the home's; without any, an unknown one is no finding."""
    if not outcomes:
        return
    bounds = {"first": min(outcomes), "last": max(outcomes)}
    _count(connection, outcomes, bounds)
    marking.unsent(connection, bounds["first"], bounds["last"], int(Doubt.UNSENT))
    again = connection.execute("SELECT count(*) FROM known").fetchone()
    marked = Marked({}, ())
    if again and again[0]:
        _assign(connection, outcomes)
        marked = marking.mark(connection)
        _take_off(connection, outcomes)
    totalling.write(connection, bounds)
    _late(connection, outcomes, closed, bounds)
    if cards:
        _strangers(connection, outcomes, cards, bounds)
    for seq, outcome in outcomes.items():
        outcome.findings += _marks(seq, marked)
        if outcome.assigned:
            outcome.findings.append(finding("ledger_assigned", count=outcome.assigned))
        if outcome.still_unknown and cards:
            outcome.findings.append(finding("ledger_card_unknown", count=outcome.still_unknown))
    _keep(connection, list(outcomes.values()), at)


def _count(connection: duckdb.DuckDBPyConnection, outcomes: Mapping[int, Outcome], bounds: Mapping[str, int]) -> None:
    for seq, digital, unknown, count, total in connection.execute(
        "SELECT import_seq, fully_digital, unit_key IS NULL, count(*), sum(CASE WHEN status <> 'void' THEN total ELSE 0 END)"
        f"::DECIMAL(18,2) FROM invoice WHERE {_BETWEEN} GROUP BY ALL",
        bounds,
    ).fetchall():
        outcome = outcomes[seq]
        outcome.new += count
        if digital:
            outcome.digital = (count, total)
        elif unknown:
            outcome.unknown = (count, total)
            outcome.still_unknown = count


def _strangers(
    connection: duckdb.DuckDBPyConnection, outcomes: Mapping[int, Outcome], cards: Set[str], bounds: Mapping[str, int]
) -> None:
    """Invoices whose machine number is of no card of the home: often they are others', received and not issued."""
    for seq, card, count in connection.execute(
        f"SELECT import_seq, unit_key % {CARD_SPACE} AS card, sum(count)::BIGINT FROM unit_import"
        f" WHERE {_BETWEEN} AND count > 0 GROUP BY ALL ORDER BY 1, 3 DESC, 2",
        bounds,
    ).fetchall():
        if (device := f"{card:012d}") not in cards:
            outcomes[seq].strangers.append((device, count))
    for outcome in outcomes.values():
        if outcome.strangers:
            devices = "、".join(device for device, _ in outcome.strangers[:3])
            count = sum(count for _, count in outcome.strangers)
            outcome.findings.append(
                finding("ledger_machine_unknown", count=count, devices=devices, kinds=len(outcome.strangers))
            )


def _assign(connection: duckdb.DuckDBPyConnection, outcomes: Mapping[int, Outcome]) -> None:
    """Invoices that wait for a card, and whose card an import knows, get their unit: as if they came in now."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE assigned AS SELECT n.unit_key, n.import_seq, n.code, n.number, i.rowid AS place,"
        f" i.total, i.status, {_NO_VOID} AS stands FROM known n JOIN invoice i"
        f" ON {_SAME} AND i.period = n.period AND i.invoice_type = n.invoice_type"
        " WHERE i.unit_key IS NULL AND NOT i.fully_digital AND n.unit_key IS NOT NULL"
    )
    counted = connection.execute(
        "SELECT import_seq, count(*), sum(CASE WHEN status <> 'void' AND stands THEN total ELSE 0 END)::DECIMAL(18,2)"
        " FROM assigned GROUP BY ALL"
    ).fetchall()
    for seq, count, total in counted:
        outcome = outcomes[seq]
        outcome.assigned = count
        outcome.unknown = (outcome.unknown[0] - count, outcome.unknown[1] - total)
    if counted:
        connection.execute(
            "INSERT INTO unit_assignment SELECT unit_key, import_seq, code, number FROM assigned ORDER BY ALL"
        )
        connection.execute(
            "UPDATE invoice i SET unit_key = n.unit_key, import_seq = n.import_seq FROM assigned n WHERE i.rowid = n.place"
        )
        connection.execute(
            "UPDATE invoice_mark m SET unit_key = n.unit_key FROM assigned n WHERE m.code = n.code AND m.number = n.number"
        )
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE marked AS SELECT unit_key, import_seq, code, number FROM assigned"
            " WHERE NOT stands"
        )
        totalling.correct(connection, "marked")
    for seq, count in connection.execute(
        f"SELECT n.import_seq, count(*) FROM known n JOIN invoice i ON {_SAME}"
        " WHERE n.unit_key IS NULL AND NOT n.fully_digital AND i.unit_key IS NULL GROUP BY ALL"
    ).fetchall():
        outcomes[seq].still_unknown += count


def _take_off(connection: duckdb.DuckDBPyConnection, outcomes: Mapping[int, Outcome]) -> None:
    """What the last void marks take off the sums of invoices that are in no unit."""
    for seq, digital, total in connection.execute(
        "SELECT m.import_seq, i.fully_digital, sum(i.total)::DECIMAL(18,2) FROM invoice_mark m JOIN invoice i"
        " ON i.code = m.code AND i.number = m.number"
        f" WHERE m.mark = 'void' AND m.unit_key IS NULL AND m.import_seq BETWEEN {min(outcomes)} AND {max(outcomes)}"
        " GROUP BY ALL"
    ).fetchall():
        outcome = outcomes[seq]
        if digital:
            outcome.digital = (outcome.digital[0], outcome.digital[1] - total)
        else:
            outcome.unknown = (outcome.unknown[0], outcome.unknown[1] - total)


def _late(
    connection: duckdb.DuckDBPyConnection,
    outcomes: Mapping[int, Outcome],
    closed: Mapping[int, tuple[int, str]],
    bounds: Mapping[str, int],
) -> None:
    brought = connection.execute(
        f"SELECT DISTINCT unit_key FROM unit_import WHERE {_BETWEEN} AND count > 0", bounds
    ).fetchall()
    keys = sorted(key for (key,) in brought if key in closed)
    if not keys:
        return
    listed = ", ".join(str(int(key)) for key in keys)
    late = f"FROM invoice WHERE {_BETWEEN} AND unit_key IN ({listed})"
    counts = dict(connection.execute(f"SELECT import_seq, count(*) {late} GROUP BY ALL", bounds).fetchall())
    named: dict[int, list[Finding]] = defaultdict(list)
    for seq, key, code, number in connection.execute(
        f"SELECT import_seq, unit_key, code, number {late}"
        f" QUALIFY row_number() OVER (PARTITION BY import_seq ORDER BY code, number) <= {NAMED} ORDER BY 1, 3, 4",
        bounds,
    ).fetchall():
        unit = ClearUnit.from_key(key)
        named[seq].append(finding("ledger_late", invoice=f"{code} {number}".strip(), unit=unit))
    for seq, found in named.items():
        outcomes[seq].findings += found
        if (more := counts[seq] - len(found)) > 0:
            outcomes[seq].findings.append(finding("ledger_more_late", count=more))


def _marks(seq: int, marked: Marked) -> list[Finding]:
    found = []
    if count := marked.voided.get(seq, 0):
        found.append(finding("ledger_voided", count=count))
    refused = [each for each in marked.refused if each[0] == seq]
    for _, key, code, number in refused[:NAMED]:
        unit = ClearUnit.from_key(key)
        found.append(finding("ledger_void_cleared", invoice=f"{code} {number}".strip(), unit=unit))
    if len(refused) > NAMED:
        found.append(finding("ledger_more_void_cleared", count=len(refused) - NAMED))
    return found


def _keep(connection: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome], at: datetime) -> None:
    columns: list[list[object]] = [
        [o.origin.seq for o in outcomes],
        [o.origin.file for o in outcomes],
        [o.origin.original for o in outcomes],
        [o.new for o in outcomes],
        [o.known for o in outcomes],
        [o.digital[0] for o in outcomes],
        [o.digital[1] for o in outcomes],
        [o.unknown[0] for o in outcomes],
        [o.unknown[1] for o in outcomes],
        [o.ordered and not (o.known or o.bad or o.all_findings or o.unknown[0]) for o in outcomes],
    ]
    kinds = (
        "INTEGER",
        "VARCHAR",
        "VARCHAR",
        "INTEGER",
        "INTEGER",
        "INTEGER",
        "DECIMAL(18,2)",
        "INTEGER",
        "DECIMAL(18,2)",
        "BOOLEAN",
    )
    lists = [f"unnest($c{place}::{kind}[])" for place, kind in enumerate(kinds)]
    lists.insert(3, "$at")
    connection.execute(
        f"INSERT INTO import_file SELECT {', '.join(lists)}",
        {f"c{place}": column for place, column in enumerate(columns)} | {"at": at.isoformat()},
    )
