"""``start.py test``: one failure does not hide another, and pytest's own summary closes the output. ``--hardware-lab`` is its own run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bootstrap import checks, hardware, pip, system
from bootstrap.say import Trouble

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


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with one test of the hardware lab, and nothing to install."""
    (tmp_path / hardware.TESTS).mkdir(parents=True)
    (tmp_path / hardware.TESTS / "test_lab.py").write_text(
        "import pytest\ndef test_one():\n    pytest.skip('no QEMU; enable: install it')\ndef test_two():\n    pass\n",
        "utf-8",
    )
    (tmp_path / "test_other.py").write_text("def test_other():\n    assert 1 == 2\n", "utf-8")
    monkeypatch.setattr(hardware, "WANTED", ())
    monkeypatch.setattr(pip, "install", lambda *_: None)
    return tmp_path


def test_the_hardware_lab_runs_its_own_tests_alone_and_tells_what_it_skipped(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hardware.run(lab, Path(sys.executable), ["-ra", "-p", "no:cacheprovider"]) == 0
    said = capsys.readouterr()
    assert "1 passed, 1 skipped" in said.out.splitlines()[-1]
    assert "no QEMU; enable: install it" in said.err


def test_what_cannot_be_installed_for_the_hardware_lab_is_told_and_the_rest_runs(
    lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise Trouble("没有编译器", "no compiler", 5)

    monkeypatch.setattr(pip, "install", fails)
    monkeypatch.setattr(hardware, "WANTED", (system.Wanted("qemu", lambda: False, hardware.GUEST),))
    monkeypatch.setattr(system, "can_install", lambda: False)
    assert hardware.run(lab, Path(sys.executable), ["-p", "no:cacheprovider"]) == 0
    said = capsys.readouterr()
    assert "1 passed, 1 skipped" in said.out.splitlines()[-1]
    assert "hardware-lab.txt: without it, PC/SC" in said.err and "qemu: without it, the QEMU guest" in said.err
    assert len(hardware.lacking(hardware.GUEST)) == 1 and not hardware.lacking(hardware.PCSC)


def test_the_default_run_does_not_collect_the_hardware_lab(root: Path, request: pytest.FixtureRequest) -> None:
    assert (root / hardware.TESTS / "test_guest.py").exists()
    if any("hardware_lab" in argument for argument in request.config.args):
        pytest.skip("the hardware lab was asked for by name")
    assert not [item.nodeid for item in request.session.items if item.nodeid.startswith(hardware.TESTS)]
