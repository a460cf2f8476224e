"""Long statements under watch (进度, 取消): how far they are is told, and what the listener raises interrupts them."""

from __future__ import annotations

import threading
from typing import Any

import duckdb

from fapiao_kernel.ports import Progress
from fapiao_kernel.records.language import either

LOOK = 0.1
"""Seconds between two looks."""

_TELLING = ("SET enable_progress_bar = true", "SET enable_progress_bar_print = false")
"""Without these DuckDB does not count how far a statement is."""


def run(
    connection: duckdb.DuckDBPyConnection, sql: str, progress: Progress | None, label: str = "", rows: int = 0
) -> list[tuple[Any, ...]]:
    """The statement's result. ``rows``: how many there are to go through, as far as known; then percents are told as rows.

    The statement runs in a thread of its own, so that what ``progress`` raises comes out of here, once the statement stands still.
    """
    if progress is None:
        return connection.execute(sql).fetchall()
    done = threading.Event()
    result: list[tuple[Any, ...]] = []
    failed: list[BaseException] = []

    def execute() -> None:
        try:
            result.extend(connection.execute(sql).fetchall())
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            failed.append(error)
        finally:
            done.set()

    for setting in _TELLING:
        connection.execute(setting)
    total = rows or 100
    thread = threading.Thread(target=execute, name="ledger-statement", daemon=True)
    progress(label, 0, total)
    thread.start()
    percent = 0.0
    try:
        while not done.wait(LOOK):
            percent = max(percent, min(connection.query_progress(), 100.0))  # it falls back to none at the very end
            progress(label, int(total * percent / 100), total)
        thread.join()
    except BaseException:
        while not done.wait(LOOK):  # an interrupt that comes between two statements of DuckDB's own is lost
            connection.interrupt()
        thread.join()
        raise
    if failed:
        raise failed[0]
    progress(label, total, total)
    return result


def pause(progress: Progress | None) -> None:
    """Between two steps: whoever wants to stop can."""
    if progress is not None:
        progress(either("检查", "Checking"), 0, 0)
