"""Lessons (课程)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from fapiao_kernel.agent import lessons
from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.practice import PracticeView, ResultSheet


def router(house: House, runs: Runs) -> APIRouter:
    """The routes of this subject over one house."""
    routes = APIRouter(prefix="/lessons")

    @routes.get("")
    def every() -> list[dict[str, Any]]:
        return lessons.every(house)

    @routes.post("/{name}/start")
    def start(name: str) -> PracticeView:
        return lessons.start(house, name)

    @routes.get("/{name}/sheet")
    def sheet(name: str, run: str) -> ResultSheet:
        return lessons.sheet(house, runs, name, run)

    return routes
