"""The ledger's side of a reconciliation (账): sums by scope, and the invoices with a ground to differ. All of it in SQL.

What comes into memory is sums and the few invoices that are shown, so that a unit of a million sheets costs no more than one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time
from typing import Any

import duckdb

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import MIXED
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports.statements import (
    EVERY,
    ON_DEVICE,
    OTHERS,
    SPECIAL_TYPES,
    SPECIALS,
    Candidate,
    Figure,
    FiledReturn,
    Ground,
    Held,
    Scope,
    Suspects,
)
from fapiao_kernel.records.ledger.units import NEVER, Units

_BATCH = 10_000
"""Rows that a reader holds at once."""
_BRIEFS = """
SELECT code, number, issue_date, total, red, status = 'void' FROM current_invoice WHERE unit_key = $key ORDER BY code, number
"""
# Of one rate, an invoice of several counts with its own lines of that rate; without a rate, as it is.
_BY_RATE = f"""
SELECT * FROM current_invoice WHERE rate = $rate
UNION ALL BY NAME
SELECT i.* REPLACE (l.rate AS rate, l.amount AS amount, l.tax AS tax, l.total AS total)
FROM current_invoice i JOIN (
  SELECT code, number, rate, sum(amount)::DECIMAL(18,2) AS amount, sum(tax)::DECIMAL(18,2) AS tax,
         sum(amount + tax)::DECIMAL(18,2) AS total
  FROM invoice_line WHERE rate = $rate GROUP BY ALL
) l ON l.code = i.code AND l.number = i.number
WHERE i.rate = '{MIXED}' AND i.period = $period
"""
_SCOPED = """
SELECT * FROM ({rows}) WHERE period = $period AND seller_id IN ($taxpayer, '')
"""
_HELD = """
SELECT count(*), count(*) FILTER (status = 'void'), count(*) FILTER (red AND status <> 'void'),
       {amount}, {tax}, {total} FROM ({scoped})
"""
_STANDING = "coalesce(sum(CASE WHEN status = 'void' THEN 0 ELSE {0} END), 0)::DECIMAL(18,2)"
# A void mark after the filing: what the return still counted stands with its printed amount taken off.
_SUSPECT = """
SELECT s.*, void AS is_void, CASE WHEN void THEN -amount ELSE amount END AS d_amount,
       CASE WHEN void THEN -tax ELSE tax END AS d_tax, CASE WHEN void THEN -total ELSE total END AS d_total,
       list_filter([
         CASE WHEN void AND marked > $filed THEN 'voided_after' END,
         CASE WHEN NOT void AND import_seq > $filed THEN 'imported_after' END,
         CASE WHEN NOT void AND import_seq > watermark THEN 'late' END,
         CASE WHEN NOT void AND unsent THEN 'unsent' END,
         CASE WHEN NOT void AND state = 'card_unknown' THEN 'card_unknown' END,
         CASE WHEN NOT void AND fully_digital THEN 'fully_digital' END,
         CASE WHEN NOT void AND red THEN 'red' END,
         CASE WHEN void AND coalesce(marked <= $filed, true) THEN 'void' END
       ], lambda ground: ground IS NOT NULL) AS grounds
FROM (
  SELECT i.*, i.status = 'void' AS void, v.import_seq AS marked, k.watermark, u.code IS NOT NULL AS unsent
  FROM ({scoped}) i
  LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number
  LEFT JOIN clear_unit k ON k.unit_key = i.unit_key
  LEFT JOIN unsent_invoice u ON u.code = i.code AND u.number = i.number
) s
"""
_CANDIDATE = "invoice_type, code, number, issue_date, d_amount, d_tax, d_total, grounds"


class Booked:
    """``ports.Books``. ``units`` gives the folded units; the caller guards that for moments."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, units: Callable[[], Units], folding: Any) -> None:
        self._connection = connection
        self._units = units
        self._folding = folding

    def units(self, device_number: str, period: Period | None = None) -> tuple[ClearUnit, ...]:
        """See ``ports.Books``."""
        with self._folding:
            keys = sorted(self._units().imports)
        found = (ClearUnit.from_key(key) for key in keys)
        return tuple(u for u in found if u.device_number == device_number and period in (None, u.period))

    def unit(self, unit: ClearUnit) -> Held:
        """See ``ports.Books``."""
        with self._folding:
            sums = self._units().sums(unit.key, NEVER, self._units().newest(unit.key))
        return Held(sums.count, sums.voids, sums.reds, sums.amount, sums.tax, sums.total)

    def briefs(self, unit: ClearUnit) -> Iterator[InvoiceDetail]:
        """See ``ports.Books``."""
        with self._connection.cursor() as cursor:
            yield from streamed(cursor, unit, _BRIEFS, {"key": unit.key})

    def scope(self, scope: Scope) -> Held:
        """See ``ports.Books``."""
        sums = {name: _STANDING.format(name) for name in ("amount", "tax", "total")}
        scoped, params = _scoped(scope)
        with self._connection.cursor() as cursor:
            row = cursor.execute(_HELD.format(scoped=scoped, **sums), params).fetchone()
        assert row is not None
        return Held(*row)

    def suspects(self, scope: Scope, filed: FiledReturn, limit: int) -> tuple[Suspects, ...]:
        """See ``ports.Books``."""
        scoped, params = _scoped(scope)
        told = _SUSPECT.format(scoped=scoped)
        found = []
        with self._connection.cursor() as cursor:
            params["filed"] = _last_before(cursor, filed)
            # One pass: the sums of every ground, and the first few of each.
            rows = cursor.execute(
                f"WITH told AS ({told}), each_one AS (SELECT unnest(grounds) AS ground, told.* FROM told)"
                " SELECT ground, count(*), sum(d_amount)::DECIMAL(18,2), sum(d_tax)::DECIMAL(18,2), sum(d_total)::DECIMAL(18,2),"
                f" arg_min({{{', '.join(f'{n}: {n}' for n in _CANDIDATE.split(', '))}}}, concat(code, '|', number), {int(limit)})"
                " FROM each_one GROUP BY ground",
                params,
            ).fetchall()
        for ground, count, amount, tax, total, shown in rows:
            found.append(Suspects(Ground(ground), count, amount, tax, total, tuple(map(_candidate, shown))))
        return tuple(sorted(found, key=lambda one: list(Ground).index(one.ground)))

    def equals(self, scope: Scope, difference: Figure, limit: int) -> tuple[Candidate, ...]:
        """See ``ports.Books``."""
        scoped, params = _scoped(scope)
        params["limit"] = limit
        if difference.amount is not None and difference.tax is not None:
            params |= {"amount": difference.amount, "tax": difference.tax}
            same = "{0}amount = $amount AND {0}tax = $tax"
        else:
            params["total"] = difference.total
            same = "{0}total = $total"
        missing, twice = same.format(""), same.format("-")
        sql = f"""
        SELECT invoice_type, code, number, issue_date, amount * sign AS d_amount, tax * sign AS d_tax, total * sign AS d_total, [ground]
        FROM (
          SELECT *, CASE WHEN status = 'void' OR NOT ({missing}) THEN -1 ELSE 1 END AS sign,
                 CASE WHEN status = 'void' OR ({missing}) THEN 'equal' ELSE 'twice' END AS ground
          FROM ({scoped}) WHERE CASE WHEN status = 'void' THEN {twice} ELSE ({missing}) OR ({twice}) END
        ) ORDER BY ground, code, number LIMIT $limit
        """
        with self._connection.cursor() as cursor:
            rows = cursor.execute(sql, params).fetchall()
        return tuple(_candidate(dict(zip(_CANDIDATE.split(", "), row, strict=True))) for row in rows)


def streamed(
    cursor: duckdb.DuckDBPyConnection, unit: ClearUnit, sql: str, params: dict[str, Any]
) -> Iterator[InvoiceDetail]:
    """A unit's invoices in brief, a few at a time: code, number, day, total, red, void."""
    cursor.execute(sql, params)
    while rows := cursor.fetchmany(_BATCH):
        for code, number, day, total, red, void in rows:
            yield InvoiceDetail(unit.invoice_type, code, number, day, total, red, void)


def _scoped(scope: Scope) -> tuple[str, dict[str, Any]]:
    """The scope's invoices as SQL with its parameters."""
    params: dict[str, Any] = {"period": scope.period.first_day, "taxpayer": scope.taxpayer_id}
    sql = _SCOPED.format(rows=_BY_RATE if scope.rate != EVERY else "SELECT * FROM current_invoice")
    if scope.rate != EVERY:
        params["rate"] = scope.rate
    if scope.invoice_type == ON_DEVICE:
        sql += " AND NOT fully_digital"
    elif scope.invoice_type in (SPECIALS, OTHERS):
        sql += f" AND {'' if scope.invoice_type == SPECIALS else 'NOT '}list_contains($types, invoice_type)"
        params["types"] = [kind.value for kind in SPECIAL_TYPES]
    elif scope.invoice_type != EVERY:
        sql += " AND invoice_type = $type"
        params["type"] = scope.invoice_type
    return sql, params


def _last_before(cursor: duckdb.DuckDBPyConnection, filed: FiledReturn) -> int:
    """The last import that was in the ledger when the return was filed; imports are numbered in the order of time."""
    until = filed.at
    if filed.filed_on is not None:
        until = min(until, datetime.combine(filed.filed_on, time.max, filed.at.tzinfo))
    cursor.execute("SELECT seq, imported_at FROM import_file ORDER BY seq DESC")
    while rows := cursor.fetchmany(_BATCH):
        for seq, at in rows:
            if datetime.fromisoformat(at) <= until:
                return int(seq)
    return 0


def _candidate(row: dict[str, Any]) -> Candidate:
    return Candidate(
        row["invoice_type"],
        row["code"],
        row["number"],
        row["issue_date"],
        row["d_amount"],
        row["d_tax"],
        row["d_total"],
        tuple(Ground(ground) for ground in row["grounds"]),
    )
