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
FROM invoice WHERE unit_key = $key AND import_seq > $after
"""
RATES = f"""
SELECT rate, count(*), sum(CASE WHEN status = 'normal' THEN amount ELSE 0 END),
       sum(CASE WHEN status = 'normal' THEN tax ELSE 0 END)
FROM (
  SELECT rate, status, amount, tax FROM invoice
  WHERE unit_key = $key AND import_seq > $after AND rate <> '{MIXED}'
  UNION ALL
  SELECT l.rate, i.status, sum(l.amount), sum(l.tax)
  FROM invoice i JOIN invoice_line l ON l.code = i.code AND l.number = i.number AND l.import_seq = i.import_seq
  WHERE i.unit_key = $key AND i.import_seq > $after AND i.rate = '{MIXED}'
  GROUP BY i.code, i.number, l.rate, i.status
) GROUP BY rate ORDER BY try_cast(rate AS DECIMAL(9,6)) DESC NULLS LAST, rate
"""


def preview_unit(cursor: duckdb.DuckDBPyConnection, unit: ClearUnit, after: int, newest: int) -> UnitPreview:
    """One unit's invoices with import numbers above ``after``; ``newest`` is the last import that brought any."""
    if newest <= after:
        return UnitPreview(unit, 0, 0, 0, ZERO, ZERO, ZERO, (), EMPTY, max(newest, 0))
    parameters = {"key": unit.key, "after": after}
    row = cursor.execute(_SUMS, parameters).fetchone()
    assert row is not None
    rates = tuple(
        RateTotal(rate, count, money(amount), money(tax))
        for rate, count, amount, tax in cursor.execute(RATES, parameters).fetchall()
    )
    return UnitPreview(
        unit=unit,
        count=row[0],
        voids=row[1],
        reds=row[2],
        amount=money(row[3]),
        tax=money(row[4]),
        total=money(row[5]),
        rates=rates,
        digest=digest(cursor, unit.key, after, newest),
        watermark=newest,
    )
