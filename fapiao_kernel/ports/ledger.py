"""The ledger (发票库) and what goes into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports.common import Progress
from fapiao_kernel.ports.intake import Reading


@dataclass(frozen=True)
class RateTotal:
    """Totals of one rate inside a unit; voids count in ``count`` and are zero in the sums."""

    rate: str
    count: int
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True)
class UnitPreview:
    """One unit as the ledger holds it: sheet counts and sums (voids zero), totals by rate, digest ``d1`` and import watermark."""

    unit: ClearUnit
    count: int
    voids: int
    reds: int
    amount: Decimal
    tax: Decimal
    total: Decimal
    rates: tuple[RateTotal, ...]
    digest: str
    watermark: int


@dataclass(frozen=True)
class Tally:
    """A number of invoices and their sum with tax, voids as zero."""

    count: int
    total: Decimal


@dataclass(frozen=True)
class Census:
    """How many invoices stand where. ``open + cleared = all`` over device-issued invoices whose unit is known;
    fully digital ones (数电票) and those whose card is unknown are counted apart."""

    open: Tally
    cleared: Tally
    all: Tally
    fully_digital: Tally
    card_unknown: Tally


@dataclass(frozen=True, slots=True)
class Listed:
    """One invoice of an import in brief, as ``fapiao import --json`` lists it; ``lines``: goods lines."""

    code: str
    number: str
    invoice_type: InvoiceType
    issue_date: date
    amount: Decimal
    tax: Decimal
    total: Decimal
    machine_number: str
    lines: int

    @classmethod
    def of(cls, i: Invoice) -> Listed:
        numbers = (i.code, i.number, i.invoice_type, i.issue_date, i.amount, i.tax, i.total)
        return cls(*numbers, i.machine_number, len(i.lines))


@dataclass(frozen=True)
class Added:
    """What an import brought: invoices new to the ledger, those it had already, and findings (differences, unknown card, late).

    ``listed``: the file's invoices in brief, new or known, up to ``LISTED``. ``bad``: rows of which nothing came in.
    """

    seq: int
    new: int
    known: int
    findings: tuple[Finding, ...]
    listed: tuple[Listed, ...] = ()
    bad: int = 0

    @property
    def count(self) -> int:
        """Every invoice that could be read, new or known."""
        return self.new + self.known


LISTED = 1000
"""Invoices listed a file (DESIGN §10); beyond that their number says the rest."""


class Ledger(Protocol):
    """Truth about things. One writer; readers take a cursor of their own."""

    def take(
        self,
        readings: Sequence[Reading],
        *,
        at: datetime,
        cards: Mapping[str, Sequence[Volume]],
        card: str | None = None,
        period: Period | None = None,
        progress: Progress | None = None,
    ) -> tuple[Added, ...]:
        """Bring several files in, in one transaction, each an import of its own. ``cards``: device number → volumes of every card
        of the home.

        A device-issued invoice's card is its machine number, else the card whose volume holds it, else the home's only card,
        else ``card``; else it comes in without a unit. Fully digital ones never get a unit. The same invoice twice (by key) is
        known, not new; when the two differ a finding says where. One known as standing that a file calls void gets a void mark
        (a row of its own) while its unit is open. ``period``: what lies outside it is a finding; so is a day after ``at``. What
        ``progress`` raises ends it, and nothing is half in.
        """
        ...

    def census(self) -> Census: ...

    def preview(self, units: Sequence[ClearUnit], progress: Progress | None = None) -> tuple[UnitPreview, ...]:
        """The units as they stand now, digest included. A unit without invoices has count 0 and the digest of nothing."""
        ...

    def details(self, preview: UnitPreview) -> Iterable[InvoiceDetail]:
        """The invoices that this preview counted, in brief, by code and number, a few at a time. Only read when a unit's numbers differ."""
        ...

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        """One ``clear_unit`` row a unit. Rows that the same run already wrote are left; returns how many are new.

        Raises ``FapiaoError`` (``unit_closed_by_other_run``) and writes nothing when another run closed one of them.
        """
        ...

    def closed(self, unit: ClearUnit) -> str | None:
        """The run that closed the unit, or None."""
        ...

    def open_units(self, device_number: str) -> tuple[ClearUnit, ...]:
        """The card's units that hold invoices and are not closed, oldest first."""
        ...

    def card_unknown(self, period: Period) -> int:
        """Device-issued invoices of the period whose card is unknown: they hold up the period's clear."""
        ...

    def late(self, unit: ClearUnit) -> int:
        """Invoices imported after the unit was closed."""
        ...

    def within(
        self,
        units: Sequence[ClearUnit],
        first_day: date | None = None,
        last_day: date | None = None,
        invoices: Sequence[tuple[str, str]] = (),
    ) -> Mapping[ClearUnit, Tally]:
        """Of each unit's open invoices, those issued from ``first_day`` to ``last_day`` (both in it, either left open) and, when
        ``invoices`` (code, number) are named, among these. A unit with none has a tally of 0."""
        ...

    def sellers(self, units: Sequence[ClearUnit]) -> Mapping[str, int]:
        """Who issued the units' invoices (销方识别号): taxpayer id → sheets, ``""`` for those that name nobody."""
        ...
