"""The child that runs one query over a snapshot and ends (子进程): no files but its answer, no network, no settings, limits on all."""

from __future__ import annotations

import json
import sys
from typing import Any

import duckdb

from fapiao_kernel.records.language import either

TOO_BIG = 3
"""Exit code of a query that took more memory than it may."""
DUCK_MEMORY = "1GB"


def main() -> None:
    """Job on stdin, ``{"problem": sentence or ""}`` on stdout."""
    job = json.load(sys.stdin)
    _limit(job["memory"], job["seconds"])
    try:
        problem = _run(job)
    except (duckdb.OutOfMemoryException, MemoryError):
        sys.exit(TOO_BIG)
    except duckdb.Error as error:
        problem = str(error)
    print(json.dumps({"problem": problem}))


def _run(job: dict[str, Any]) -> str:
    connection = duckdb.connect(
        job["snapshot"],
        read_only=True,
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            "threads": 2,
            "memory_limit": DUCK_MEMORY,
            "temp_directory": "",
        },
    )
    # The one file it may write is its answer: reading it back, or writing something else there, harms nobody.
    connection.execute(f"SET allowed_paths = [{_quoted(job['out'])}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    statements = connection.extract_statements(job["sql"])
    if len(statements) != 1:
        return either(f"要写一条查询，这里有 {len(statements)} 条", f"One query is wanted; there are {len(statements)}")
    rows = connection.sql(job["sql"])
    if rows is None:
        return either("这条语句没有结果可看", "The statement gives no rows")
    rows.limit(int(job["limit"])).write_parquet(job["out"], compression="snappy")
    return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _limit(memory: int, seconds: float) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows: the parent's deadline alone
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = (
        int(seconds) * 2 + 1
    )  # two threads; the parent's deadline comes first, this one outlives a parent that is gone
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
