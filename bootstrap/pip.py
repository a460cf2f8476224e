"""pip, with its output reduced to lines a person can follow; the whole of it goes to a log."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bootstrap.say import Trouble, say

EVERY = 25
"""A line of progress each so many packages."""


def install(python: Path, what: list[str], root: Path, log: Path) -> None:
    """``pip install what`` in the checkout; raises ``Trouble`` with pip's last lines when it fails."""
    ensure_pip(python, root)
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
    ]
    seen = 0
    with (
        open(log, "a", encoding="utf-8") as record,
        subprocess.Popen(
            [*command, *what],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            record.write(line)
            if line.startswith(("Collecting ", "Processing ")):
                seen += 1
                if seen % EVERY == 0:
                    say(f"  已取得 {seen} 个包…", f"{seen} packages fetched …")
            elif line.startswith("Installing collected packages"):
                say("  正在写入…", "writing them …")
    if process.returncode:
        tail = "\n".join("    " + line for line in log.read_text(encoding="utf-8").splitlines()[-15:])
        raise Trouble(
            f"安装失败。pip 最后的输出：\n{tail}",
            f"The installation failed (the whole output: {log}). Check the network, then call start.py again.",
            5,
        )


def ensure_pip(python: Path, root: Path) -> None:
    """An environment that another tool made may lack pip."""
    if subprocess.run([str(python), "-m", "pip", "--version"], cwd=root, capture_output=True).returncode:
        subprocess.run([str(python), "-m", "ensurepip"], cwd=root, check=True, capture_output=True)
