"""Runs (清卡): open, follow, act."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.events import resumed, run_events, stream_of_run
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.runs import Accept, Act, Approve, Confirm, Confirmed, Execute, RunEvents, RunView
from fapiao_kernel.api.selection import SelectedView, Selecting
from fapiao_kernel.api.shapes import RunSummary
from fapiao_kernel.domain.plain import plain


def router(house: House, runs: Runs) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/runs")
    engine = house.engine

    @routes.post("", status_code=201)
    def open_run(request: Selecting) -> RunView:
        return runs.open(request)

    @routes.post("/select")
    def select(request: Selecting) -> SelectedView:
        """The units that would really close, beside what was asked for; opens nothing."""
        return runs.select(request)

    @routes.get("")
    def every() -> list[RunSummary]:
        return runs.all()

    @routes.get("/{id}")
    def view(id: str) -> RunView:
        return runs.view(id)

    @routes.get(
        "/{id}/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
    )
    def events(id: str, since: int = 0, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """The run's journal records after ``since`` and the work under way, as server-sent events, until the run is over."""
        runs.find(id)
        stream = stream_of_run(house, id, resumed(since, last_event_id))
        return StreamingResponse(stream, media_type="text/event-stream")

    @routes.get("/{id}/progress")
    def progress(id: str, since: int = 0) -> RunEvents:
        """The same as a long poll: at once when there are records after ``since``, after 2 s at the latest."""
        return run_events(house, id, since)

    @routes.get("/{id}/invoices")
    def invoices(id: str, after: str = "", limit: int = 200) -> dict[str, Any]:
        """A page of the invoices that the run's units hold, decimals as text."""
        units = runs.find(id).units
        page: dict[str, Any] = plain(house.duck.get().page(units, after, min(max(limit, 1), 1000)))
        return page

    @routes.post("/{id}/check", status_code=202)
    def check(id: str) -> RunView:
        return runs.act(id, "check", lambda: engine.check(id))

    @routes.post("/{id}/backup", status_code=202)
    def backup(id: str) -> RunView:
        return runs.act(id, "backup", lambda: engine.backup(id))

    @routes.post("/{id}/report", status_code=202)
    def report(id: str, request: Act) -> RunView:
        return runs.act(id, "report", lambda: engine.report(id, request.pin, request.period))

    @routes.post("/{id}/declaration", status_code=202)
    def declaration(id: str) -> RunView:
        return runs.act(id, "declaration", lambda: engine.declaration(id))

    @routes.post("/{id}/preview", status_code=202)
    def preview(id: str) -> RunView:
        return runs.act(id, "preview", lambda: engine.freeze(id))

    @routes.post("/{id}/confirm")
    def confirm(id: str, request: Confirm) -> Confirmed:
        return runs.confirm(id, request)

    @routes.post("/{id}/accept")
    def accept(id: str, request: Accept) -> RunView:
        return runs.accept(id, request)

    @routes.post("/{id}/approve")
    def approve(id: str, request: Approve) -> RunView:
        return runs.approve(id, request)

    @routes.post("/{id}/execute", status_code=202)
    def execute(id: str, request: Execute) -> RunView:
        return runs.execute(id, request)

    @routes.post("/{id}/read-back", status_code=202)
    def read_back(id: str) -> RunView:
        return runs.act(id, "read-back", lambda: engine.read_back(id))

    @routes.post("/{id}/conclude", status_code=202)
    def conclude(id: str) -> RunView:
        return runs.act(id, "conclude", lambda: engine.conclude(id))

    @routes.post("/{id}/cancel")
    def cancel(id: str) -> RunView:
        return runs.cancel(id)

    return routes
