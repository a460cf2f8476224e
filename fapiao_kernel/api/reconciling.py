"""Reconciling (对账) over the wire: three columns, how they agree, and the invoices behind each difference."""

from __future__ import annotations

from typing import Literal

from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.api.shapes import Amount, FindingView, Shape

Agreed = Literal["agrees", "differs", "unknown"]


class ReconcileRequest(Shape):
    """``periods`` (``YYYY-MM``): those of the card's open span when none is named. ``tolerance`` in yuan."""

    card: str
    periods: list[str] = []
    tolerance: str = "0.00"


class SideView(Shape):
    """One column; None: that side does not tell."""

    count: int | None = None
    voids: int | None = None
    amount: Amount | None = None
    tax: Amount | None = None
    total: Amount


class CandidateView(Shape):
    """An invoice that may explain a difference; the amounts are what it explains of *ledger less return*."""

    invoice_type: str
    code: str
    number: str
    issue_date: str
    amount: Amount
    tax: Amount
    total: Amount
    grounds: list[str]


class SuspectsView(Shape):
    """All of one ground: how many and their sum, the first of them in ``shown``."""

    ground: str
    count: int
    amount: Amount
    tax: Amount
    total: Amount
    shown: list[CandidateView]


class ExplanationView(Shape):
    """``exact``: grounds that come to the difference as a whole. ``sets``: invoices that do. ``whole``: all sets were tried."""

    suspects: list[SuspectsView]
    exact: list[str]
    sets: list[list[CandidateView]]
    whole: bool


class LineView(Shape):
    """``invoice_type``: a code, ``device`` (all that devices issue), ``special``, ``other`` (the return's columns) or ``""`` (all);
    ``rate`` ``""``: all.

    ``card_apart`` and ``filed_apart``: ledger less that side. ``source`` of the return's figure: ``read | stated | file``."""

    invoice_type: str
    name: str
    period: str
    rate: str
    ledger: SideView
    card: SideView | None = None
    filed: SideView | None = None
    card_apart: SideView | None = None
    filed_apart: SideView | None = None
    against_card: Agreed | None = None
    against_return: Agreed | None = None
    source: str = ""
    named: DifferenceView | None = None
    explained: ExplanationView | None = None


class FigureView(Shape):
    """One line of a return; ``invoice_type`` and ``rate`` as in ``LineView``. Amount and tax None: only the total was told."""

    invoice_type: str
    rate: str
    amount: Amount | None = None
    tax: Amount | None = None
    total: Amount


class ReturnView(Shape):
    """A filed return as it was told; ``filed_on`` ``""``: nobody said."""

    taxpayer_id: str
    period: str
    figures: list[FigureView]
    source: str
    told_at: str
    filed_on: str = ""
    note: str = ""


class ReconciliationView(Shape):
    """One period of one card and its taxpayer. ``read_at``: when the card's statistics were read, ``""``: never;
    ``fresh``: just now."""

    device_number: str
    taxpayer_id: str
    period: str
    tolerance: Amount
    agreement: Agreed
    against_card: Agreed
    against_return: Agreed
    read_at: str
    fresh: bool
    filed: list[ReturnView]
    lines: list[LineView]
    findings: list[FindingView]


class ReconcileAnswer(Shape):
    card: str
    agreement: Agreed
    periods: list[ReconciliationView]


class ReturnRequest(Shape):
    """A return stated by a person: ``stated`` (``0.13=10000.00/1300.00``) for ``period``, or a table in the file ``path``."""

    card: str
    period: str = ""
    stated: list[str] = []
    path: str = ""
    filed_on: str = ""
    note: str = ""


class ReturnAnswer(Shape):
    returns: list[ReturnView]
