"""The ``.venv`` of a checkout: made, filled from the pinned requirements, and brought up to date when the checkout changed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from bootstrap import pip, system
from bootstrap.say import Trouble, say

OLDEST = (3, 11)
STAMP = "fapiao-start.json"
COPIED = ("notebooks", "jupyter_share")
"""Folders that an editable installation copies into the environment: a change in them installs the project again."""


def ready(root: Path) -> Path:
    """The environment's Python, everything in it up to date. Raises ``Trouble`` with what the person must do first."""
    home = root / ".venv"
    if is_current(root, home):
        return interpreter(home)
    with only_one(root):
        if not usable(root, home):
            make(home)
        bring_up_to_date(root, home)
    return interpreter(home)


def interpreter(home: Path) -> Path:
    """The Python of an environment."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(root: Path, home: Path) -> dict[str, str]:
    """What the environment was made from: three parts, since each asks for a different amount of work when it changes."""
    return {
        "place": f"{home.resolve()} {python_version(home)}",
        "requirements": digest([root / "requirements.txt"], root),
        "project": digest(
            [root / "pyproject.toml", *(file for folder in COPIED for file in files_of(root / folder))], root
        ),
    }


def digest(files: list[Path], root: Path) -> str:
    """SHA-256 over names and contents, in order of name."""
    whole = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        whole.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every file that an installation copies: caches and checkpoints are not."""
    return [
        file
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and ".ipynb_checkpoints" not in file.parts
    ]


def stamped(home: Path) -> dict[str, str]:
    """The fingerprint left by the last complete installation; empty when there is none."""
    try:
        found = json.loads((home / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_current(root: Path, home: Path) -> bool:
    """Whether nothing has to be done."""
    return interpreter(home).exists() and stamped(home) == fingerprint(root, home)


def usable(root: Path, home: Path) -> bool:
    """Whether the environment can be filled: its Python is there and new enough, and the checkout was not moved since."""
    place = stamped(home).get("place")
    return (
        interpreter(home).exists()
        and version_tuple(python_version(home)) >= OLDEST
        and (place is None or place == fingerprint(root, home)["place"])
    )


def python_version(home: Path) -> str:
    """The version in ``pyvenv.cfg`` (venv writes ``version``, others ``version_info``); ``"0"`` when there is none."""
    try:
        lines = (home / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return "0"
    settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    return settings.get("version") or settings.get("version_info") or "0"


def version_tuple(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``3.11.7.final.0`` is ``(3, 11, 7)``."""
    numbers: list[int] = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def make(home: Path) -> None:
    """A new environment in place of whatever was there. Raises ``Trouble`` when it would saw off its own branch."""
    if Path(sys.prefix).resolve() == home.resolve():
        raise Trouble(
            ".venv 需要重建，但当前正在用它的 Python。请先运行 deactivate，再用系统的 Python 启动。",
            "The environment must be made again, and this call runs on its Python: deactivate it, use the system's.",
        )
    if importlib.util.find_spec("ensurepip") is None:
        system.install_venv_module()
    say(
        f"正在建立 Python {sys.version_info[0]}.{sys.version_info[1]} 环境（.venv）…",
        "Making the environment in .venv …",
    )
    if importlib.util.find_spec("ensurepip") is None:
        # The package came in just now, and this process has looked already: another one finds it.
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    else:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(home)


def bring_up_to_date(root: Path, home: Path) -> None:
    """Install what changed, and stamp the environment only when all of it came in."""
    wanted, had = fingerprint(root, home), stamped(home)
    (home / STAMP).unlink(missing_ok=True)
    python, log = interpreter(home), home / "fapiao-install.log"
    if had.get("requirements") != wanted["requirements"]:
        say("正在安装所需的包（第一次约一分钟）…", "Installing the pinned packages (about a minute the first time) …")
        pip.install(python, ["--require-hashes", "-r", "requirements.txt"], root, log)
    say("正在安装本项目…", "Installing this checkout …")
    pip.install(python, ["--no-deps", "--no-build-isolation", "-e", "."], root, log)
    (home / STAMP).write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    say("环境就绪。", "The environment is ready.")


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """One installation at a time: a second call waits for the first. The system frees the lock when a process dies."""
    with open(root / ".venv.lock", "a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # it gave up after ten tries, one a second: an installation takes longer
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
