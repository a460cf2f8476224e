"""Copying the ledger (冷拷贝): a file that opens by itself, with exactly what is committed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.records.durable import PARTIAL, finish, sync_folder


def copy(connection: duckdb.DuckDBPyConnection, source: Path, target: Path) -> None:
    """The caller holds the writer, so that the file stands still between the checkpoint and the end of the copy.

    The copy appears whole or not at all. Raises ``FapiaoError`` (``ledger_copy_failed``) when it cannot be written.
    """
    partial = target.with_name(target.name + PARTIAL)
    try:
        partial.unlink(missing_ok=True)
        connection.execute("CHECKPOINT")
        if os.name == "nt":  # the owner's handle shares its file with nobody there
            by_database(connection, partial)
        else:
            with source.open("rb") as whole, partial.open("wb") as new:
                shutil.copyfileobj(whole, new, 1 << 20)
                finish(new)
        os.replace(partial, target)
        sync_folder(target.parent)
    except (OSError, duckdb.IOException) as error:
        partial.unlink(missing_ok=True)
        raise FapiaoError("ledger_copy_failed", path=target, original=str(error).splitlines()[0]) from error


def by_database(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """The same content through DuckDB itself: slower, and other bytes for the same rows."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None
    own, path = str(row[0]).replace('"', '""'), str(target).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS fapiao_copy")
    try:
        connection.execute(f'COPY FROM DATABASE "{own}" TO fapiao_copy')
    finally:
        connection.execute("DETACH fapiao_copy")
