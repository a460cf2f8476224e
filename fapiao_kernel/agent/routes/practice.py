"""The practice world (练习环境)."""

from __future__ import annotations

from fastapi import APIRouter

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.practice import PracticeRequest, PracticeView
from fapiao_kernel.api.shapes import Shape
from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.money import ZERO


class FileReturn(Shape):
    """File the return of what this run reported."""

    run: str


def router(house: House, runs: Runs) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/practice")

    @routes.post("/start")
    def start(request: PracticeRequest) -> PracticeView:
        return house.practice.start(request, house.importing, house.cards, house.worker, house.identity.who)

    @routes.get("")
    def view() -> PracticeView:
        return house.practice.view()

    @routes.post("/file-return")
    def file_return(request: FileReturn) -> dict[str, str]:
        """As the tax portal would (申报与票表比对): the total is the card's own statistics over the run's units."""
        run = runs.find(request.run)
        if not house.settings.practice:
            raise Refused("not_practice_run")
        return {"receipt": house.worker.call(run.card, lambda: _file(house, run))}

    @routes.post("/stop")
    def stop() -> dict[str, bool]:
        house.practice.stop()
        return {"stopped": True}

    return routes


def _file(house: House, run: Run) -> str:
    card = house.cards.get(run.card)
    identity = card.read_state().identity
    wanted = {(unit.invoice_type, unit.period) for unit in run.units}
    total = sum((s.total for s in card.read_statistics() if (s.invoice_type, s.period) in wanted), ZERO)
    periods = tuple(sorted({unit.period for unit in run.units}))
    return house.authority(run.card).file_return(identity, periods, total)
