"""Rehearsals (演练): the same clear on a twin of the card."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.compose import House
from fapiao_kernel.api.rehearsals import RehearsalSummary, RehearsalView
from fapiao_kernel.api.selection import Selecting


def router(house: House) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/rehearsals")
    rehearsals = house.rehearsals

    @routes.post("", status_code=202)
    def begin(request: Selecting) -> RehearsalView:
        """Begin; the card is read once, and never changed."""
        return rehearsals.begin(request)

    @routes.get("")
    def every() -> list[RehearsalSummary]:
        return rehearsals.all()

    @routes.get("/{id}")
    def one(id: str) -> RehearsalView:
        return rehearsals.view(id)

    return routes
