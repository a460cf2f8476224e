"""The command line in a process of its own, as a person or a program runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Ran:
    """What a verb left: exit code, both streams, and its JSON object (None without ``--json``)."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> dict[str, Any]:
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@pytest.fixture
def fapiao(home: Path) -> Callable[..., Ran]:
    """Run ``fapiao …`` on the test's own home."""

    def run(*arguments: str, stdin: str = "") -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "fapiao_kernel.cli.main", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "FAPIAO_HOME": str(home), "PYTHONIOENCODING": "utf-8"},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
