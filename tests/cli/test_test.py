"""``fapiao test``: it knows its checkout, and outside of one says where the tests are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fapiao_kernel.cli.test import find_checkout


def test_a_folder_inside_the_checkout_finds_it(root: Path) -> None:
    assert find_checkout(root / "tests" / "cli") == root


@pytest.mark.parametrize("name", ["", "start.py"])
def test_another_project_is_not_taken_for_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\n', "utf-8")
    (tmp_path / (name or "else.py")).touch()
    assert find_checkout(tmp_path) is None


def test_outside_a_checkout_it_is_wrong_use_with_a_remedy(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fapiao_kernel.cli.main", "test", "--json"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert told.returncode == 2
    assert json.loads(told.stdout)["error"]["code"] == "tests_not_here"


def test_its_options_reach_the_test_command(root: Path, tmp_path: Path) -> None:
    """A checkout whose start.py only says what it was given."""
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text("utf-8"), "utf-8")
    (tmp_path / "start.py").write_text("import sys; print(sys.argv[1:]); sys.exit(3)", "utf-8")
    command = [sys.executable, "-m", "fapiao_kernel.cli.main", "test", "--hardware-lab", "-k", "ledger"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout.strip()) == (3, "['test', '--hardware-lab', '-k', 'ledger']")
