"""A clerk issues one invoice, looks it up and voids it, clicked in JupyterLab; Run All issues nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fapiao_kernel.client import connect
from tests.browser.test_guided_clear import Clerk, journal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPAN = {"start": "2026-11-01", "end": "2026-11-30", "lock_date": "2026-12-17", "last_report": "2026-11-05"}
FORM = {
    "type": "专票", "buyer_name": "北京样例有限公司", "buyer_id": "91110000600037341L", "item": "轴承", "amount": "100", "rate": "13%",
}  # fmt: skip


def acts(lab: Any) -> list[str]:
    return [r["kind"] for r in journal(lab.home) if r["kind"].startswith(("issue.", "void."))]


def test_a_clerk_issues_looks_up_and_voids(lab: Any, open_page: Callable[[str], Any]) -> None:
    with connect(lab.home) as client:
        pin = client.practice_start(size=20).pin
        client.practice_stop()
    file = lab.home / "practice" / "card.json"
    state = json.loads(file.read_text(encoding="utf-8"))
    for record in state["records"]:
        record.update(SPAN)  # the practice month is cleared: the card issues for the month that it is
    file.write_text(json.dumps(state), encoding="utf-8")

    clerk = Clerk(open_page(lab.address("operator/issue.ipynb")))
    clerk.run_all("issue.ipynb")
    clerk.sees(".fp-panel-issue")
    clerk.shoots("15-issue")
    clerk.wizard.locator("summary").get_by_text("一张：填在这里").click()
    for name, value in FORM.items():
        clerk.types(name, value)
    clerk.clicks("one-request")
    assert clerk.reads(".fp-act-issue") == "开票：专票 1 张，价税合计 113.00"
    clerk.shoots("16-issue-preview")
    assert acts(lab) == []

    clerk.types("pin", pin)
    clerk.clicks("issue")
    number = clerk.reads(".fp-panel-issue-result tbody td:nth-child(3)").split()[-1]
    clerk.shoots("17-issue-result")
    assert acts(lab) == ["issue.intent", "issue.done", "issue.entered"]

    clerk.clicks("start-over")
    clerk.types("number", number)
    clerk.clicks("find-invoice")
    clerk.wizard.get_by_text("设备和发票库一致").first.wait_for()
    clerk.clicks("go-void")
    clerk.sees(".fp-panel-issue-void.fp-danger-panel")
    clerk.types("confirm", number[-4:])
    clerk.types("pin", pin)
    clerk.shoots("18-void")
    clerk.clicks("void")
    clerk.wizard.get_by_text("已作废").first.wait_for()
    assert acts(lab)[3:] == ["void.intent", "void.done", "void.entered"]
    assert pin not in json.dumps(journal(lab.home))
