"""Searching the journal (查日志): DuckDB reads the JSON lines where they lie. Read-only; needs no agent, and no copy is made.

Types are declared, so that no value is guessed into a date or a number; ``data`` stays the JSON that was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.records.journal.files import journal_files

LIMIT = 100
"""Records shown at most, when nothing else is asked."""
LONGEST_LINE = 256 * 2**20
"""Bytes that one record may take; a preview of a large month is far below."""
_COLUMNS = (
    "{seq: 'BIGINT', time: 'VARCHAR', kind: 'VARCHAR', run: 'VARCHAR', who: 'VARCHAR', data: 'JSON', hash: 'VARCHAR'}"
)


@dataclass(frozen=True)
class Found:
    """Records as they were written (without ``prev``), newest first; ``more``: how many others match.

    ``torn``: the file whose last line is half written (the next opening repairs it); that line is not searched. "" when none is.
    """

    records: tuple[dict[str, Any], ...]
    more: int
    torn: str


def search(
    folder: Path,
    text: str = "",
    *,
    kind: str = "",
    run: str = "",
    since: date | None = None,
    until: date | None = None,
    limit: int = LIMIT,
) -> Found:
    """Records with ``text`` in kind, run, who or data, capitals or not; ``kind`` is whole, or a beginning up to a dot (``unit``).

    ``since`` and ``until`` are days as the records' own times write them, both included. Raises ``FapiaoError``
    (``journal_not_searched``) when a file cannot be read.
    """
    files = journal_files(folder)
    if not files:
        return Found((), 0, "")
    try:
        with duckdb.connect(":memory:", config=_CONFIG) as connection:
            where, facts = _condition(text, kind, run, since, until)
            rows = connection.execute(
                f"SELECT seq, time, kind, run, who, data, hash, count(*) OVER () FROM read_json($files, columns = {_COLUMNS},"
                f" format = 'newline_delimited', ignore_errors = true, maximum_object_size = {LONGEST_LINE})"
                f" WHERE seq IS NOT NULL{where} ORDER BY seq DESC LIMIT $limit",
                {"files": [str(path) for path in files], "limit": limit, **facts},
            ).fetchall()
        return Found(tuple(_records(rows)), rows[0][-1] - len(rows) if rows else 0, _torn(files[-1]))
    except (duckdb.Error, OSError) as error:
        raise FapiaoError("journal_not_searched", folder=os.path.abspath(folder), what=type(error).__name__) from error


_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",
    "threads": 2,
}


def _condition(text: str, kind: str, run: str, since: date | None, until: date | None) -> tuple[str, dict[str, str]]:
    where = ""
    facts: dict[str, str] = {}
    if text:
        # In ``data`` the text stands as JSON writes it.
        facts |= {"text": text.lower(), "written": json.dumps(text, ensure_ascii=False)[1:-1].lower()}
        where += (
            " AND (contains(lower(kind || '\n' || run || '\n' || who), $text)"
            " OR contains(lower(CAST(data AS VARCHAR)), $written))"
        )
    if kind:
        facts |= {"kind": kind}
        where += " AND (kind = $kind OR starts_with(kind, $kind || '.'))"
    if run:
        facts |= {"run": run}
        where += " AND run = $run"
    if since:
        facts |= {"since": since.isoformat()}
        where += " AND time[:10] >= $since"
    if until:
        facts |= {"until": until.isoformat()}
        where += " AND time[:10] <= $until"
    return where, facts


def _records(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for seq, time, kind, run, who, data, digest, _ in rows:
        yield {"seq": seq, "time": time, "kind": kind, "run": run, "who": who, "data": json.loads(data), "hash": digest}


def _torn(path: Path) -> str:
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return ""
        file.seek(-1, 2)
        return "" if file.read(1) == b"\n" else os.path.abspath(path)
