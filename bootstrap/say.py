"""Lines for the person who called start.py: Chinese and English, on stderr, so that ``demo --json`` has a clean stdout."""

from __future__ import annotations

import sys


def say(zh: str, en: str = "") -> None:
    """One line on stderr; an old console that lacks a character shows a substitute rather than failing."""
    line = f"{zh}  {en}" if en else zh
    encoding = sys.stderr.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), file=sys.stderr, flush=True)


class Trouble(Exception):
    """Something that the person must do first; start.py prints it and ends with ``exit_code``."""

    def __init__(self, zh: str, en: str, exit_code: int = 2) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.exit_code = exit_code
