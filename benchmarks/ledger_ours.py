"""The ledger as users reach it: through the client and an agent of its own; what no face can ask alone is done on its file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.ledger_data import DEVICE, Month
from benchmarks.ledger_peers import PAGE, best, status
from fapiao_kernel.client import Client, connect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.ledger import DuckLedger

MANY = 30
"""Tries of a query that takes milliseconds: its best is what is compared."""
TYPES = (InvoiceType.SPECIAL, InvoiceType.ORDINARY)


@contextlib.contextmanager
def agent(home: Path) -> Iterator[Client]:
    """A client of an agent of its own, which ends with it."""
    with connect(home) as client:
        try:
            yield client
        finally:
            client.stop()
            ended(client.pid)


def ended(pid: int, within: float = 60.0) -> None:
    """Wait for a process that was asked to end: its ledger is free only then."""
    deadline = time.monotonic() + within
    while status(pid) and "zombie" not in status(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} did not end")
        time.sleep(0.02)


def bring_in(client: Client, file: Path, rows: int) -> float:
    """Seconds of one import, which must bring in every row."""
    began = time.perf_counter()
    answer = client.import_files([file])
    seconds = time.perf_counter() - began
    (told,) = answer.files
    count = told.count if told.count is not None else len(told.invoices)
    if told.status != "imported" or count != rows:
        raise RuntimeError(f"{file.name}: {told.status}, {count} of {rows}: {[f.message for f in told.findings[:3]]}")
    return seconds


def of_month(period: str) -> dict[str, Any]:
    """The view of one month's open invoices, in order of code and number."""
    return {
        "scope": {"state": "open", "period": period[:7]},
        "sort": [{"column": "code", "descending": False}, {"column": "number", "descending": False}],
    }


def queries(client: Client, data: Month, number: str) -> dict[str, float]:
    """Seconds of each query through client and agent; each answer is looked at before it counts."""
    view, every = of_month(data.last), {**of_month(data.last), "scope": {"state": "all"}}
    page = client.grid_page(view, PAGE)
    assert len(page["rows"]) == min(PAGE, data.rows // data.months), page
    assert sum(row["count"] for row in client.totals()) >= data.rows
    assert client.lookup(number)["rows"], number
    seconds = {
        "page": best(lambda: client.grid_page(view, PAGE), MANY),
        "totals": best(client.totals, MANY),
        "lookup": best(lambda: client.lookup(number), MANY),
        "open_query": best(lambda: client.grid_totals(view), MANY),
    }
    seconds["deep_page"] = best(lambda: client.grid_page(every, PAGE, offset=data.rows // 2), 1)
    seconds["deep_page_again"] = best(lambda: client.grid_page(every, PAGE, offset=data.rows // 3), 5)
    return seconds


def open_invoices(client: Client) -> int:
    """Ask for the first page and the totals of all that is open; how many that is."""
    view: dict[str, Any] = {"scope": {"state": "open"}}
    client.grid_page(view, PAGE)
    return int(client.grid_totals(view)["count"])


def units(period: str) -> list[ClearUnit]:
    """The card's units of a month."""
    return [ClearUnit(DEVICE, kind, Period.parse(period[:7])) for kind in TYPES]


@contextlib.contextmanager
def opened(home: Path) -> Iterator[DuckLedger]:
    """The ledger of a home whose agent has ended."""
    ledger = DuckLedger(home / "ledger.duckdb", practice=False)
    try:
        yield ledger
    finally:
        ledger.close()


def freeze(ledger: DuckLedger, period: str) -> float:
    """Seconds of a month's previews, digests included."""
    return best(lambda: ledger.preview(units(period)), 1)


def close(ledger: DuckLedger, period: str, run: str) -> float:
    """Seconds of closing a month's units; its fsync is in it."""
    previews = ledger.preview(units(period))
    return best(lambda: ledger.close_units(previews, run=run, at=datetime.now(UTC)), 1)


def one_core(pid: int) -> None:
    """Hold a process and what it starts to one core."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {0})


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call."""
    return best(work, 1)
