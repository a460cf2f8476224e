"""``start.py test``: one failure does not hide another, and pytest's own summary closes the output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bootstrap import checks, system

GOOD = ["-c", "pass"]
BAD = ["-c", "raise SystemExit('three faults')"]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with two tests, one of them skipped."""
    (tmp_path / "test_small.py").write_text(
        "import pytest\ndef test_one():\n    pass\ndef test_two():\n    pytest.skip('no Chromium; enable: install it')\n",
        "utf-8",
    )
    monkeypatch.setattr(system, "WANTED", ())
    return tmp_path


def test_all_good_ends_with_pytests_summary(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", (("lint", GOOD),))
    assert checks.run(small, Path(sys.executable), ["-ra", "-p", "no:cacheprovider"]) == 0
    said = capsys.readouterr()
    assert "1 passed, 1 skipped" in said.out.splitlines()[-1]
    assert "no Chromium; enable: install it" in said.err


def test_a_failed_check_fails_the_command_and_the_tests_run_all_the_same(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", (("lint", BAD), ("types", GOOD)))
    assert checks.run(small, Path(sys.executable), ["-p", "no:cacheprovider"]) == 1
    said = capsys.readouterr()
    assert "three faults" in said.out and "1 passed" in said.out
    assert "FAILED: lint" in said.err


def test_a_failed_test_fails_the_command(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / "test_bad.py").write_text("def test_bad():\n    assert 1 == 2\n", "utf-8")
    monkeypatch.setattr(checks, "CHECKS", (("lint", GOOD),))
    assert checks.run(small, Path(sys.executable), ["-p", "no:cacheprovider"]) == 1
    assert "FAILED: pytest" in capsys.readouterr().err


def test_arguments_go_to_pytest(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "CHECKS", ())
    assert checks.run(small, Path(sys.executable), ["-k", "one", "-p", "no:cacheprovider"]) == 0
    assert "1 passed, 1 deselected" in capsys.readouterr().out


def test_no_test_at_all_is_a_failure(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", ())
    assert checks.run(small, Path(sys.executable), ["-k", "nothing", "-p", "no:cacheprovider"]) == 1
