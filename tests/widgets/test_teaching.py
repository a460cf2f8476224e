"""The first lesson: the same wizard with a start, guides and a sheet of its own."""

from __future__ import annotations

import json
from typing import Any

from fapiao_widgets.viewmodels.teaching import Lesson
from widget_shapes import RUN, card, run

from fapiao_kernel.api.practice import ResultSheet
from fapiao_kernel.domain.clearing import State


def lesson(client: Any) -> Lesson:
    client._lessons = lambda: [
        {"name": "first-lesson", "title": "第一课", "fault": "x", "guide": {"backup": "课上的话"}}
    ]
    made = Lesson(client, lambda view: None)
    made.refresh()
    return made


def test_a_home_without_the_lessons_world_offers_to_start_it(client: Any) -> None:
    client._practice = lambda: None
    client.cards = []
    made = lesson(client)
    assert made.view["panel"]["act"]["buttons"][0]["act"] == "lesson-start"
    made.handle({"do": "lesson-start"})
    assert ("lesson_start", ("first-lesson",), {}) in client.asked


def test_the_lessons_own_guide_stands_before_the_general_one(client: Any) -> None:
    view = run(State.CHECKED)
    client.views = {view.id: view}
    assert lesson(client).view["panel"]["blocks"][0]["text"] == "课上的话"


def test_the_point_of_no_return_has_no_lesson_button_on_it(client: Any) -> None:
    view = run(State.CONFIRMED)
    client.views = {view.id: view}
    acts = [b["act"] for b in lesson(client).view["panel"]["act"]["buttons"]]
    assert acts == ["confirm"]


def test_the_sheet_shows_what_was_done_beside_what_is_right(client: Any) -> None:
    view = run(State.FINISHED)
    client.cards, client.views = [card(verdict="cleared")], {view.id: view}
    tasks = [
        {"title": "用读回了结", "done": True, "right": "读设备"},
        {"title": "没有重发", "done": False, "right": "不要重复"},
    ]
    client._lesson_sheet = lambda name, run: ResultSheet(
        lesson=name, title="第一课", run=run, tasks=tasks, score=1, out_of=2, passed=False
    )
    made = lesson(client)
    made.handle({"do": "sheet"})
    assert ("lesson_sheet", ("first-lesson", RUN), {}) in client.asked
    text = json.dumps(made.view, ensure_ascii=False)
    assert "得分 1 / 2，还没有通过" in text and "不要重复" in text
