"""Rehearsals (演练) over the wire."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.shapes import ErrorView, Shape


class RehearsalSummary(Shape):
    """One rehearsal in a line. ``state``: ``running | done | broken_off``; ``verdict`` is empty while it runs.

    ``report`` is the page's path, ``""`` when it left none, and ``sha256`` the page's digest as the journal has it.
    """

    id: str
    card: str
    state: str
    verdict: str = ""
    begun_at: str
    ended_at: str = ""
    report: str = ""
    sha256: str = ""


class RehearsalView(RehearsalSummary):
    """One rehearsal whole: ``step`` under way, the report's ``facts`` when it has ended, ``error`` when it broke off."""

    step: str = ""
    facts: dict[str, Any] | None = None
    error: ErrorView | None = None
