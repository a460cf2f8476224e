"""A small ledger written straight into its tables, and the same rows in plain Python as the oracle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import unit_key
from fapiao_kernel.records.ledger.browsing.browser import Browser
from fapiao_kernel.records.ledger.browsing.view import Scope, View
from fapiao_kernel.records.ledger.opening import open_ledger
from fapiao_kernel.records.ledger.units import Units

DEVICES = ("661000012345", "661000054321")
ORDER = (
    *("unit_key", "import_seq", "code", "number", "invoice_type", "issue_date", "period", "seller_id", "seller_name"),
    *("buyer_id", "buyer_name", "amount", "tax", "total", "rate", "status", "red", "red_of", "fully_digital"),
    *("machine_number", "lines", "remark", "doubts"),
)
Row = dict[str, Any]


def make(place: int, **changes: Any) -> Row:
    """A row of table ``invoice``: 专票 of a card in October 2026 unless told otherwise. ``device=None``: its card is unknown."""
    kind = InvoiceType(changes.pop("invoice_type", "004"))
    day = changes.pop("issue_date", date(2026, 10, 1 + place % 28))
    device = changes.pop("device", DEVICES[0])
    amount = Decimal(changes.pop("amount", f"{100 + place}.00"))
    tax = Decimal(changes.pop("tax", "13.00"))
    on_card = device is not None and kind.on_device
    row: Row = {
        "unit_key": unit_key(device, kind, Period.of(day)) if on_card else None,
        "import_seq": 1,
        "code": "9900261130" if kind.on_device else "",
        "number": f"{place:08d}" if kind.on_device else f"{place:020d}",
        "invoice_type": kind.value,
        "issue_date": day,
        "period": day.replace(day=1),
        **{"seller_id": "91999999000000107U", "seller_name": "示例商贸（练习）有限公司"},
        **{"buyer_id": "91999999000001011U", "buyer_name": "示例建材(武汉)有限公司"},
        **{"amount": amount, "tax": tax, "total": amount + tax},
        **{"rate": "0.13", "status": "normal", "red": amount < 0, "red_of": ""},
        **{"fully_digital": not kind.on_device, "machine_number": "", "lines": 1, "remark": "", "doubts": 0},
    }
    return row | changes


@dataclass
class Made:
    """The tables, a browser over them, and what is in them."""

    connection: duckdb.DuckDBPyConnection
    rows: list[Row] = field(default_factory=list)
    closed: dict[int, int] = field(default_factory=dict)
    voided: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.units = Units.load(self.connection)
        self.browser = Browser(self.connection, lambda: self.units, threading.Lock())

    def add(self, *rows: Row) -> None:
        """One more import of these rows, each with its own import number when it has one above."""
        seq = max([self.units.last_import, *(row["import_seq"] for row in self.rows)], default=0) + 1
        rows = tuple(row | {"import_seq": seq} for row in rows)
        if rows:
            self.connection.executemany(
                f"INSERT INTO invoice ({', '.join(ORDER)}) VALUES ({', '.join('?' * len(ORDER))})",
                [[row[name] for name in ORDER] for row in rows],
            )
            self.connection.executemany(
                "INSERT INTO party_name SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM party_name WHERE name = ?)",
                [[name, _normal(name), name] for name in sorted({row["buyer_name"] for row in rows})],
            )
        self.connection.execute(_BROUGHT.format(seq=seq))
        self.connection.execute(_RATES.format(seq=seq))
        self.connection.execute(_FILE.format(seq=seq))
        self.rows += rows
        self._load()

    def close(self, *keys: int) -> None:
        """Clear units as they stand."""
        for key in keys:
            self.connection.execute(
                "INSERT INTO clear_unit VALUES (?, '', '004', DATE '2026-10-01', ?, '', 0, 0, 'run', '')",
                [key, self.units.newest(key)],
            )
            self.closed[key] = self.units.newest(key)
        self._load()

    def void(self, *rows: Row) -> None:
        """A later import says that these are void."""
        seq = self.units.last_import + 1
        for row in rows:
            self.connection.execute(
                "INSERT INTO invoice_mark VALUES (?, ?, ?, ?, 'void')",
                [row["unit_key"], seq, row["code"], row["number"]],
            )
            if row["unit_key"] is not None:
                self.connection.execute(
                    "INSERT INTO unit_import (unit_key, import_seq, count, voids, reds, amount, tax, total)"
                    " SELECT ?, ?, 0, 1, 0, -?::DECIMAL(18,2), -?::DECIMAL(18,2), -?::DECIMAL(18,2)",
                    [row["unit_key"], seq, row["amount"], row["tax"], row["total"]],
                )
            self.voided[row["code"], row["number"]] = seq
        self.connection.execute(_FILE.format(seq=seq))
        self._load()

    def state(self, row: Row) -> str:
        if row["fully_digital"]:
            return "fully_digital"
        if row["unit_key"] is None:
            return "card_unknown"
        return "cleared" if row["import_seq"] <= self.closed.get(row["unit_key"], -1) else "open"

    def status(self, row: Row) -> str:
        """As it is now: a mark that came after the clear does not count."""
        mark = self.voided.get((row["code"], row["number"]))
        watermark = self.closed.get(row["unit_key"])
        if mark is not None and (watermark is None or row["import_seq"] > watermark or mark <= watermark):
            return "void"
        return str(row["status"])

    def _load(self) -> None:
        self.units = Units.load(self.connection)


def _normal(name: str) -> str:
    from fapiao_kernel.records.ledger.names import normalised

    return normalised(name)


_STANDING = "sum(CASE WHEN status = 'normal' THEN {} ELSE 0 END)"
_SUMS = "count(*) FILTER (status = 'void'), count(*) FILTER (red AND status <> 'void'), " + ", ".join(
    _STANDING.format(name) for name in ("amount", "tax", "total")
)
_BROUGHT = (
    "INSERT INTO unit_import (unit_key, import_seq, count, voids, reds, amount, tax, total)"
    f" SELECT unit_key, import_seq, count(*), {_SUMS} FROM invoice WHERE import_seq = {{seq}} AND unit_key IS NOT NULL GROUP BY ALL"
)
_RATES = (
    "INSERT INTO unit_rate (unit_key, import_seq, rate, count, voids, reds, amount, tax, total)"
    f" SELECT unit_key, import_seq, rate, count(*), {_SUMS} FROM invoice WHERE import_seq = {{seq}} AND unit_key IS NOT NULL GROUP BY ALL"
)
_FILE = (
    "INSERT INTO import_file (seq, file, original, imported_at, new_count, known_count, digital_count, digital_total,"
    " unknown_count, unknown_total) SELECT {seq}, 'f', 'o', '', count(*), 0, count(*) FILTER (fully_digital), 0,"
    " count(*) FILTER (unit_key IS NULL AND NOT fully_digital), 0 FROM invoice WHERE import_seq = {seq}"
)


def view(
    state: str = "all",
    *,
    units: Sequence[int] = (),
    period: str = "",
    frozen: Sequence[tuple[int, int]] | None = None,
    filters: Sequence[tuple[str, str, Any]] = (),
    sort: Sequence[tuple[str, bool]] = (),
    columns: Sequence[str] = ("code", "number"),
) -> View:
    return View.of(Scope.parse(state, units, period, frozen), filters, sort, columns)


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Iterator[Made]:
    connection = open_ledger(tmp_path / "ledger.duckdb", practice=True)
    yield Made(connection)
    connection.close()


@pytest.fixture(name="make")
def _make() -> Callable[..., Row]:
    return make


@pytest.fixture(name="view")
def _view() -> Callable[..., View]:
    return view
