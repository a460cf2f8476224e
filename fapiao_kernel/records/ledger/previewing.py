"""What a unit holds (预览): counts, sums, totals by rate, digest."""

from __future__ import annotations

import duckdb

from fapiao_kernel.domain.invoice import MIXED
from fapiao_kernel.domain.money import ZERO, money
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import RateTotal, UnitPreview
from fapiao_kernel.records.ledger.digest import EMPTY, digest

_SUMS = """
SELECT count(*), count(*) FILTER (status = 'void'), count(*) FILTER (red AND status = 'normal'),
       sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END),
       sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END),
       sum(CASE WHEN status = 'normal' THEN total ELSE 0 END)
FROM invoice WHERE unit_key = $key AND import_seq > $after AND import_seq <= $newest
"""
_RATES = f"""
SELECT rate, count(*), sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END),
       sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END)
FROM (
  SELECT rate, status, amount, tax FROM invoice
  WHERE unit_key = $key AND import_seq > $after AND import_seq <= $newest AND rate <> '{MIXED}'
  UNION ALL
  SELECT l.rate, i.status, sum(l.amount), sum(l.tax)
  FROM invoice i JOIN invoice_line l ON l.code = i.code AND l.number = i.number
  WHERE i.unit_key = $key AND i.import_seq > $after AND i.import_seq <= $newest AND i.rate = '{MIXED}'
  GROUP BY i.code, i.number, l.rate, i.status
) GROUP BY rate ORDER BY try_cast(rate AS DECIMAL(9,6)) DESC NULLS LAST, rate
"""


def preview_unit(cursor: duckdb.DuckDBPyConnection, unit: ClearUnit, after: int, newest: int) -> UnitPreview:
    """One unit's invoices with ``after < import number <= newest``: an import that comes in meanwhile changes none of its figures.

    An invoice of several rates counts once under each of them; its sums by rate come from its lines.
    """
    if newest <= after:
        return UnitPreview(unit, 0, 0, 0, ZERO, ZERO, ZERO, (), EMPTY, max(newest, 0))
    bounds = {"key": unit.key, "after": after, "newest": newest}
    row = cursor.execute(_SUMS, bounds).fetchone()
    assert row is not None
    count, voids, reds, *sums = row
    amount, tax, total = (money(value) for value in sums)
    rates = tuple(
        RateTotal(rate, number, money(without), money(own))
        for rate, number, without, own in cursor.execute(_RATES, bounds).fetchall()
    )
    fingerprint = digest(cursor, unit.key, after, newest)
    return UnitPreview(unit, count, voids, reds, amount, tax, total, rates, fingerprint, newest)
