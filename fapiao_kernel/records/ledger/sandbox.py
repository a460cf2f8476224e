"""The analyst's own SQL (自己的查询): in a limited child process over a snapshot; looking at the SQL would be no defence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from fapiao_kernel.domain.errors import UsageError

MEMORY = 2 * 1024**3
"""Bytes of address space that a query may take, where the system can limit it (POSIX)."""


def run_sql(snapshot: Path, sql: str, out: Path, limit: int, seconds: float) -> None:
    """The rows, ``limit`` at most, into a Parquet file.

    Raises ``UsageError``: ``sql_refused`` with DuckDB's sentence, ``sql_too_long`` after ``seconds``, ``sql_too_big`` when it
    takes more memory than it may.
    """
    job = {"snapshot": str(snapshot), "sql": sql, "out": str(out), "limit": limit, "memory": MEMORY, "seconds": seconds}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "fapiao_kernel.records.ledger.sandbox_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        answer, _ = child.communicate(json.dumps(job).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise UsageError("sql_too_long", seconds=f"{seconds:g}") from None
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0 or not answer:
        raise UsageError("sql_too_big", limit=f"{MEMORY // 1024**2} MB")
    problem = json.loads(answer)["problem"]
    if problem:
        raise UsageError("sql_refused", problem=problem)
