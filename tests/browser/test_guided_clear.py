"""One whole clear, clicked through by a clerk in JupyterLab (整个清卡)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
CLEAR = "operator/monthly-clear.ipynb"


class Clerk:
    """What a clerk does at the screen; everything waits for what it needs to see."""

    def __init__(self, page: Any) -> None:
        self.page = page

    @property
    def wizard(self) -> Any:
        return self.page.locator(f"{PANEL} .fp-wizard")

    def menu(self, name: str, command: str) -> None:
        self.page.locator("#jp-MainMenu .lm-MenuBar-item").get_by_text(name, exact=True).click()
        self.page.locator(f'.lm-Menu-item[data-command="{command}"]').click()

    def opens(self, link: str, name: str) -> None:
        """Follow a link of the notebook in front; Lab opens the other one in a tab of its own."""
        self.page.locator(f"{PANEL} .jp-RenderedMarkdown a").get_by_text(link).click()
        self.in_front(name)

    def in_front(self, name: str) -> None:
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current").get_by_text(name).wait_for()

    def run_all(self, name: str) -> None:
        """运行所有单元格, once this notebook is in front and its kernel is there to run them."""
        self.in_front(name)
        self.page.locator(f"{PANEL} .jp-KernelName").get_by_text("发票清卡").wait_for()
        self.page.locator("#jp-bottom-panel").get_by_text("发票清卡 | 空闲").wait_for()
        self.menu("运行", "runmenu:run-all")
        self.wizard.wait_for()

    def restart_and_run_all(self) -> None:
        self.wizard.evaluate("wizard => wizard.classList.add('from-the-old-kernel')")
        self.menu("运行", "runmenu:restart-and-run-all")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(f"{PANEL} .fp-wizard:not(.from-the-old-kernel)").wait_for()

    def sees(self, selector: str) -> Any:
        found = self.wizard.locator(selector).first
        found.wait_for()
        return found

    def clicks(self, act: str) -> None:
        self.sees(f".fp-act-{act}:enabled").click()

    def types(self, name: str, text: str) -> None:
        self.sees(f".fp-in-{name}").fill(text)

    def reads(self, selector: str) -> str:
        return str(self.sees(selector).inner_text())

    def shoots(self, name: str) -> None:
        """A screenshot for the documentation, when asked for."""
        if os.environ.get("FAPIAO_SCREENSHOTS"):
            SHOTS.mkdir(parents=True, exist_ok=True)
            pin = self.page.locator(f"{PANEL} .fp-pin")  # a practice PIN, and yet none belongs in a repository
            self.page.screenshot(path=SHOTS / f"{name}.png", mask=[pin], mask_color="#ffe082")


def journal(home: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(home.glob("journal/*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]


def test_a_clerk_clears_the_practice_card_through_closed_tabs_and_restarts(
    lab: Any, open_page: Callable[[str], Any]
) -> None:
    clerk = Clerk(open_page(lab.url))
    clerk.run_all("start.ipynb")
    clerk.sees(".fp-band")
    clerk.shoots("00-start")
    clerk.opens("每月清卡", "monthly-clear.ipynb")
    clerk.run_all("monthly-clear.ipynb")
    pin = str(clerk.sees(".fp-pin").get_attribute("data-pin"))
    device, period = clerk.reads(".fp-id-device .fp-id-value"), clerk.reads(".fp-id-period .fp-id-value")

    clerk.shoots("01-prepare")
    clerk.clicks("check")
    clerk.sees(".fp-step-prepare-done")
    clerk.shoots("02-backup")
    clerk.clicks("backup")
    clerk.sees(".fp-step-backup-done")
    clerk.types("pin", pin)
    clerk.shoots("03-report")
    clerk.clicks("recovery-key")
    key = clerk.wizard.get_by_text("AGE-SECRET-KEY-").inner_text()
    clerk.types("pin", pin)
    clerk.clicks("report")
    clerk.sees(".fp-act-file-return:enabled")
    clerk.shoots("03-declare")
    clerk.clicks("file-return")
    clerk.clicks("declaration")
    clerk.sees(".fp-step-report-done")
    clerk.clicks("preview")
    clerk.sees(".fp-act-reviewed:enabled")
    clerk.shoots("04-preview")
    clerk.clicks("reviewed")
    clerk.types("tail", device[-4:])
    clerk.types("period", period)
    clerk.shoots("05-confirm")
    clerk.clicks("confirm")
    clerk.sees(".fp-act-execute:enabled")

    # The token was in that kernel's memory alone: a new one asks to confirm again, and nothing has been sent.
    clerk.restart_and_run_all()
    clerk.sees(".fp-step-clear-active")
    clerk.types("tail", device[-4:])
    clerk.types("period", period)
    clerk.clicks("confirm")
    clerk.types("pin", pin)
    clerk.shoots("06-clear")
    assert not [r for r in journal(lab.home) if r["kind"] == "clear.intent"]
    clerk.clicks("execute")
    clerk.sees(".fp-panel-running, .fp-panel-done-cleared")
    clerk.shoots("06-running")
    clerk.page.close()

    clerk = Clerk(open_page(lab.address(CLEAR)))
    clerk.run_all("monthly-clear.ipynb")
    clerk.sees(".fp-step-close-done")
    assert "清卡完成" in clerk.reads(".fp-answer")
    clerk.shoots("08-done")

    clerk.restart_and_run_all()
    clerk.sees(".fp-step-close-done")
    assert key not in clerk.page.content()
    clerk.page.close()

    records = journal(lab.home)
    assert len([r for r in records if r["kind"] == "clear.intent"]) == 1
    assert records[-1]["kind"] == "run.finished"
    assert key.startswith("AGE-SECRET-KEY-")
    written = [f for f in lab.home.rglob("*") if f.suffix in (".jsonl", ".log", ".ipynb", ".html")]
    assert not [f for f in written if key in f.read_text("utf-8", errors="replace")]
    assert not [f for f in written if "practice" not in f.parts and pin in f.read_text("utf-8", errors="replace")]
    assert pin not in "".join(lab.said)
