"""The house of DESIGN §4 stands, and its floors hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOMS = (
    "fapiao_kernel/domain",
    "fapiao_kernel/domain/messages",
    "fapiao_kernel/ports",
    "fapiao_kernel/operations/rehearsal",
    "tests/crash",
    "fapiao_kernel/protocol",
    "fapiao_kernel/devices/links",
    "fapiao_kernel/devices/drivers/gb18240",
    "fapiao_kernel/devices/authority",
    "fapiao_kernel/records/journal",
    "fapiao_kernel/records/ledger",
    "fapiao_kernel/records/intake",
    "fapiao_kernel/records/backup",
    "fapiao_kernel/records/proof",
    "fapiao_kernel/operations/clearing",
    "fapiao_kernel/operations/checks",
    "fapiao_kernel/operations/diagnosis",
    "fapiao_kernel/operations/lessons",
    "fapiao_kernel/simulator/card",
    "fapiao_kernel/simulator/authority",
    "fapiao_kernel/api",
    "fapiao_kernel/agent",
    "fapiao_kernel/client",
    "fapiao_kernel/cli",
    "fapiao_kernel/jupyter",
    "widgets/fapiao_widgets",
    "notebooks/start.ipynb",
    "notebooks/operator/monthly-clear.ipynb",
    "notebooks/analyst/ledger.ipynb",
    "notebooks/support/diagnose.ipynb",
    "notebooks/trainer/first-lesson.ipynb",
    "benchmarks",
    "docs/decisions",
    "environment.yml",
)


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_is_there_and_not_empty(room: str, root: Path) -> None:
    place = root / room
    as_file = root / f"{room}.py"
    assert place.is_file() or as_file.is_file() or any(file.name != "__pycache__" for file in place.iterdir())


def test_every_floor_contract_is_kept(root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(contracts)} kept, 0 broken" in done.stdout


def test_every_entry_point_of_ours_loads(root: Path) -> None:
    groups = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    plugins = {group: list(entries.values()) for group, entries in groups.items()}
    assert plugins.pop("pytest11") == [
        "fapiao_kernel.testing.plugin"
    ]  # pytest takes a module; each of the others is an object
    program = (
        "import importlib, sys\n"
        "import fapiao_kernel.testing.plugin\n"
        "for module, name in (target.split(':') for target in sys.argv[1:]):\n"
        "    getattr(importlib.import_module(module), name)"
    )
    targets = [target for group in plugins.values() for target in group]
    done = subprocess.run([sys.executable, "-c", program, *targets], capture_output=True, text=True)
    assert targets and done.returncode == 0, done.stderr
