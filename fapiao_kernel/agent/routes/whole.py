"""Health, status, changes, import, backup, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.events import resumed, stream_of_changes
from fapiao_kernel.agent.status import status
from fapiao_kernel.agent.views import backup_of
from fapiao_kernel.api.ledger import ImportAnswer, ImportRequest
from fapiao_kernel.api.runs import BackupView
from fapiao_kernel.api.shapes import Changes, StatusView
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain


def router(house: House, stop: Callable[[], None]) -> APIRouter:
    """The routes of this subject over one house; ``stop`` ends the agent."""
    routes = APIRouter()

    @routes.get("/health")
    def health() -> dict[str, Any]:
        """Who answers here. The one route without a token, so it tells no more than that."""
        me = house.identity
        return {"ok": True, "boot_id": me.boot_id, "version": me.version}

    @routes.get("/status")
    def get_status() -> StatusView:
        return status(house)

    @routes.get("/changes")
    def changes(since: int = -1) -> Changes:
        """Long poll: at once on a change after ``since``, after 2 s at the latest."""
        return house.changes.wait(since)

    @routes.get("/events", response_class=StreamingResponse)
    def events(since: int = -1, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """The same as server-sent events; a comment line every 2 s while nothing changes."""
        return StreamingResponse(
            stream_of_changes(house, resumed(since, last_event_id)), media_type="text/event-stream"
        )

    @routes.post("/import")
    def bring_in(request: ImportRequest) -> ImportAnswer:
        try:
            period = Period.parse(request.period) if request.period else None
        except ValueError as error:
            raise UsageError("import_period", period=request.period) from error
        return house.importing.run(request.paths, request.card, house.identity.who, period)

    @routes.post("/import/cancel")
    def cancel_import() -> dict[str, bool]:
        """Stop the import under way: of the file it is at nothing comes in."""
        return {"cancelled": house.importing.cancel()}

    @routes.post("/backup")
    def backup() -> BackupView:
        """A backup outside any run."""
        with house.worker.job("backup", "备份") as progress:
            made = house.backups.make("manual", progress)
        return backup_of(plain(made))

    @routes.post("/recovery-key")
    def recovery_key() -> dict[str, str]:
        """The recovery key's secret half, the first time it is asked for, to be printed; it is stored nowhere."""
        return {"secret": house.recovery_key()}

    @routes.post("/stop")
    def end() -> dict[str, bool]:
        """End the agent, and the practice world with it (which outlives an agent that is killed); their state stays."""
        stop()
        return {"stopping": True}

    return routes
