"""Proving the ledger (自查): what must hold of it at every moment, looked at over all its rows."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import DEVICE_TYPES, MIXED
from fapiao_kernel.domain.unit import CARD_SPACE, EPOCH_YEAR, ClearUnit
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger.digest import digest

NAMED = 20
"""Rows that break a rule and are named one by one; the rest is counted."""

_WHICH = "trim(code || ' ' || number)"
_TYPES = ", ".join(f"'{kind.value}'" for kind in DEVICE_TYPES)
_MONTH = len(DEVICE_TYPES) * CARD_SPACE
_STANDING = ", ".join(
    f"sum(CASE WHEN status <> 'void' THEN {name} ELSE 0 END) AS {name}" for name in ("amount", "tax", "total")
)
_KEPT = "sum(count) AS count, sum(amount) AS amount, sum(tax) AS tax, sum(total) AS total"
_OFF = "(a.count, a.amount, a.tax, a.total) IS DISTINCT FROM (b.count, b.amount, b.tax, b.total)"

_ROWS = {
    "twice": f"SELECT {_WHICH} FROM invoice GROUP BY code, number HAVING count(*) > 1",
    "period": f"SELECT {_WHICH} FROM invoice WHERE period <> date_trunc('month', issue_date)",
    "unit": f"""
        SELECT {_WHICH} FROM invoice WHERE unit_key IS NOT NULL AND (
          fully_digital OR unit_key // {_MONTH} <> (year(period) - {EPOCH_YEAR}) * 12 + month(period)
          OR [{_TYPES}][1 + (unit_key // {CARD_SPACE} % {len(DEVICE_TYPES)})::INTEGER] IS DISTINCT FROM invoice_type)""",
    "lines": f"""
        SELECT {_WHICH} FROM invoice LEFT JOIN (SELECT code, number, count(*) AS n FROM invoice_line GROUP BY ALL)
          USING (code, number) WHERE lines <> coalesce(n, 0)
        UNION ALL SELECT DISTINCT {_WHICH} FROM invoice_line ANTI JOIN invoice USING (code, number)""",
    "marks": f"SELECT {_WHICH} FROM invoice_mark ANTI JOIN invoice USING (code, number)",
    "imports": f"""
        SELECT {_WHICH} FROM invoice ANTI JOIN import_file ON seq = import_seq
        UNION ALL SELECT {_WHICH} FROM invoice_mark ANTI JOIN import_file ON seq = import_seq""",
    "sums": f"""
        SELECT unit_key FROM (SELECT unit_key, {_KEPT} FROM unit_import GROUP BY ALL) a FULL JOIN (
          SELECT unit_key, count(*) AS count, {_STANDING} FROM current_invoice WHERE unit_key IS NOT NULL GROUP BY ALL
        ) b USING (unit_key) WHERE {_OFF}""",
    "rates": f"""
        SELECT unit_key FROM (
          SELECT unit_key, rate, {_KEPT} FROM unit_rate GROUP BY ALL HAVING count <> 0 OR total <> 0 OR amount <> 0
        ) a FULL JOIN (
          SELECT unit_key, rate, count(*) AS count, {_STANDING} FROM (
            SELECT i.unit_key, i.status, coalesce(l.rate, i.rate) AS rate, coalesce(l.amount, i.amount) AS amount,
                   coalesce(l.tax, i.tax) AS tax, coalesce(l.amount + l.tax, i.total) AS total
            FROM current_invoice i LEFT JOIN (
              SELECT g.code, g.number, g.rate, sum(g.amount) AS amount, sum(g.tax) AS tax FROM invoice_line g
              SEMI JOIN (SELECT code, number FROM invoice WHERE rate = '{MIXED}') m USING (code, number) GROUP BY ALL
            ) l ON i.rate = '{MIXED}' AND l.code = i.code AND l.number = i.number
            WHERE i.unit_key IS NOT NULL
          ) GROUP BY ALL
        ) b USING (unit_key, rate) WHERE {_OFF}""",
}
"""Rule → what breaks it: invoices by code and number, or units by key."""
_BY_UNIT = frozenset({"sums", "rates"})


@dataclass(frozen=True)
class Proof:
    """One rule: its name, against how many rows it was held, and a finding for each that breaks it (``NAMED`` of them, and their
    number). No finding: it holds."""

    rule: str
    looked: int
    findings: tuple[Finding, ...]


def prove(cursor: duckdb.DuckDBPyConnection, progress: Progress | None = None) -> list[Proof]:
    """Every rule over one moment's state: one transaction, nothing is written. The units' digests (指纹) are computed anew."""
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        count = _one(cursor, "SELECT count(*) FROM invoice")
        proofs = []
        for place, (rule, sql) in enumerate(_ROWS.items()):
            if progress is not None:
                progress(either("发票库自查", "Proving the ledger"), place, len(_ROWS))
            broken = [row[0] for row in cursor.execute(sql).fetchall()]
            proofs.append(Proof(rule, count, _told(rule, broken)))
        return [*proofs, *_census(cursor), _digests(cursor, progress)]
    finally:
        cursor.execute("ROLLBACK")


def _census(cursor: duckdb.DuckDBPyConnection) -> list[Proof]:
    """open + cleared = all, over the invoices whose unit is known."""
    counts = [
        _one(cursor, f"SELECT count(*) FROM {view}")
        for view in ("open_invoice", "cleared_invoice", "invoice WHERE unit_key IS NOT NULL")
    ]
    opened, cleared, every = counts
    wrong = (
        () if opened + cleared == every else (finding("ledger_census_off", open=opened, cleared=cleared, all=every),)
    )
    return [Proof("census", every, wrong)]


def _digests(cursor: duckdb.DuckDBPyConnection, progress: Progress | None) -> Proof:
    """Each cleared unit still has the digest, the number and the sum that it was cleared with."""
    units = cursor.execute(
        "SELECT unit_key, watermark, digest, count, total, run FROM clear_unit ORDER BY 1"
    ).fetchall()
    wrong = []
    for place, (key, watermark, kept, count, total, run) in enumerate(units):
        if progress is not None:
            progress(either("核对已清单元的指纹", "Cleared units' digests"), place, len(units))
        held = cursor.execute(
            f"SELECT count(*), {_STANDING.split(', ')[-1]} FROM cleared_invoice WHERE unit_key = ?", [key]
        ).fetchone()
        if held != (count, total if count else None) or digest(cursor, key, -1, watermark) != kept:
            wrong.append(finding("ledger_digest_off", unit=ClearUnit.from_key(key), run=run, count=count, total=total))
    return Proof("digests", len(units), tuple(wrong))


def _told(rule: str, broken: list[object]) -> tuple[Finding, ...]:
    if rule in _BY_UNIT:
        named = [str(ClearUnit.from_key(int(str(key)))) for key in dict.fromkeys(broken)]
    else:
        named = [str(which) for which in broken]
    found = [finding(f"ledger_{rule}_off", which=which) for which in named[:NAMED]]
    if len(named) > NAMED:
        found.append(finding("ledger_more_off", count=len(named) - NAMED))
    return tuple(found)


def _one(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = cursor.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
