"""What is told of doubts and gaps (疑点, 断号): some by name, the rest by their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.records.ledger import numbering
from fapiao_kernel.records.ledger.differing import NAMED, Key
from fapiao_kernel.records.ledger.doubts import Doubt, id_doubtful

Rows = Callable[[int, list[Key]], Mapping[Key, int | None]]
"""Import number and invoices → the row of the file that tells each."""

_NUMBER = 8
# That 价税合计 is not 金额 + 税额, every importer tells itself.
_CODES = {
    Doubt.LINES: ("ledger_lines_differ", "ledger_lines_differ_more"),
    Doubt.RATE: ("ledger_rate_doubtful", "ledger_rate_doubtful_more"),
    Doubt.PERIOD: ("ledger_out_of_period", "ledger_out_of_period_more"),
    Doubt.FUTURE: ("ledger_in_future", "ledger_in_future_more"),
}


def doubtful(connection: duckdb.DuckDBPyConnection, first: int, last: int, rows: Rows) -> dict[int, list[Finding]]:
    """By import: a finding for each doubt of the new invoices, ``NAMED`` at most of a kind."""
    found: dict[int, list[Finding]] = {}
    mask = sum(_CODES)
    slice_ = f"FROM invoice WHERE import_seq BETWEEN {int(first)} AND {int(last)} AND doubts & {mask} <> 0"
    columns = ", ".join(
        f"count(*) FILTER (doubts & {int(doubt)} <> 0), min({{'c': code, 'n': number}}, {NAMED}) FILTER (doubts & {int(doubt)} <> 0)"
        for doubt in _CODES
    )
    for seq, *counted in connection.execute(
        f"SELECT import_seq, {columns} {slice_} GROUP BY import_seq ORDER BY import_seq"
    ).fetchall():
        for (code, more), count, named in zip(_CODES.values(), counted[::2], counted[1::2], strict=True):
            if not count:
                continue
            keys = [(each["c"], each["n"]) for each in named]
            places = rows(seq, keys)
            facts = _facts(connection, seq, keys)
            told = [finding(code, row=places.get(key), invoice=" ".join(key).strip(), **facts[key]) for key in keys]
            if count > len(keys):
                told.append(finding(more, count=count - len(keys)))
            found.setdefault(seq, []).extend(told)
    for seq, ids in _ids(connection, first, last, rows).items():
        found.setdefault(seq, []).extend(ids)
    return found


def _ids(connection: duckdb.DuckDBPyConnection, first: int, last: int, rows: Rows) -> dict[int, list[Finding]]:
    """Identification numbers whose check digit is wrong: each once in these imports, with the first invoice that bears it."""
    met = connection.execute(
        "SELECT id, count(*), min({'s': import_seq, 'c': code, 'n': number}) AS first FROM (SELECT unnest([seller_id, buyer_id]) AS id,"
        f" import_seq, code, number FROM invoice WHERE import_seq BETWEEN {int(first)} AND {int(last)}"
        f" AND doubts & {int(Doubt.ID)} <> 0) GROUP BY id ORDER BY first, id"
    )
    found: dict[int, list[Finding]] = {}
    more: dict[int, int] = {}
    while some := met.fetchmany(1000):
        for taxpayer, count, at in some:
            if not id_doubtful(taxpayer):
                continue
            told = found.setdefault(at["s"], [])
            if len(told) == NAMED:
                more[at["s"]] = more.get(at["s"], 0) + 1
                continue
            key = (at["c"], at["n"])
            place = rows(at["s"], [key]).get(key)
            told.append(
                finding("ledger_id_doubtful", row=place, id=taxpayer, count=count, invoice=" ".join(key).strip())
            )
    for seq, count in more.items():
        found[seq].append(finding("ledger_id_doubtful_more", count=count))
    return found


def gaps(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> list[Finding]:
    """Gaps under the codes of which these imports brought new invoices, in the whole ledger."""
    found: list[Finding] = []
    more = sheets = 0
    fresh: set[str] | None = None
    for gap in numbering.gaps(connection):
        if fresh is None:
            slice_ = f"FROM invoice WHERE import_seq BETWEEN {int(first)} AND {int(last)}"
            fresh = {code for (code,) in connection.execute(f"SELECT DISTINCT code {slice_}").fetchall()}
        if gap.book not in fresh:
            continue
        if len(found) < NAMED:
            low, high = (f"{number:0{_NUMBER}d}" for number in (gap.first, gap.last))
            found.append(
                finding("ledger_number_gap", book=gap.book, first=low, last=high, count=gap.count, weight=gap.count)
            )
        else:
            more += 1
            sheets += gap.count
    if more:
        found.append(finding("ledger_number_gap_more", count=more, sheets=sheets, weight=sheets))
    return found


def _facts(connection: duckdb.DuckDBPyConnection, seq: int, keys: list[Key]) -> dict[Key, dict[str, Any]]:
    facts = {}
    for code, number, day, amount, tax, total, rate in connection.execute(
        "SELECT code, number, issue_date, amount, tax, total, rate FROM invoice WHERE import_seq = $seq"
        " AND (code, number) IN (SELECT unnest($codes::VARCHAR[]), unnest($numbers::VARCHAR[]))",
        {"seq": seq, "codes": [code for code, _ in keys], "numbers": [number for _, number in keys]},
    ).fetchall():
        facts[code, number] = {"day": day, "total": total, "sum": amount + tax, "rate": rate}
    return facts
