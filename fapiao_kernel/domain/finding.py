"""Findings (检查发现): what a check, an import or a diagnosis has to say, with evidence and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Info tells; a warning can be acknowledged with a reason; a blocker cannot; unknown is never ok."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    BLOCKER = "blocker"
    UNKNOWN = "unknown"


class Effect(StrEnum):
    """What is known of a request's effect on the device (设备有没有被改动)."""

    NOT_SENT = "NOT_SENT"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"


class Who(StrEnum):
    """Who does the remedy (谁来做): 我 / IT / 服务单位 / 主管税务机关."""

    ME = "me"
    IT = "it"
    VENDOR = "vendor"
    TAX_OFFICE = "tax_office"

    @property
    def zh(self) -> str:
        return {"me": "我", "it": "IT", "vendor": "服务单位", "tax_office": "主管税务机关"}[self.value]


@dataclass(frozen=True)
class Finding:
    """One statement with its ground. ``message``, ``evidence`` and ``remedy`` are sentences for a clerk, Chinese first.

    ``row`` is the row of a source sheet (header = 1) where an import has something to say of one row. ``weight``: how large it is,
    in the unit of its own code (minutes, sheets, days); 0 where it has no size.
    """

    code: str
    severity: Severity
    message: str
    evidence: str = ""
    remedy: str = ""
    who: Who = Who.ME
    effect: Effect = Effect.NOT_SENT
    row: int | None = None
    weight: int = 0

    @property
    def holds_up(self) -> bool:
        """Whether a gate stays shut: a blocker, or something we could not find out."""
        return self.severity in (Severity.BLOCKER, Severity.UNKNOWN)
