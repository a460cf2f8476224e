"""What goes over the wire between a face and the agent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[str, Field(pattern=r"^-?\d+\.\d{2}$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FindingView(Shape):
    code: str
    severity: str
    message: str
    evidence: str = ""
    effect: str = "NOT_SENT"
    remedy: str = ""
    who: str = "me"
    row: int | None = None


class ErrorView(Shape):
    """A refusal: HTTP 4xx/5xx carry ``{"error": ErrorView}``. ``exit_code`` as DESIGN §10."""

    code: str
    sentence: str
    effect: str
    remedy: str
    who: str
    original: str = ""
    exit_code: int = 3


# --- cards and the whole -------------------------------------------------------------------------------------------


class TypeView(Shape):
    """Monitoring data of one invoice type; dates ISO."""

    invoice_type: str
    name: str
    verdict: str
    lock_date: str
    report_start: str
    report_end: str
    last_report: str
    reported: bool


class CardView(Shape):
    address: str
    device_number: str
    taxpayer_id: str
    taxpayer_name: str
    verdict: str
    clock: str
    lock_date: str
    days_left: int
    simulated: bool
    pin_tries: int | None = None
    read_at: str = ""
    """When the card was last read (its home's clock); ``""`` when it never was."""
    types: list[TypeView] = []
    problem: ErrorView | None = None
    """Set when the card could not be read just now: then the other fields are what was last known, or empty."""


class AgentView(Shape):
    url: str
    pid: int
    version: str


class RunSummary(Shape):
    id: str
    card: str
    device_number: str
    state: str
    verdict: str
    opened_at: str
    over: bool


class WorkView(Shape):
    """Long work under way in the agent."""

    id: str
    label: str
    done: int
    total: int


class StatusView(Shape):
    """Small and cached; ``changes`` grows with every change of anything."""

    time: str
    boot_id: str
    changes: int
    agent: AgentView
    home: str
    practice: bool
    who: str
    recovery_waits: bool = False
    """The recovery key was made and its secret half not shown yet (``POST /recovery-key`` shows it, once)."""
    cards: list[CardView]
    runs: list[RunSummary]
    work: list[WorkView]


class Changes(Shape):
    """Answer of the long poll: where the counter stands, and which runs changed since the asked number."""

    boot_id: str
    changes: int
    runs: list[str]


# --- runs ----------------------------------------------------------------------------------------------------------


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


class OpenRun(Shape):
    """Open a run on a card. No periods: everything the card would close now. ``types``: only groups with one of these."""

    card: str
    types: list[str] = []
    periods: list[str] = []


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


# --- import, ledger, diagnosis, practice ---------------------------------------------------------------------------


class ImportRequest(Shape):
    paths: list[str]
    card: str | None = None


class InvoiceView(Shape):
    code: str
    number: str
    invoice_type: str
    issue_date: str
    amount: Amount
    tax: Amount
    total: Amount
    machine_number: str
    lines: int
    fully_digital: bool


class FileView(Shape):
    """``invoices`` up to 1,000 a file; beyond that ``count`` says how many there are."""

    file: str
    status: Literal["imported", "duplicate", "rejected", "partial"]
    invoices: list[InvoiceView]
    count: int | None = None
    findings: list[FindingView]


class ImportAnswer(Shape):
    files: list[FileView]


class SqlRequest(Shape):
    sql: str
    limit: int = 100_000
    seconds: float = 30.0


class ExplainRequest(Shape):
    """A pasted code or sentence."""

    text: str


class FailureView(Shape):
    """One entry of the failure catalogue (domain note 7): meaning → check → fix → who."""

    number: int
    codes: list[str]
    symptom: str
    cause: str
    check: str
    fix: str
    who: str
    source: str


class Diagnosis(Shape):
    """``answer`` is the sentence to 「设备到底清了没有」, ``ground`` how we know; the rest is the state behind it."""

    answer: str
    answer_en: str
    cleared: bool | None
    ground: list[str]
    card: CardView | None
    run: RunView | None
    journal: dict[str, Any]
    checks: list[CheckView]
    versions: dict[str, str]
    timeline: list[dict[str, Any]]


class PracticeRequest(Shape):
    """``invoices``: the user's own files or folders in place of the sample month. ``fault``: one fault by name."""

    size: int = 2000
    seed: int = 20261
    invoices: list[str] = []
    fault: str = ""


class PracticeView(Shape):
    card: str
    authority: str
    taxpayer_id: str
    taxpayer_name: str
    device_number: str
    files: list[str]
    pin: str = Field(repr=False)
    fault: str = ""
    fresh: bool
    """Whether this call made the world (false: it was there and is attached again)."""
    imports: list[FileView] = []
    """Findings of the user's own files, when these were given."""
    seconds: dict[str, float] = {}


class ResultSheet(Shape):
    """A trainee's result sheet (成绩单): tasks ticked from the run itself, with what would have been right."""

    lesson: str
    title: str
    run: str
    tasks: list[dict[str, Any]]
    score: int
    out_of: int
    passed: bool
