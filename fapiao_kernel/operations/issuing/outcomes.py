"""Outcomes (开票结果): what became of each request, as the engine answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.issuing import IssueRequest, NextNumber
from fapiao_kernel.operations.issuing.acts import Act, Stage


class Outcome(StrEnum):
    """``again``: issued earlier under the same id. ``not_begun``: a batch ended before it. Unknown is never ok."""

    DONE = "done"
    AGAIN = "again"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_DONE = "not_done"
    NOT_BEGUN = "not_begun"


@dataclass(frozen=True)
class Result:
    """What became of one act. ``invoice``: with its number, once the card gave one. ``error``: as the journal writes errors."""

    id: str
    outcome: Outcome
    invoice: Invoice | None = None
    entered: bool = False
    control_code: str = ""
    evidence: str = ""
    error: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Foreseen:
    """A request before it is sent: the number it would get (``""``: not to be told yet), and what is to be said of it.

    ``known``: what the journal has under its id already.
    """

    request: IssueRequest
    code: str
    number: str
    findings: tuple[Finding, ...]
    known: Result | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing holds it up; one that is issued already needs nothing."""
        return self.known is not None or not any(found.holds_up for found in self.findings)


@dataclass(frozen=True)
class Foresight:
    """A preview of issuing: nothing was changed. ``next``: what the card would give out, by type."""

    device_number: str
    rows: tuple[Foreseen, ...]
    next: tuple[NextNumber, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def ready(self) -> bool:
        return not any(found.holds_up for found in self.findings) and all(row.ready for row in self.rows)


_OUTCOMES = {
    Stage.SENT: Outcome.UNKNOWN,
    Stage.UNKNOWN: Outcome.UNKNOWN,
    Stage.DONE: Outcome.DONE,
    Stage.REFUSED: Outcome.REFUSED,
    Stage.NOT_DONE: Outcome.NOT_DONE,
}


def result_of(act: Act, *, again: bool = False, findings: tuple[Finding, ...] = ()) -> Result:
    """An act as an answer."""
    outcome = Outcome.AGAIN if again and act.stage is Stage.DONE else _OUTCOMES[act.stage]
    return Result(act.id, outcome, act.invoice, act.entered, act.control_code, act.evidence, act.error, findings)
