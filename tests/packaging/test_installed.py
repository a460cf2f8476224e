"""Installed into an empty environment, ``fapiao`` works without the checkout."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import end_processes
from tests.listening import wait_until_it_listens

from .conftest import Installed, run

ADDRESS = re.compile(r"(http://(?:127\.0\.0\.1|localhost):\d+)/\S*?token=(\w+)")
PATIENCE = 120
"""Seconds for a server to say its address: a limit, not a measurement."""


@pytest.fixture
def home(installed: Installed, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    subprocess.run(
        [installed.command("fapiao"), "agent", "stop"],
        env=installed.environment(folder),
        cwd=installed.elsewhere,
        capture_output=True,
    )
    end_processes(folder)


@pytest.mark.slow
def test_the_package_is_not_the_checkouts(installed: Installed, home: Path, root: Path) -> None:
    program = "import fapiao_kernel, fapiao_widgets; print(fapiao_kernel.__file__, fapiao_widgets.__file__)"
    done = run([installed.command("python"), "-c", program], env=installed.environment(home), cwd=installed.elsewhere)
    assert str(installed.home) in done.stdout and str(root) not in done.stdout


@pytest.mark.slow
def test_help_shows_the_verbs(installed: Installed, home: Path) -> None:
    done = run([installed.command("fapiao"), "--help"], env=installed.environment(home), cwd=installed.elsewhere)
    assert all(verb in done.stdout for verb in ("demo", "lab", "import", "status", "preview", "clear", "journal"))


@pytest.mark.slow
def test_the_demo_clears(installed: Installed, home: Path) -> None:
    command = [installed.command("fapiao"), "demo", "--json", "--home", str(home)]
    done = run(command, env=installed.environment(home), cwd=installed.elsewhere)
    answer = json.loads(done.stdout)
    assert answer["verdict"] == "cleared"
    assert Path(answer["record"]).is_file() and Path(answer["bundle"]).is_file()


@contextlib.contextmanager
def lab(installed: Installed, home: Path) -> Iterator[tuple[str, str]]:
    """JupyterLab as ``fapiao lab`` starts it: its address and token, as it prints them."""
    command = [installed.command("fapiao"), "lab", "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        command, env=installed.environment(home), cwd=installed.elsewhere,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    pipe = process.stdout
    reader = threading.Thread(target=lambda: [lines.put(line) for line in pipe], daemon=True)
    reader.start()
    try:
        url, token = address(lines, process)
        wait_until_it_listens(url)
        yield url, token
    finally:
        process.terminate()
        process.wait(30)
        reader.join(10)
        pipe.close()


def address(lines: queue.Queue[str], process: subprocess.Popen[str]) -> tuple[str, str]:
    """The first address with a token; what was said instead when none comes."""
    said: list[str] = []
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(queue.Empty):
            said.append(lines.get(timeout=1))
            if found := ADDRESS.search(said[-1]):
                return found[1], found[2]
        if process.poll() is not None and lines.empty():
            break
    pytest.fail("no address:\n" + "".join(said[-30:]))


def get(url: str, token: str) -> dict[str, object]:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


@pytest.mark.slow
def test_lab_serves_the_guided_notebooks(installed: Installed, home: Path) -> None:
    with lab(installed, home) as (url, token):
        assert "kernels" in get(f"{url}/api/status", token)
        assert get(f"{url}/api/contents/start.ipynb", token)["type"] == "notebook"
        assert get(f"{url}/api/contents/operator/monthly-clear.ipynb", token)["type"] == "notebook"
