"""System packages: on Debian and Ubuntu as root they are installed, elsewhere named."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bootstrap.say import Trouble, say


@dataclass(frozen=True)
class Wanted:
    """A thing of the system that some tests want: how to see it, its Debian package, and what is skipped without it."""

    package: str
    present: Callable[[], bool]
    what: str


def command(*names: str) -> Callable[[], bool]:
    """Whether one of these commands is on the path."""
    return lambda: any(shutil.which(name) for name in names)


def _chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return sys.platform in ("win32", "darwin")  # these ship Chinese fonts
    found = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def library(name: str) -> Callable[[], bool]:
    """Whether the system's loader finds this library (asked on Linux alone)."""

    def loads() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return loads if sys.platform == "linux" else lambda: True  # elsewhere Node brings its own


WANTED = (
    Wanted("git", command("git"), "checks over the tracked files"),
    Wanted(
        "chromium",
        command("chromium", "chromium-browser", "google-chrome"),
        "the browser test (JupyterLab, the clicked clear)",
    ),
    Wanted("libatomic1", library("libatomic.so.1"), "the browser test (Playwright's Node wants it)"),
    Wanted("fonts-noto-cjk", _chinese_font, "Chinese characters on screenshots"),
)


def can_install() -> bool:
    """Whether this is Debian or a child of it, and we are root."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(packages: list[str]) -> bool:
    """apt-get update and install, its output on stderr; False when it failed, which is then said."""
    say(f"正在安装系统软件包：{' '.join(packages)}", "Installing system packages (apt-get) …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for order in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(order, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            say("  " + "\n  ".join((done.stdout + done.stderr).splitlines()[-8:]))
            say("系统软件包没有装上。", f"{' '.join(order)} failed.")
            return False
    return True


def for_tests(things: Sequence[Wanted]) -> list[str]:
    """Install what tests want, where we may; returns a line for each thing that is still missing and what is skipped for it."""
    missing = [wanted for wanted in things if not wanted.present()]
    if missing and can_install():
        apt_install([wanted.package for wanted in missing])
        missing = [wanted for wanted in missing if not wanted.present()]
    return [f"{wanted.package}: without it, {wanted.what} is skipped. {hint(wanted)}" for wanted in missing]


def hint(wanted: Wanted) -> str:
    """How a person brings in what is missing."""
    if shutil.which("apt-get"):
        return f"Enable it: sudo apt-get install {wanted.package}"
    return f"Enable it: install {wanted.package} with your system's package manager, or from its makers."


def install_venv_module() -> None:
    """Debian and Ubuntu ship Python without ensurepip; raises ``Trouble`` where it cannot be brought in from here."""
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if can_install() and (apt_install([package]) or apt_install(["python3-venv"])):
        return
    raise Trouble(
        "这个 Python 缺少 venv/ensurepip 模块。Debian、Ubuntu、麒麟、统信 UOS 上请先运行：sudo apt-get install python3-venv",
        "This Python lacks ensurepip. On Debian and its children: sudo apt-get install python3-venv, then call start.py again.",
    )
