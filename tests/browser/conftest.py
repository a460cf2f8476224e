"""JupyterLab as ``start.py lab`` starts it, and Debian's Chromium in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import end_processes

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WAIT = 30_000
"""Milliseconds that anything on the page may take on a loaded machine."""


@dataclass
class Lab:
    """A running JupyterLab: its address with the token, its home, and what it said."""

    url: str
    home: Path
    said: list[str] = field(default_factory=list)

    def address(self, notebook: str) -> str:
        return self.url.replace("/lab/tree/start.ipynb", f"/lab/tree/{notebook}")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """``launch(home, port=0, open_browser=False)`` in a process of its own; ended with its agent afterwards."""
    home = tmp_path / "home"
    code = f"from fapiao_kernel.jupyter.lab import launch; launch({str(home)!r}, 0, False)"
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1", "FAPIAO_HOME": str(home)}
    environment.pop("FAPIAO_LANG", None)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    found: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            address = re.search(r"http://127\.0\.0\.1:\d+/\S*\?token=\w+", line)
            if address and not found:
                found.append(address.group())
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert ready.wait(90) and found, "".join(said)
    yield Lab(found[0], home, said)
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: Jupyter and the kernels with it
        raise AssertionError("JupyterLab does not end: " + "".join(said)[-3000:]) from None
    listener.join(10)
    end_processes(home)  # the agents and worlds of the home and of its lessons


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: pip install 'fapiao-kernel[test]'"
    )
    if not Path(CHROMIUM).is_file():
        pytest.skip("needs Chromium: apt-get install chromium fonts-noto-cjk (or put `chromium` on the path)")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Opens an address in a new tab of one profile, at the size that the frame must fit."""
    profile = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    profile.set_default_timeout(WAIT)

    def opened(address: str) -> Any:
        page = profile.new_page()
        page.goto(address)
        return page

    yield opened
    profile.close()
