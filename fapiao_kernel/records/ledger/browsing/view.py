"""What of the ledger is looked at (视图): scope, filters, order, columns; checked whole before anything is asked of DuckDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.records.ledger.browsing import columns
from fapiao_kernel.records.ledger.browsing.columns import KEY, Column
from fapiao_kernel.records.ledger.browsing.filtering import Filter

STATES = ("open", "cleared", "all", "fully_digital", "card_unknown")
MOST_UNITS = 5000
"""Units that one view may name; a month of more cards than that is asked for by its period."""


@dataclass(frozen=True)
class Scope:
    """``frozen``: (unit key, import watermark) of a frozen preview's units; None when the view is of no preview."""

    state: str = "all"
    units: tuple[int, ...] = ()
    period: Period | None = None
    frozen: tuple[tuple[int, int], ...] | None = None

    @classmethod
    def parse(
        cls, state: str, units: Sequence[int], period: str, frozen: Sequence[tuple[int, int]] | None = None
    ) -> Scope:
        """Raises ``UsageError`` (``grid_scope``)."""
        if state not in STATES:
            raise UsageError("grid_scope", what=f"{state}（{'、'.join(STATES)}）")
        if len(units) > MOST_UNITS or any(not 0 <= key < 2**63 for key in units):
            raise UsageError("grid_scope", what=f"units × {len(units)}")
        try:
            month = Period.parse(period) if period else None
        except ValueError:
            raise UsageError("grid_scope", what=period) from None
        keys = tuple(sorted(set(units)))
        return cls(state, keys, month, None if frozen is None else tuple(sorted(frozen)))


@dataclass(frozen=True)
class Sort:
    column: str
    descending: bool = False


@dataclass(frozen=True)
class View:
    """``order`` is complete: code and number end it, so that no two rows stand at one place."""

    scope: Scope = Scope()
    filters: tuple[Filter, ...] = ()
    order: tuple[Sort, ...] = (Sort("code"), Sort("number"))
    columns: tuple[Column, ...] = ()

    @classmethod
    def of(
        cls,
        scope: Scope = Scope(),  # a value
        filters: Sequence[tuple[str, str, Any]] = (),
        sort: Sequence[tuple[str, bool]] = (),
        shown: Sequence[str] = (),
    ) -> View:
        """From what was asked: (column, op, value) and (column, descending).

        Raises ``UsageError``: ``grid_column``, ``grid_op``, ``grid_value``.
        """
        order: dict[str, Sort] = {}
        for name, descending in sort:
            order.setdefault(columns.find(name).name, Sort(name, descending))
        for name in KEY:
            order.setdefault(name, Sort(name))
        wanted = tuple(Filter.parse(*each) for each in filters)
        return cls(scope, wanted, tuple(order.values()), columns.chosen(shown))

    @property
    def rows(self) -> str:
        """Fingerprint of which rows, in which order; the columns shown make no difference."""
        scope = asdict(self.scope) | {"period": str(self.scope.period or "")}
        told = [scope, [each.told() for each in self.filters], [asdict(sort) for sort in self.order]]
        return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()[:24]
