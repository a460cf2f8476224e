"""What goes over the wire between a face and the agent: what all of it is made of, cards and the whole."""

from __future__ import annotations

from typing import Annotated

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


class Failure(Shape):
    """What every answer of 400 and above carries."""

    error: ErrorView


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
