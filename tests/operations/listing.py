"""Invoices in brief on both sides: what the card lists of its own, what the ledger has of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import UnitPreview


class ListingCard:
    """The part of a card that lists its invoices; ``details`` None: it cannot. ``listed``: what it was asked for."""

    details: list[InvoiceDetail] | None = None

    @cached_property
    def listed(self) -> list[tuple[ClearUnit, ...]]:
        return []

    def _here(self) -> None:
        raise NotImplementedError

    def read_details(self, units: Sequence[ClearUnit], progress: object = None) -> tuple[InvoiceDetail, ...] | None:
        self._here()
        self.listed.append(tuple(units))
        if self.details is None:
            return None
        wanted = {(unit.invoice_type, unit.period) for unit in units}
        return tuple(d for d in self.details if (d.invoice_type, d.period) in wanted)


class BriefLedger:
    """The part of a ledger that tells a unit's invoices in brief: as ``in_brief`` says, else made up of the unit's totals."""

    units: dict[ClearUnit, list[Decimal]]

    @cached_property
    def in_brief(self) -> dict[ClearUnit, list[InvoiceDetail]]:
        return {}

    def details(self, preview: UnitPreview) -> tuple[InvoiceDetail, ...]:
        unit = preview.unit
        made = (
            InvoiceDetail(unit.invoice_type, unit.invoice_type.value, f"{n:08}", unit.period.first_day, total)
            for n, total in enumerate(self.units.get(unit, []), 1)
        )
        return tuple(self.in_brief.get(unit, made))
