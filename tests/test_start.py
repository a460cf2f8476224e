"""start.py: teaches, sends an old Python away, makes the environment once, and passes everything else on."""

from __future__ import annotations

import ast
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import bootstrap.main
from bootstrap import environment, pip
from bootstrap.say import Trouble


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """A small checkout of its own: start.py, and one of everything that the fingerprint covers."""
    place = tmp_path / "checkout"
    place.mkdir()
    shutil.copy(root / "start.py", place)
    shutil.copytree(root / "bootstrap", place / "bootstrap", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "pyproject.toml").write_text("[project]\n", "utf-8")
    (place / "requirements.txt").write_text("", "utf-8")
    for folder in environment.COPIED:
        (place / folder).mkdir()
        (place / folder / "one.ipynb").write_text("{}", "utf-8")
    (place / "README.md").write_text("old", "utf-8")
    return place


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip was asked for, without doing it; the environment itself is a Python that only exists."""
    asked: list[list[str]] = []

    def make(home: Path) -> None:
        shutil.rmtree(home, ignore_errors=True)
        environment.interpreter(home).parent.mkdir(parents=True)
        environment.interpreter(home).write_text("", "utf-8")
        (home / "pyvenv.cfg").write_text("version = 3.11.7\n", "utf-8")
        asked.append(["make"])

    monkeypatch.setattr(environment, "make", make)
    monkeypatch.setattr(pip, "install", lambda python, what, root, log: asked.append(what))
    return asked


PROJECT = ["--no-deps", "--no-build-isolation", "-e", "."]
PINNED = ["--require-hashes", "-r", "requirements.txt"]


def test_alone_it_teaches_and_makes_nothing(checkout: Path) -> None:
    done = subprocess.run([sys.executable, "start.py"], cwd=checkout, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0
    assert all(f"start.py {verb}" in done.stdout for verb in ("lab", "demo", "test"))
    assert not (checkout / ".venv").exists()


def test_an_old_python_gets_a_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(root / "start.py"), run_name="__main__")
    assert ended.value.code == 2
    assert "needs Python 3.11 or newer; this is 3.10" in capsys.readouterr().err


def test_an_old_python_can_read_start_py(root: Path) -> None:
    source = (root / "start.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 4))
    assert not any(isinstance(node, ast.JoinedStr) for node in ast.walk(ast.parse(source)))


def test_the_first_call_installs_everything_and_keeps_stdout_clean(
    checkout: Path, installed: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    environment.ready(checkout)
    assert installed == [["make"], PINNED, PROJECT]
    said = capsys.readouterr()
    assert said.out == ""
    assert "环境就绪" in said.err


def test_the_second_call_starts_no_process(
    checkout: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ready(checkout)
    installed.clear()
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    environment.ready(checkout)
    assert installed == []


@pytest.mark.parametrize(
    ("changed", "work"),
    [
        ("requirements.txt", [PINNED, PROJECT]),
        ("pyproject.toml", [PROJECT]),
        ("notebooks/one.ipynb", [PROJECT]),
        ("notebooks/support/new.ipynb", [PROJECT]),
        ("jupyter_share/one.ipynb", [PROJECT]),
        ("README.md", []),
        ("notebooks/.ipynb_checkpoints/one.ipynb", []),
    ],
)
def test_a_changed_checkout_installs_what_the_change_asks_for(
    changed: str, work: list[list[str]], checkout: Path, installed: list[list[str]]
) -> None:
    environment.ready(checkout)
    installed.clear()
    file = checkout / changed
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# changed\n", "utf-8")
    environment.ready(checkout)
    assert installed == work


def test_a_removed_notebook_installs_the_project_again(checkout: Path, installed: list[list[str]]) -> None:
    environment.ready(checkout)
    installed.clear()
    (checkout / "notebooks/one.ipynb").unlink()
    environment.ready(checkout)
    assert installed == [PROJECT]


def test_a_moved_checkout_makes_its_environment_again(
    checkout: Path, installed: list[list[str]], tmp_path: Path
) -> None:
    environment.ready(checkout)
    installed.clear()
    moved = checkout.rename(tmp_path / "elsewhere")
    environment.ready(moved)
    assert installed == [["make"], PINNED, PROJECT]


def test_an_environment_of_an_old_python_is_made_again(checkout: Path, installed: list[list[str]]) -> None:
    environment.ready(checkout)
    installed.clear()
    (checkout / ".venv/pyvenv.cfg").write_text("version = 3.9.2\n", "utf-8")
    environment.ready(checkout)
    assert installed[0] == ["make"]


def test_an_installation_that_broke_off_is_done_again(
    checkout: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise Trouble("断网", "no network", 5)

    with monkeypatch.context() as patch:
        patch.setattr(pip, "install", break_off)
        with pytest.raises(Trouble):
            environment.ready(checkout)
    installed.clear()
    environment.ready(checkout)
    assert installed == [PINNED, PROJECT]


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (
            ["demo", "--json", "--invoices", "A", "B", "--home", "D"],
            ["demo", "--json", "--invoices", "A", "B", "--home", "D"],
        ),
        (["lab", "--no-browser"], ["lab", "--no-browser"]),
        (["status"], ["status"]),
        (["fapiao", "--help"], ["--help"]),
    ],
)
def test_every_other_verb_goes_to_fapiao_with_its_options(
    arguments: list[str], passed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    become: list[list[str]] = []
    monkeypatch.setattr(environment, "ready", lambda root: Path("python"))
    monkeypatch.setattr(bootstrap.main, "become", lambda command: become.append(command) or 0)
    assert bootstrap.main.main(arguments) == 0
    assert become == [["python", "-P", "-c", bootstrap.main.FAPIAO, *passed]]


def test_the_exit_code_of_the_verb_comes_through(tmp_path: Path) -> None:
    program = "import sys; from bootstrap.main import become; become([sys.executable, '-c', 'raise SystemExit(4)'])"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 4


def test_pip_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="installation failed") as trouble:
        pip.install(Path(sys.executable), ["--no-index", "no-such-package-of-ours"], tmp_path, tmp_path / "log")
    assert "no-such-package-of-ours" in trouble.value.zh
    assert trouble.value.exit_code == 5


@pytest.mark.parametrize(
    ("text", "version"), [("3.11.7", (3, 11, 7)), ("3.12.1.final.0", (3, 12, 1)), ("3.14.0rc1", (3, 14)), ("", ())]
)
def test_versions_are_read_from_either_spelling(text: str, version: tuple[int, ...]) -> None:
    assert environment.version_tuple(text) == version


def test_debian_without_ensurepip_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from bootstrap import system

    monkeypatch.setattr(system, "can_install", lambda: False)
    with pytest.raises(Trouble, match="apt-get install python3-venv"):
        system.install_venv_module()


def test_what_the_system_lacks_is_listed_with_the_way_to_enable_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from bootstrap import system

    lacking: Callable[[], bool] = lambda: False  # noqa: E731 - a field of the table, as in the real one
    wanted = system.Wanted("chromium", lacking, "the browser test")
    monkeypatch.setattr(system, "can_install", lambda: False)
    (line,) = system.for_tests([wanted])
    assert "the browser test is skipped" in line and "Enable it:" in line
