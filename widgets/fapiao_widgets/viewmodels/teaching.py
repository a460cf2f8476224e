"""The first lesson (第一课): the same guided clear on a practice card with one fault dropped in, guides per step, and a result sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.api.practice import ResultSheet
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.domain.clearing import OVER, State
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.clearing import Clearing
from fapiao_widgets.viewmodels.frame import panel, whole
from fapiao_widgets.viewmodels.model import Publish
from fapiao_widgets.viewmodels.trouble import REFUSALS, card

LESSON = "first-lesson"


class Lesson(Clearing):
    """Adds to the wizard: a start of its own, guides, and the sheet. The steps are the operator's, unchanged."""

    title = "title.lesson"
    help = "lesson"

    def __init__(self, client: Any, publish: Publish) -> None:
        super().__init__(client, publish, guided=True)
        self.sheet: ResultSheet | None = None
        self.sheet_asked = False

    def _nothing(self) -> dict[str, Any]:
        content = [card(self.trouble)] if self.trouble else []
        content.append(blocks.text(say("lesson.text")))
        act = blocks.form([blocks.button("lesson-start", say("lesson.start"))])
        frame = self._with_help(self.frame(), "lesson")
        return whole(frame, panel("lesson-start", say("lesson.question"), content, act), rail=True)

    def draw(self) -> dict[str, Any]:
        world = self._world()
        if world is None or not world.fault:
            return self._nothing()
        if not self.session.guides:
            self.session.guides = guides(self.client.lessons())
        return super().draw()

    def _world(self) -> Any:
        """The practice world, or None: a home has none until a lesson or the start page makes it."""
        assert self.status is not None
        try:
            return self.client.practice() if self.status.practice else None
        except REFUSALS:
            return None

    def extend(self, run: RunView, drawn: dict[str, Any]) -> dict[str, Any]:
        if self.sheet_asked:
            self.sheet = self.client.lesson_sheet(LESSON, run.id)
            drawn["blocks"].insert(0, sheet(self.sheet))
        act = drawn["act"] or blocks.form([])
        more = [blocks.button("sheet", say("lesson.see"), tone="second")]
        if State(run.state) in OVER:
            more.append(blocks.button("lesson-start", say("lesson.again"), tone="quiet"))
        if not drawn["danger"]:  # the point of no return keeps its panel to itself
            drawn["act"] = {**act, "buttons": [*act["buttons"], *more]}
        return drawn

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {**super().acts(), "lesson-start": self._start, "sheet": self._sheet}

    def _start(self, inputs: dict[str, Any]) -> None:
        """A practice world with the lesson's fault; after a finished one, a fresh world for another try."""
        self.client.lesson_start(LESSON)
        self.picked_run, self.sheet_asked, self.session = "", False, self._fresh_session()

    def _sheet(self, inputs: dict[str, Any]) -> None:
        self.sheet_asked = True


def guides(lessons: list[dict[str, Any]]) -> dict[str, str]:
    """The lesson's guide by step, as the agent has it."""
    own = next((lesson for lesson in lessons if lesson["name"] == LESSON), {})
    return {step: str(text) for step, text in dict(own.get("guide") or {}).items()}


def sheet(result: ResultSheet) -> blocks.Block:
    """成绩单: what the trainee did beside what would have been right."""
    rows = [
        [
            str(task.get("title", task.get("name", ""))),
            "✓ " + say("yes") if task.get("done") else "✕ " + say("no"),
            str(task.get("right", task.get("note", ""))),
        ]
        for task in result.tasks
    ]
    verdict = say("lesson.passed" if result.passed else "lesson.failed")
    caption = f"{say('lesson.sheet')}：{say('lesson.score', score=result.score, out_of=result.out_of, word=verdict)}"
    return blocks.table(caption, [say("lesson.task"), say("lesson.done"), say("lesson.right")], rows)
