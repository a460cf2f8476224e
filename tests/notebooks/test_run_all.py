"""nbval over every notebook: "Run All" works, on a home without anything and on a practice home, and clears nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fapiao_kernel.client import connect

ROOT = Path(__file__).parents[2]


def run_all(home: Path) -> subprocess.CompletedProcess[str]:
    """Every notebook, as ``Run All`` would, against one home."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
    ]
    command += ["--rootdir", str(ROOT / "notebooks"), str(ROOT / "notebooks")]
    environment = {
        **os.environ,
        "FAPIAO_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "widgets")]),
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def journal_kinds(home: Path) -> list[str]:
    files = [*home.glob("journal/*.jsonl"), *home.glob("lessons/*/journal/*.jsonl")]
    return [json.loads(line)["kind"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_every_notebook_runs_on_a_home_without_anything_and_changes_nothing(home: Path) -> None:
    answer = run_all(home)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert set(journal_kinds(home)) <= {"agent.started"}


@pytest.mark.slow
def test_every_notebook_runs_on_a_practice_home_and_opens_and_clears_nothing(home: Path) -> None:
    connect(home).practice_start(size=200)
    answer = run_all(home)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    kinds = journal_kinds(home)
    assert not [k for k in kinds if k.startswith(("run.", "report.", "clear.", "unit.", "issue.", "void."))]
