"""What every test may use: a home of its own, the language, the real sample files where they are at hand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

collect_ignore = ["hardware_lab"]
"""Run by name alone: ``start.py test --hardware-lab``, or ``pytest tests/hardware_lab``."""


def pytest_configure(config: pytest.Config) -> None:
    """Chinese by default, and never the home of the person who runs the tests (notebook kernels inherit it too)."""
    os.environ.setdefault("FAPIAO_LANG", "zh")
    if "FAPIAO_HOME" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="fapiao-tests-", ignore_cleanup_errors=True)
        os.environ["FAPIAO_HOME"] = folder.name
        config.add_cleanup(lambda: (end_processes(Path(folder.name)), folder.cleanup())[-1])


def end_processes(home: Path) -> None:
    """End what a test left running under a home: the agent and the practice world outlive their callers on purpose."""
    for file in sorted(home.rglob("*.pid")) + sorted(home.rglob("agent.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # gone already, or half written
            os.kill(int(json.loads(file.read_text(encoding="utf-8"))["pid"]), signal.SIGTERM)


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty ``FAPIAO_HOME`` of the test's own; whatever it starts there is ended afterwards."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("FAPIAO_HOME", str(folder))
    yield folder
    end_processes(folder)


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real invoice files: ``FAPIAO_SAMPLES``, or ``shared/samples`` beside the checkout. They are never part of the project."""
    named = os.environ.get("FAPIAO_SAMPLES")
    folder = Path(named) if named else ROOT.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("no real sample files here; enable: FAPIAO_SAMPLES=FOLDER with ofd/ and xml/ in it")
    return folder
