"""Diagnosis, journal and doctor: for whoever helps."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from fapiao_kernel.agent import diagnosis
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.doctor import doctor
from fapiao_kernel.agent.queries import Queries
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.support import Diagnosis, ExplainRequest, FailureView
from fapiao_kernel.domain.plain import plain


def router(house: House, runs: Runs, queries: Queries) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter()

    @routes.get("/diagnosis")
    def diagnose(card: str | None = None) -> Diagnosis:
        """The answer to 「设备到底清了没有」, and how we know."""
        return diagnosis.diagnose(house, runs, card)

    @routes.post("/diagnosis/explain")
    def explain(request: ExplainRequest) -> list[FailureView]:
        """What a pasted code or sentence means, best match first."""
        return diagnosis.explain(request.text)

    @routes.get("/journal")
    def journal(run: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = plain(house.journal.records(run=run, since=since))
        return records

    @routes.get("/journal/verify")
    def verify() -> dict[str, Any]:
        from fapiao_kernel.records.journal.verify import verify as check

        found: dict[str, Any] = plain(check(house.home.journal))
        return found

    @routes.get("/doctor")
    def examine() -> dict[str, Any]:
        return doctor(house)

    return routes
