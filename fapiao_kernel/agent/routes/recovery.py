"""Recovery (恢复流程): look back at a card, go on from what it says, or call a false alarm."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.recovery import Recovery
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.recovery import CardRequest, FalseAlarm, SituationView
from fapiao_kernel.api.runs import RunView


def router(house: House, runs: Runs) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/recovery")
    recovery = Recovery(house, runs)

    @routes.get("")
    def look(card: str) -> SituationView:
        """The card is read anew, whatever the journal says; nothing is changed."""
        return recovery.look(card)

    @routes.post("/continue")
    def go_on(request: CardRequest) -> RunView:
        """Write what the card proves, and conclude; nothing is sent to it."""
        return recovery.go_on(request.card)

    @routes.post("/false-alarm")
    def false_alarm(request: FalseAlarm) -> RunView | None:
        """Proven by the reading that nothing moved."""
        return recovery.false_alarm(request)

    return routes
