"""All rows of a view into a file (导出): sorted once by DuckDB into canonical lines, from which digest and every format are made.

The digest ``g1`` is SHA-256 over one line a row in the view's order: the columns' canonical text separated by U+001F, ended by LF,
UTF-8. It is the same whatever the format, and stands in the file: in CSV as the last line, in xlsx on the sheet 说明, in Parquet
as metadata. The file is written beside its place and renamed: it is whole or not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.domain.errors import Cancelled, Refused, UsageError
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.language import either
from fapiao_kernel.records.ledger.browsing import words, workbook
from fapiao_kernel.records.ledger.browsing.columns import SQL_TYPE, Column, Kind
from fapiao_kernel.records.ledger.browsing.ordering import order_by
from fapiao_kernel.records.ledger.browsing.source import Source
from fapiao_kernel.records.ledger.browsing.view import View

FORMATS = ("xlsx", "csv", "parquet")
FORM = "g1"
_FIELD = "\x1f"
_NULL = "\x1e"
"""How an absent value would read: there is none, and so empty text stays text."""
_LONGEST = 8_388_608
_BOM = "\ufeff"


class Export:
    """One export, which another thread may cancel."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._cursor: duckdb.DuckDBPyConnection | None = None

    def cancel(self) -> None:
        """End it soon; whoever waits for it gets ``Cancelled`` (``export_cancelled``)."""
        self._stop.set()
        with self._lock:
            if self._cursor is not None:
                self._cursor.interrupt()

    def run(
        self,
        cursor: duckdb.DuckDBPyConnection,
        view: View,
        source: Source,
        format: str,
        path: Path,
        *,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """``{"path", "rows", "digest", "sha256"}``.

        Raises ``UsageError`` (``export_place``), ``Refused`` (``export_exists``, ``export_unwritable``), ``Cancelled``; then
        nothing is left.
        """
        try:
            _check(path, format, replace)
            with self._interruptible(cursor), _beside(path) as folder:
                return self._write(cursor, view, source, format, path, folder, replace, progress)
        except duckdb.InterruptException:
            raise Cancelled("export_cancelled") from None
        except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
            original = (str(error).splitlines() or [""])[0].replace(str(path.parent), "")
            raise Refused("export_unwritable", path=path, original=original) from error

    def _write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        view: View,
        source: Source,
        format: str,
        path: Path,
        folder: Path,
        replace: bool,
        progress: Progress | None,
    ) -> dict[str, Any]:
        tell = self._telling(progress)
        lines, part = folder / "rows.g1", folder / f"part.{format}"
        tell(either("排序", "Sorting"), 0, 0)
        rows = write_lines(cursor, view, source, lines)
        with lines.open("rb") as text:
            digest = hashlib.file_digest(text, "sha256").hexdigest()
        label = either("写文件", "Writing the file")
        tell(label, 0, rows)
        facts = {"rows": str(rows), "digest": digest, "form": FORM, "columns": ",".join(c.name for c in view.columns)}
        if format == "xlsx":
            workbook.write(part, lines, view.columns, facts, lambda done: tell(label, done, rows), folder)
        else:
            (_write_csv if format == "csv" else _write_parquet)(cursor, view.columns, lines, part, facts)
        tell(label, rows, rows)
        with part.open("rb+") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            os.fsync(written.fileno())
        self._put(part, path, replace)
        return {"path": str(path), "rows": rows, "digest": digest, "sha256": sha256}

    def _put(self, part: Path, path: Path, replace: bool) -> None:
        """Under its name; a file that came there meanwhile is not written over unless it may be."""
        if self._stop.is_set():
            raise Cancelled("export_cancelled")
        if replace:
            os.replace(part, path)
            return
        try:
            os.link(part, path)  # unlike a rename, it fails where a file stands
        except FileExistsError:
            raise Refused("export_exists", path=path) from None
        except OSError:  # a file system without links
            if path.exists():
                raise Refused("export_exists", path=path) from None
            os.replace(part, path)

    def _telling(self, progress: Progress | None) -> Progress:
        def tell(label: str, done: int, total: int) -> None:
            if self._stop.is_set():
                raise Cancelled("export_cancelled")
            if progress is not None:
                progress(label, done, total)

        return tell

    @contextlib.contextmanager
    def _interruptible(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        with self._lock:
            self._cursor = cursor
        try:
            if self._stop.is_set():
                raise Cancelled("export_cancelled")
            yield
        finally:
            with self._lock:
                self._cursor = None


def write_lines(cursor: duckdb.DuckDBPyConnection, view: View, source: Source, file: Path) -> int:
    """The view's rows as canonical lines, in its order; returns how many."""
    if source.empty:
        file.touch()
        return 0
    fields = ", ".join(column.exact(column.sql) for column in view.columns)
    sql = (
        f"COPY (SELECT concat_ws(chr(31), {fields}) {source.sql()} ORDER BY {order_by(view)}) TO '{_quoted(file)}'"
        " (FORMAT csv, HEADER false, DELIMITER '\x1d', QUOTE '', ESCAPE '')"
    )
    row = cursor.execute(sql, source.params(sql)).fetchone()
    return int(row[0]) if row else 0


def _write_csv(
    cursor: duckdb.DuckDBPyConnection, columns: tuple[Column, ...], lines: Path, part: Path, facts: Mapping[str, str]
) -> None:
    """UTF-8 with BOM, as Excel wants it; headers and words in Chinese; the last line says how many rows, and their digest."""
    named = [(column, column.zh if place else _BOM + column.zh) for place, column in enumerate(columns)]
    shown = ", ".join(f'{_worded(column)} AS "{name}"' for column, name in named)
    cursor.execute(
        f"COPY (SELECT {shown} FROM {_read(columns, lines, typed=False)}) TO '{_quoted(part)}' (FORMAT csv, HEADER true)"
    )
    with part.open("a", encoding="utf-8", newline="") as out:
        out.write(f"# 行数 {facts['rows']}；SHA-256（{facts['form']}）{facts['digest']}\n")


def _write_parquet(
    cursor: duckdb.DuckDBPyConnection, columns: tuple[Column, ...], lines: Path, part: Path, facts: Mapping[str, str]
) -> None:
    """Exact types and the columns' own names; what is told of it is key-value metadata."""
    told = ", ".join(f"{key}: '{value}'" for key, value in facts.items())
    names = ", ".join(
        f'("{c.name}" || \'-01\')::DATE AS "{c.name}"' if c.kind is Kind.PERIOD else f'"{c.name}"' for c in columns
    )
    cursor.execute(
        f"COPY (SELECT {names} FROM {_read(columns, lines, typed=True)}) TO '{_quoted(part)}'"
        f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{told}}})"
    )


def _worded(column: Column) -> str:
    """A column's text in CSV: codes that have a word become it; text that a spreadsheet would calculate is made text."""
    name = f'"{column.name}"'
    if known := words.of(column.name):
        cases = " ".join(f"WHEN '{value}' THEN '{word}'" for value, word in known.items())
        return f"CASE {name} {cases} ELSE {name} END"
    if column.kind is Kind.TEXT:
        return f"CASE WHEN regexp_matches({name}, '^[=+@\\-]') THEN '''' || {name} ELSE {name} END"
    return name


def _read(columns: tuple[Column, ...], lines: Path, *, typed: bool) -> str:
    types = ", ".join(
        f"'{c.name}': '{SQL_TYPE[c.kind] if typed and c.kind is not Kind.PERIOD else 'VARCHAR'}'" for c in columns
    )
    return (
        f"read_csv('{_quoted(lines)}', header=false, auto_detect=false, delim='{_FIELD}', quote='', escape='', new_line='\\n',"
        f" nullstr='{_NULL}', columns={{{types}}}, max_line_size={_LONGEST})"
    )


def _check(path: Path, format: str, replace: bool) -> None:
    if (
        format not in FORMATS
        or "\0" in str(path)
        or not path.is_absolute()
        or not path.name
        or not path.parent.is_dir()
        or path.is_dir()
    ):
        raise UsageError("export_place", path=path)
    if path.exists() and not replace:
        raise Refused("export_exists", path=path)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside the file, gone at the end whatever happens: renaming works only within one file system."""
    with tempfile.TemporaryDirectory(prefix=".fapiao-export-", dir=path.parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
