"""The crash matrix runs beside all other tests: it begins with the session, gives way to them, and is asked for its end last.

Both depths together take as long as everything else; most other tests wait for a browser or a process most of their time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GIVING_WAY = ["nice", "-n", "15"] if shutil.which("nice") else []


class Beside:
    """A depth under way in a process of its own."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        self._out, self._told = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115 - closed by break_off
        command = [*GIVING_WAY, sys.executable, "-m", "tests.crash", "--json", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._out, stderr=self._told, text=True)

    def end(self) -> tuple[int, str, str]:
        """Wait for it: exit code, standard output, standard error."""
        code = self._process.wait()
        texts = []
        for file in (self._out, self._told):
            file.seek(0)
            texts.append(file.read())
        return code, texts[0], texts[1]

    def break_off(self) -> None:
        """End it where it stands, when nobody will ask any more."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._out.close()
        self._told.close()


UNDER_WAY = pytest.StashKey[dict[tuple[str, ...], Beside]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that run beside the others come last."""
    items.sort(key=lambda item: item.get_closest_marker("beside") is not None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin what was selected and will not be skipped."""
    begun = session.config.stash.setdefault(UNDER_WAY, {})
    if session.config.option.collectonly:
        return
    for item in session.items:
        marker = item.get_closest_marker("beside")
        skipped = any(bool(mark.args[0]) for mark in item.iter_markers("skipif"))
        if marker is not None and not skipped:
            begun[marker.args] = Beside(marker.args)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing goes on after the session."""
    for beside in session.config.stash.get(UNDER_WAY, {}).values():
        beside.break_off()


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Callable[[], tuple[int, str, str]]:
    """Wait for the depth that this test is marked with."""
    marker = request.node.get_closest_marker("beside")
    beside: Beside = request.config.stash[UNDER_WAY][marker.args]
    return beside.end
