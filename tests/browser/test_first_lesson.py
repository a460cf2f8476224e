"""The first lesson, clicked through by a trainee in JupyterLab (第一课): a lost answer, read back, and the result sheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_guided_clear import Clerk, journal

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_trainee_settles_a_lost_answer_by_reading_the_device(lab: Any, open_page: Callable[[str], Any]) -> None:
    trainee = Clerk(open_page(lab.address("trainer/first-lesson.ipynb")))
    trainee.run_all("first-lesson.ipynb")
    trainee.clicks("lesson-start")
    pin = str(trainee.sees(".fp-pin").get_attribute("data-pin"))
    device, period = trainee.reads(".fp-id-device .fp-id-value"), trainee.reads(".fp-id-period .fp-id-value")
    trainee.clicks("check")
    trainee.clicks("backup")
    trainee.types("pin", pin)
    trainee.clicks("report")
    trainee.clicks("file-return")
    trainee.clicks("declaration")
    trainee.clicks("preview")
    trainee.clicks("reviewed")
    trainee.types("tail", device[-4:])
    trainee.types("period", period)
    trainee.clicks("confirm")
    trainee.types("pin", pin)
    trainee.clicks("execute")
    trainee.sees(".fp-act-read-back:enabled")
    assert "结果未知" in trainee.reads(".fp-answer")
    trainee.shoots("20-lesson-unknown")
    trainee.clicks("read-back")
    trainee.sees(".fp-step-close-done")
    trainee.clicks("sheet")
    trainee.wizard.get_by_text("成绩单：").first.wait_for()
    trainee.shoots("21-lesson-sheet")
    trainee.page.close()

    records = journal(lab.home / "lessons" / "first-lesson")
    assert [r["kind"] for r in records].count("unit.sent") == 1
    assert not [r for r in journal(lab.home) if r["kind"].startswith(("run.", "clear."))]
