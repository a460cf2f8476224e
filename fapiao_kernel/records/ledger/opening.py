"""Opening the ledger's file: settings, numbered migrations, and refusals (a newer ledger, one of the other kind)."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import duckdb

from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused

MEMORY = "1GB"
"""DuckDB's limit; resident memory may go a little above it (measured 1.02–1.13 GB)."""
THREADS = 2
_STORAGE = re.compile(r"version number (\d+), but we can only read versions between \d+ and (\d+)")
"""How DuckDB says that a newer DuckDB wrote the file."""


def open_ledger(path: Path, *, practice: bool) -> duckdb.DuckDBPyConnection:
    """The connection, schema up to date.

    Raises ``NotReachable`` (``ledger_in_use``) when another process has it, ``Refused`` (``ledger_newer``, ``ledger_kind``,
    ``ledger_damaged``).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": MEMORY,
                "threads": THREADS,
                "temp_directory": str(path.with_name(path.name + ".tmp")),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,  # a Python variable is never a table
            },
        )
    except duckdb.Error as error:
        raise _refusal(path, str(error)) from error
    try:
        _migrate(connection, path)
        _claim(connection, path, "practice" if practice else "production")
    except duckdb.Error as error:
        connection.close()
        raise _refusal(path, str(error)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _refusal(path: Path, said: str) -> FapiaoError:
    """What DuckDB's sentence means for a clerk."""
    original = said.splitlines()[0]
    if "set lock" in said or "used by another process" in said:
        return NotReachable("ledger_in_use", path=path, original=original)
    if newer := _STORAGE.search(said):
        return Refused("ledger_newer", path=path, version=newer[1], known=newer[2], original=original)
    return Refused("ledger_damaged", path=path, original=original)


def schema_versions() -> dict[int, str]:
    """Every migration's SQL by its number, in order."""
    folder = resources.files("fapiao_kernel.records.ledger") / "schema"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return {int(f.name.removesuffix(".sql")): f.read_text(encoding="utf-8") for f in files}


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    connection.execute("CREATE TABLE IF NOT EXISTS ledger_kind (kind VARCHAR NOT NULL)")
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    have = row[0] if row else 0
    wanted = schema_versions()
    if have > max(wanted):
        raise Refused("ledger_newer", path=path, version=have, known=max(wanted))
    for version, sql in wanted.items():
        if version > have:
            connection.execute("BEGIN")
            connection.execute(sql)
            connection.execute("INSERT INTO schema_version VALUES (?)", [version])
            connection.execute("COMMIT")


def _claim(connection: duckdb.DuckDBPyConnection, path: Path, kind: str) -> None:
    """A practice ledger stays one, a production ledger too: rows of simulated cards never come into real books."""
    row = connection.execute("SELECT kind FROM ledger_kind").fetchone()
    if row is None:
        connection.execute("INSERT INTO ledger_kind VALUES (?)", [kind])
    elif row[0] != kind:
        raise Refused("ledger_kind", path=path, kind=row[0])
