"""Runs (清卡) over the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.api.shapes import Amount, ErrorView, FindingView, Shape, WorkView


class UnitRef(Shape):
    invoice_type: str
    period: str


class UnitView(Shape):
    """One clear unit through the run: what it holds (after the preview), what became of it, and the dates before and after."""

    invoice_type: str
    name: str
    period: str
    count: int | None = None
    total: Amount | None = None
    digest: str = ""
    outcome: str = ""
    stage: Literal["", "sent", "answered", "acknowledged"] = ""
    stage_times: dict[str, str] = {}
    lock_date_before: str = ""
    lock_date_after: str = ""
    report_start_before: str = ""
    report_start_after: str = ""


class RateView(Shape):
    rate: str
    count: int
    amount: Amount
    tax: Amount


class StatisticsView(Shape):
    """The card's own monthly statistics beside the ledger's numbers for one unit."""

    invoice_type: str
    period: str
    card_count: int
    card_total: Amount
    ledger_count: int
    ledger_total: Amount
    agrees: bool


class PreviewView(Shape):
    """The frozen preview. ``revision`` names it in confirm and execute."""

    revision: str
    frozen_at: str
    units: list[UnitView]
    rates: dict[str, list[RateView]]
    """Totals by rate, keyed ``"004 2026-10"``."""
    statistics: list[StatisticsView]
    differences: list[DifferenceView] = []
    """Of each unit that does not agree, the invoices by number."""
    findings: list[FindingView]
    gates: list[CheckView] = []
    """What guards the confirmation, as it stood when the preview was frozen."""
    confirm_device: str
    """What must be typed: the last four digits of the device number."""
    confirm_period: str
    """What must be typed: the period (``2026-10``), or first and last joined by ``..`` for a span."""


class BackupView(Shape):
    id: str
    time: str
    copies: list[str]
    sha256: str
    size: int
    files: int
    proven: bool


class CheckView(Shape):
    """One named check and its finding."""

    name: str
    title: str
    finding: FindingView


class AcceptedView(Shape):
    """A warning that somebody took on."""

    code: str
    sentence: str
    reason: str
    who: str
    time: str


class RunView(Shape):
    """One run whole. ``steps``: rail step → step state. ``busy``: what the agent is doing for it right now, or ``""``."""

    id: str
    card: str
    device_number: str
    state: str
    verdict: str
    step: str
    steps: dict[str, str]
    opened_at: str
    opened_by: str
    period: str
    """What a person confirms by: the period, or first and last joined by ``..`` for a span."""
    busy: str = ""
    progress: WorkView | None = None
    units: list[UnitView]
    checks: list[CheckView] = []
    findings: list[FindingView] = []
    """What holds the run up now: the last refusal, or the blockers of the last check."""
    warnings: list[FindingView] = []
    """Warnings that somebody must take on with a reason before the next act."""
    accepted: list[AcceptedView] = []
    needs: list[str] = []
    """What the confirmation still waits for: ``code``, ``second_person``."""
    error: ErrorView | None = None
    """Why the last act failed (among ``findings`` too); None when it did not."""
    backups: list[BackupView] = []
    declaration: dict[str, Any] | None = None
    preview: PreviewView | None = None
    verification: list[CheckView] = []
    record: str = ""
    sheet: str = ""
    data: str = ""
    """The same record as HTML, as xlsx and as JSON."""
    bundle: str = ""
    census_before: dict[str, Any] | None = None
    census_after: dict[str, Any] | None = None
    seconds: dict[str, float] = {}
    cancellable: bool = False


class RunEvents(Shape):
    """One run's journal records after a number (事件), and the work under way. ``last``: where to ask on from."""

    run: str
    state: str
    over: bool
    last: int
    records: list[dict[str, Any]]
    work: WorkView | None = None


class Act(Shape):
    """The report (抄报) changes the card: its PIN, kept in memory for this act alone, and the period that the person confirms."""

    pin: str = Field(default="", repr=False)
    period: str = ""


class Confirm(Shape):
    revision: str
    device_tail: str
    period: str


class Confirmed(Shape):
    """The token that execute needs: short-lived, for this revision alone. ``""`` while policy still ``needs`` something."""

    revision: str
    token: str = Field(repr=False)
    expires_at: str
    needs: list[str] = []


class Accept(Shape):
    """Take a warning on, with a reason that the journal keeps."""

    code: str
    reason: str


class Approve(Shape):
    """The verification code (验证码), or, without one, the yes of a second person (复核人)."""

    revision: str
    code: str = Field(default="", repr=False)


class Execute(Shape):
    revision: str
    token: str = Field(repr=False)
    pin: str = Field(default="", repr=False)
