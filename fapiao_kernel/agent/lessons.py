"""Lessons (课程): a practice world with the lesson's fault, and the result sheet from the journal."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.runs import Runs
from fapiao_kernel.api.practice import PracticeRequest, PracticeView, ResultSheet
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.plain import plain


def every(house: House) -> list[dict[str, Any]]:
    """The lessons there are, with their guides by step."""
    return [
        {"name": name, "title": lesson.title, "fault": lesson.fault, "guide": plain(lesson.guide)}
        for name, lesson in sorted(house.plugins.group("lessons").items())
    ]


def start(house: House, name: str) -> PracticeView:
    """A practice world with this lesson's fault: the one there is when it has it and its clear is still ahead, else a new one.

    Raises ``Refused`` when a clear under way stands in the way, or the home is no practice home.
    """
    lesson = _lesson(house, name)
    world = house.settings.values
    runs = [run for run in house.engine.runs() if run.opened_at >= world.practice_since]
    if world.practice_ready and (world.fault != lesson.fault or any(run.over for run in runs)):
        for run in house.engine.runs():
            if not run.over:
                house.engine.cancel(run.id, name)
                house.changes.bump(run.id)
        house.renew_practice()
    request = PracticeRequest(fault=lesson.fault)
    return house.practice.start(request, house.importing, house.cards, house.worker, house.identity.who)


def sheet(house: House, runs: Runs, name: str, run: str) -> ResultSheet:
    """The trainee's result sheet (成绩单)."""
    told = _lesson(house, name).sheet(runs.find(run), house.journal.records())
    return ResultSheet.model_validate(plain(told))


def _lesson(house: House, name: str) -> Any:
    lesson = house.plugins.group("lessons").get(name)
    if lesson is None:
        raise UsageError("lesson_unknown", name=name)
    return lesson
