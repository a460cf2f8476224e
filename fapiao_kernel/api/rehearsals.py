"""Rehearsals (演练) over the wire."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fapiao_kernel.api.shapes import ErrorView, Shape


class RehearsalRequest(Shape):
    """Rehearse the clear of a card; no types or periods: all that it would close now."""

    card: str
    types: list[str] = Field(default_factory=list)
    periods: list[str] = Field(default_factory=list)


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
