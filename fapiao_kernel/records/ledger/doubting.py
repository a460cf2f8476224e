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
    Doubt.ID: ("ledger_id_doubtful", "ledger_id_doubtful_more"),
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
    return found


def gaps(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Gaps under the codes that these imports touched, in the whole ledger."""
    found: list[Finding] = []
    more = sheets = 0
    for gap in numbering.gaps(connection):
        if len(found) < NAMED:
            first, last = f"{gap.first:0{_NUMBER}d}", f"{gap.last:0{_NUMBER}d}"
            found.append(
                finding("ledger_number_gap", book=gap.book, first=first, last=last, count=gap.count, weight=gap.count)
            )
        else:
            more += 1
            sheets += gap.count
    if more:
        found.append(finding("ledger_number_gap_more", count=more, sheets=sheets, weight=sheets))
    return found


def _facts(connection: duckdb.DuckDBPyConnection, seq: int, keys: list[Key]) -> dict[Key, dict[str, Any]]:
    facts = {}
    for code, number, day, amount, tax, total, rate, seller, buyer in connection.execute(
        "SELECT code, number, issue_date, amount, tax, total, rate, seller_id, buyer_id FROM invoice WHERE import_seq = $seq"
        " AND (code, number) IN (SELECT unnest($codes::VARCHAR[]), unnest($numbers::VARCHAR[]))",
        {"seq": seq, "codes": [code for code, _ in keys], "numbers": [number for _, number in keys]},
    ).fetchall():
        ids = "、".join(each for each in (seller, buyer) if id_doubtful(each))
        facts[code, number] = {"day": day, "total": total, "sum": amount + tax, "rate": rate, "ids": ids}
    return facts
