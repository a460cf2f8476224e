"""Bulk results: Parquet over the wire, a DuckDB relation here (查询结果)."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


class Results:
    """Opens results in one in-memory database of this process; the files go when the client goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0
        self._database: duckdb.DuckDBPyConnection | None = None

    def open(self, parquet: bytes) -> duckdb.DuckDBPyRelation:
        """The relation over one result; amounts stay DECIMAL(18,2), codes and numbers text."""
        import duckdb

        with self._lock:
            if self._folder is None or self._database is None:
                self._folder = tempfile.TemporaryDirectory(prefix="fapiao-results-", ignore_cleanup_errors=True)
                self._database = duckdb.connect(":memory:")
            self._count += 1
            file = Path(self._folder.name) / f"{self._count}.parquet"
            file.write_bytes(parquet)
            return self._database.read_parquet(str(file))

    def close(self) -> None:
        """Drop database and files."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            if self._folder is not None:
                self._folder.cleanup()
            self._database = self._folder = None
