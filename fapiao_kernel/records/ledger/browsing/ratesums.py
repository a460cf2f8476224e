"""Totals of the whole ledger by type, period, rate and state (总账), from what each import brought a unit by rate: no invoice is scanned.

Only invoices of no unit (fully digital, card unknown) are looked at themselves, where there are any.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from fapiao_kernel.domain.invoice import MIXED
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.browsing.standing import Standing
from fapiao_kernel.records.ledger.units import rate_order

_CARDS = 2**40
"""Unit keys of one month and type (``domain.unit``)."""
_UNITS = f"""
SELECT u.unit_key // {_CARDS} AS kind, u.rate, u.import_seq <= coalesce(k.watermark, -1) AS cleared,
       sum(u.count)::BIGINT, sum(u.amount), sum(u.tax)
FROM unit_rate u LEFT JOIN clear_unit k ON k.unit_key = u.unit_key GROUP BY ALL
"""
_APART = f"""
WITH apart AS (
  SELECT i.code, i.number, i.invoice_type, i.period, i.fully_digital, i.rate, i.amount, i.tax,
         i.status <> 'void' AND v.code IS NULL AS stands
  FROM invoice i LEFT JOIN void_mark v ON v.code = i.code AND v.number = i.number WHERE i.unit_key IS NULL
), split AS (
  SELECT g.code, g.number, g.rate, sum(g.amount) AS amount, sum(g.tax) AS tax
  FROM invoice_line g SEMI JOIN (SELECT code, number FROM apart WHERE rate = '{MIXED}') m
    ON m.code = g.code AND m.number = g.number GROUP BY ALL
)
SELECT a.invoice_type, strftime(a.period, '%Y-%m'), coalesce(s.rate, a.rate), a.fully_digital, count(*),
       sum(CASE WHEN a.stands THEN coalesce(s.amount, a.amount) ELSE 0 END),
       sum(CASE WHEN a.stands THEN coalesce(s.tax, a.tax) ELSE 0 END)
FROM apart a LEFT JOIN split s ON a.rate = '{MIXED}' AND s.code = a.code AND s.number = a.number GROUP BY ALL
"""


def rate_sums(cursor: duckdb.DuckDBPyConnection, standing: Standing) -> list[dict[str, Any]]:
    """``{"invoice_type", "period", "rate", "state", "count", "amount", "tax", "total"}`` each; amounts are text, voids zero.

    An invoice of several rates counts once under each; its sums come from its lines.
    """
    found: list[dict[str, Any]] = []
    for kind, rate, cleared, count, amount, tax in cursor.execute(_UNITS).fetchall():
        if count:  # a void mark's row alone is no invoice
            unit = ClearUnit.from_key(kind * _CARDS)
            state = "cleared" if cleared else "open"
            found.append(_row(unit.invoice_type.value, str(unit.period), rate, state, count, amount, tax))
    if standing.digital or standing.unknown:
        for kind, period, rate, digital, count, amount, tax in cursor.execute(_APART).fetchall():
            state = "fully_digital" if digital else "card_unknown"
            found.append(_row(kind, period, rate, state, count, amount, tax))
    return sorted(found, key=lambda r: (r["state"], r["period"], r["invoice_type"], rate_order(r["rate"])))


def _row(kind: str, period: str, rate: str, state: str, count: int, amount: Decimal, tax: Decimal) -> dict[str, Any]:
    sums = {"amount": text(amount), "tax": text(tax), "total": text(amount + tax)}
    return {"invoice_type": kind, "period": period, "rate": rate, "state": state, "count": count, **sums}
