"""The first lesson: its sheet is ticked from the journal, whatever anybody claims."""

from __future__ import annotations

import pytest

from fapiao_kernel.api.practice import ResultSheet
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.steps import Step
from fapiao_kernel.operations.lessons.first_lesson import LESSON
from tests.operations.fakes import NUMBER, PIN
from tests.operations.world import World


def sheet(world: World) -> ResultSheet:
    run = world.engine.runs()[-1]
    return ResultSheet(**LESSON.sheet(run, world.journal.records()))


def ticked(world: World) -> set[str]:
    return {task["id"] for task in sheet(world).tasks if task["done"]}


def lose_the_reply(world: World) -> str:
    run, token = world.confirmed()
    world.card.faults = {"clear 007": "lost"}
    with pytest.raises(FapiaoError):
        world.engine.execute(run.id, run.revision, token, PIN)
    return run.id


def test_every_step_has_its_guide() -> None:
    assert set(LESSON.guide) == {step.value for step in Step}
    assert LESSON.fault == "lost-reply"


def test_a_trainee_who_does_all_right_passes_with_full_marks(world: World) -> None:
    world.engine.read_back(lose_the_reply(world))
    result = sheet(world)
    assert (result.score, result.out_of, result.passed) == (7, 7, True)
    assert all(task["right"] and task["seq"] for task in result.tasks)


def test_before_the_read_back_the_lesson_is_not_passed(world: World) -> None:
    lose_the_reply(world)
    assert not sheet(world).passed
    assert "read_back" not in ticked(world)


def test_starting_over_before_the_read_back_is_seen(world: World) -> None:
    id = lose_the_reply(world)
    with pytest.raises(Refused) as refused:
        world.engine.freeze(id)
    told = {"code": refused.value.code, "effect": refused.value.effect.value}
    world.journal.append("refusal.noted", {"run": id, "act": "preview", "error": told})
    world.engine.read_back(id)
    assert "read_back" not in ticked(world)
    assert not sheet(world).passed


def test_the_lost_answer_itself_is_not_held_against_anyone(world: World) -> None:
    id = lose_the_reply(world)
    told = {"code": "clear_unknown", "effect": "UNKNOWN"}
    world.journal.append("refusal.noted", {"run": id, "act": "execute", "error": told})
    world.engine.read_back(id)
    assert "read_back" in ticked(world)


def test_typing_wrong_at_first_costs_that_task(world: World) -> None:
    run = world.previewed()
    with pytest.raises(Refused) as refused:
        world.engine.confirm(run.id, run.revision, "0000", "2026-10")
    assert refused.value.code == "confirmation_differs"
    told = {"code": refused.value.code, "effect": "NOT_SENT"}
    world.journal.append("refusal.noted", {"run": run.id, "act": "confirm", "error": told})
    world.engine.confirm(run.id, run.revision, NUMBER[-4:], "2026-10")
    assert "typed" not in ticked(world)
    assert "backup" in ticked(world)
