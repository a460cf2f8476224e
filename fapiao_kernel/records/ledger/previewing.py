"""What a unit holds (预览): counts and sums as the imports wrote them, and the digest over its invoices."""

from __future__ import annotations

import duckdb

from fapiao_kernel.domain.money import ZERO, money
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import RateTotal, UnitPreview
from fapiao_kernel.records.ledger.digest import EMPTY, digest
from fapiao_kernel.records.ledger.units import Sums


def preview_unit(
    cursor: duckdb.DuckDBPyConnection, unit: ClearUnit, after: int, sums: Sums, rates: tuple[RateTotal, ...]
) -> UnitPreview:
    """One unit's invoices with ``after < import number <= sums.seq``: an import that comes in meanwhile changes none of its figures.

    An invoice of several rates counts once under each of them. Only the digest reads invoices.
    """
    if sums.seq <= after:
        return UnitPreview(unit, 0, 0, 0, ZERO, ZERO, ZERO, (), EMPTY, max(sums.seq, 0))
    amounts = money(sums.amount), money(sums.tax), money(sums.total)
    fingerprint = digest(cursor, unit.key, after, sums.seq) if sums.count else EMPTY
    return UnitPreview(unit, sums.count, sums.voids, sums.reds, *amounts, rates, fingerprint, sums.seq)
