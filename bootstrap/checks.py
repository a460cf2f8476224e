"""``start.py test``: every check and every test, all of them run even when one has failed, and a closing that can be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap import system
from bootstrap.say import say

CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy"]),
    ("mypy start.py", ["-m", "mypy", "bootstrap", "benchmarks"]),
    ("import-linter", ["-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]),
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Heard:
    """What pytest said: its exit code, its closing line, and the lines that name a skip."""

    code: int
    closing: str = ""
    skips: list[str] = field(default_factory=list)


def run(root: Path, python: Path, arguments: list[str]) -> int:
    """Everything; 0 only when nothing failed. ``arguments`` go to pytest."""
    missing = system.for_tests(system.WANTED)
    failed = [name for name, command in CHECKS if not passes(name, [str(python), *command], root)]
    say("== pytest", "")
    heard = pytest(python, root, arguments)
    if heard.code:
        failed.append("pytest")
    close(failed, missing, heard)
    return 1 if failed else 0


def passes(name: str, command: list[str], root: Path) -> bool:
    """One check, silent when it passes."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    say(f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.perf_counter() - began:.1f} s)")
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def pytest(python: Path, root: Path, arguments: list[str]) -> Heard:
    """pytest as it is, its output passed on as it comes, its closing remembered."""
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    process = subprocess.Popen(
        [str(python), "-m", "pytest", *colour, *arguments],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    whole = bytearray()
    while chunk := os.read(process.stdout.fileno(), 65536):
        whole += chunk
        sys.stdout.write(chunk.decode("utf-8", "replace"))
        sys.stdout.flush()
    heard = Heard(process.wait())
    for line in _COLOUR.sub("", whole.decode("utf-8", "replace")).splitlines():
        if line.startswith("SKIPPED ["):
            heard.skips.append(line)
        if line.strip():
            heard.closing = line
    return heard


def close(failed: list[str], missing: list[str], heard: Heard) -> None:
    """What failed, what was skipped and how to enable it; pytest's own summary stands last."""
    say("")
    for line in missing:
        say(f"缺少  missing: {line}")
    for line in heard.skips:
        say(f"已跳过  {line}")
    if failed:
        say(f"未通过：{'、'.join(failed)}", f"FAILED: {', '.join(failed)}")
    else:
        say("全部检查通过。", "Every check passed.")
    print(heard.closing, flush=True)
