"""The HTTP application: routes over a house, behind the guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from fapiao_kernel.agent import errors
from fapiao_kernel.agent.browsing import Browsing
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.queries import Queries
from fapiao_kernel.agent.reconciling import Reconciling
from fapiao_kernel.agent.routes import (
    cards,
    devices,
    grid,
    issuing,
    ledger,
    lessons,
    plugins,
    practice,
    reconciling,
    recovery,
    rehearsals,
    runs,
    support,
    whole,
)
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.agent.security import Guard
from fapiao_kernel.api.shapes import Failure
from fapiao_kernel.domain.home import Home


def build(home: House | Path, token: str = "", stop: Callable[[], None] = lambda: None) -> FastAPI:
    """The application of a home. Its document is at ``/openapi.json``; pages that would fetch from a CDN are left out."""
    house = home if isinstance(home, House) else House(Home(home))
    app = FastAPI(
        title="fapiao-kernel agent",
        description="发票清卡后台程序：本机接口，仅供同一用户的程序使用。",
        version=house.identity.version,
        responses={"4XX": {"model": Failure}, "5XX": {"model": Failure}},
        docs_url=None,
        redoc_url=None,
    )
    known, queries = Runs(house), Queries(house)
    app.include_router(whole.router(house, stop))
    app.include_router(practice.router(house, known))
    app.include_router(runs.router(house, known))
    app.include_router(ledger.router(house, queries))
    app.include_router(grid.router(house, Browsing(house, queries)))
    app.include_router(cards.router(house))
    app.include_router(devices.router(house))
    app.include_router(plugins.router(house))
    app.include_router(support.router(house, known, queries))
    app.include_router(lessons.router(house, known))
    app.include_router(rehearsals.router(house))
    app.include_router(recovery.router(house, known))
    app.include_router(reconciling.router(Reconciling(house, queries)))
    app.include_router(issuing.router(house))
    errors.install(app)
    app.add_middleware(errors.Bugs)
    app.add_middleware(Guard, token=token)
    app.state.house = house
    return app


def document() -> dict[str, object]:
    """The API's OpenAPI document, made without a home, an agent or a network."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fapiao-api-") as folder:
        app = build(Path(folder))
        try:
            return app.openapi()
        finally:
            app.state.house.journal.close()
