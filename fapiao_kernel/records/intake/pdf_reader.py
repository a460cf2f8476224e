"""Asking the child process for what a PDF holds: one child for many files, and a new one after it broke."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.intake.pdf_text import Char, Row, rows

SECONDS = 60.0
"""For one file; 300 full pages take about eight."""
IDLE = 20.0
"""Seconds after which a child that nobody asks is sent home."""


@dataclass(frozen=True)
class Printed:
    """A PDF's text layer, page by page, and the XML that is attached to it."""

    pages: list[list[Row]]
    attached: list[bytes]


class Reader:
    """The child, started when first asked. One file at a time: PDFium is not made for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None

    def read(self, path: Path) -> Printed:
        """Raises ``Refused``: ``intake_pdf_damaged``, ``intake_pdf_locked``, ``intake_pdf_large``, and ``intake_pdf_failed`` when the
        child broke over it or took too long.
        """
        with self._lock:
            if self._idle:
                self._idle.cancel()
            said = self._ask(path)
            self._idle = threading.Timer(IDLE, self.close)
            self._idle.daemon = True
            self._idle.start()
        if code := said.get("refused"):
            raise Refused(code, what=said.get("what", ""), original=said.get("original", ""))
        return Printed(
            [rows([Char.of(*each) for each in page]) for page in said["pages"]],
            [base64.b64decode(each) for each in said["attached"]],
        )

    def close(self) -> None:
        """Let the child go; the next file starts another."""
        with self._lock:
            if self._idle:
                self._idle.cancel()
                self._idle = None
            self._end()

    def _ask(self, path: Path) -> dict[str, Any]:
        child = self._child if self._child and self._child.poll() is None else self._start()
        assert child.stdin and child.stdout  # pipes, as asked for
        late = threading.Timer(SECONDS, child.kill)
        late.daemon = True
        late.start()
        try:
            child.stdin.write(json.dumps(str(path)).encode() + b"\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:  # it is gone already
            line = b""
        finally:
            late.cancel()
        if not line.endswith(b"\n"):
            ended = self._end()
            raise Refused("intake_pdf_failed", original=f"exit {ended}")
        said: dict[str, Any] = json.loads(line)
        return said

    def _start(self) -> subprocess.Popen[bytes]:
        self._end()
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "fapiao_kernel.records.intake.pdf_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows would show a console
        )
        return self._child

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        if child.poll() is None:
            child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # what was not sent to it any more
                    continue
        return child.wait()
