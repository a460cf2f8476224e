"""The child that runs one query over a snapshot and ends (子进程): no files but its answer, no network, no settings, limits on all."""

from __future__ import annotations

import json
import sys
from typing import Any

import duckdb


def main() -> None:
    """Job on stdin, ``{"problem": sentence or ""}`` on stdout."""
    job = json.load(sys.stdin)
    _limit(job["memory"], job["seconds"])
    try:
        _run(job)
        problem = ""
    except (duckdb.OutOfMemoryException, MemoryError):
        sys.exit(1)
    except duckdb.Error as error:
        problem = str(error)
    print(json.dumps({"problem": problem}))


def _run(job: dict[str, Any]) -> None:
    connection = duckdb.connect(
        job["snapshot"],
        read_only=True,
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False, "threads": 2},
    )
    out = job["out"].replace("'", "''")
    connection.execute("SET memory_limit = '1GB'")
    connection.execute("SET temp_directory = ''")
    connection.execute(f"SET allowed_paths = ['{out}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    sql = job["sql"].strip().rstrip(";")
    # One SELECT and nothing else fits here; whatever slips through finds every door but `out` shut.
    connection.execute(
        f"COPY (SELECT * FROM (\n{sql}\n) LIMIT {int(job['limit'])}) TO '{out}' (FORMAT parquet, USE_TMP_FILE false)"
    )


def _limit(memory: int, seconds: float) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows: the parent's deadline alone
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = int(seconds) * 2 + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))


if __name__ == "__main__":
    main()
