"""The analyst's own SQL (自己的查询): in a limited child process over a snapshot; looking at the SQL would be no defence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

from fapiao_kernel.domain.errors import FapiaoError, UsageError
from fapiao_kernel.records.ledger.sandbox_child import TOO_BIG

MEMORY = 2 * 1024**3
"""Bytes of address space that a query may take, where the system can limit it (POSIX)."""
_KILLED_BY_TIME = -getattr(signal, "SIGXCPU", 0)
_KILLED_BY_SIZE = {-getattr(signal, name, 0) for name in ("SIGKILL", "SIGSEGV", "SIGABRT", "SIGBUS")}
"""How a child ends that ran into the limit of its address space inside native code, or that the system ended for memory."""


class Question:
    """One query of an analyst. ``run`` waits for its answer; ``cancel``, from any thread, ends its child at once."""

    def __init__(self, snapshot: Path, sql: str, out: Path, limit: int, seconds: float) -> None:
        paths = {"snapshot": str(snapshot), "out": str(out)}
        self._job = {**paths, "sql": sql, "limit": limit, "memory": MEMORY, "seconds": seconds}
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """A native call that nothing interrupts ends with its process."""
        with self._lock:
            self._cancelled = True
            if self._child is not None:
                self._child.kill()

    def run(self) -> None:
        """The rows, ``limit`` at most, into the Parquet file ``out``.

        Raises ``UsageError``: ``sql_refused`` with DuckDB's sentence, ``sql_too_long`` after ``seconds``, ``sql_too_big`` when it
        takes more memory than it may, ``sql_cancelled``; ``FapiaoError`` (``sql_failed``) when the child broke. The child is gone
        when this returns.
        """
        child = self._start()
        try:
            answer, said = child.communicate(json.dumps(self._job).encode(), timeout=self._seconds)
        except subprocess.TimeoutExpired:
            raise UsageError("sql_too_long", seconds=f"{self._seconds:g}") from None
        finally:
            child.kill()
            child.communicate()
        if self._cancelled:
            raise UsageError("sql_cancelled")
        if child.returncode == _KILLED_BY_TIME:
            raise UsageError("sql_too_long", seconds=f"{self._seconds:g}")
        if child.returncode == TOO_BIG or child.returncode in _KILLED_BY_SIZE:
            raise UsageError("sql_too_big", limit=f"{MEMORY // 1024**2} MB")
        if child.returncode != 0 or not answer:
            raise FapiaoError("sql_failed", what=f"exit {child.returncode}", original=_last(said))
        if problem := json.loads(answer)["problem"]:
            raise UsageError("sql_refused", problem=problem)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._cancelled:
                raise UsageError("sql_cancelled")
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "fapiao_kernel.records.ledger.sandbox_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            return self._child


def run_sql(snapshot: Path, sql: str, out: Path, limit: int, seconds: float) -> None:
    """Ask and wait: see ``Question.run``."""
    Question(snapshot, sql, out, limit, seconds).run()


def _last(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
