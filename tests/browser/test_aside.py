"""What a clerk does beside the straight road, clicked in JupyterLab: a rehearsal, a selection, a stop, a look back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_guided_clear import Clerk, journal

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_clerk_rehearses_selects_stops_and_looks_back(lab: Any, open_page: Callable[[str], Any]) -> None:
    clerk = Clerk(open_page(lab.url))
    clerk.run_all("start.ipynb")
    clerk.sees(".fp-band")
    clerk.opens("每月清卡", "monthly-clear.ipynb")
    clerk.run_all("monthly-clear.ipynb")

    clerk.clicks("rehearse")
    clerk.wizard.get_by_text("照现在的状态会清卡").wait_for()
    clerk.shoots("09-rehearsed")
    assert not [r for r in journal(lab.home) if r["run"]]

    clerk.wizard.locator("summary").get_by_text("只清一部分").click()
    clerk.types("first_day", "2026-10-01")
    clerk.types("last_day", "2026-10-10")
    clerk.wizard.get_by_text("看看会清什么").click()
    clerk.wizard.get_by_text("设备只能整单元清").wait_for()
    clerk.shoots("10-selected")
    clerk.clicks("check-selected")
    clerk.sees(".fp-step-prepare-done")

    clerk.clicks("cancel")
    clerk.sees(".fp-panel-done-cancelled")
    clerk.page.close()

    clerk = Clerk(open_page(lab.address("support/diagnose.ipynb")))
    clerk.run_all("diagnose.ipynb")
    clerk.clicks("look-back")
    clerk.wizard.get_by_text("没有要恢复的").wait_for()
    facts = clerk.sees("dl.fp-facts")
    assert facts.evaluate("dl => getComputedStyle(dl).display") == "grid", "JupyterLab lays out lists of its own"
    clerk.shoots("11-look-back")
    kinds = [r["kind"] for r in journal(lab.home) if r["run"]]
    assert kinds == ["run.opened", "run.checked", "cancel.asked", "run.cancelled"]
