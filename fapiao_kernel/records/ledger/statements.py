"""What cards and returns said of a period (月统计、申报表), kept in the ledger: rows are added, and the newest counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import duckdb

from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports.statements import CardStatement, Figure, FiledReturn, Told

_COUNTS = ("positive", "positive_void", "negative", "negative_void")
_SUMS = ("positive_amount", "positive_tax", "negative_amount", "negative_tax")
_TOLD = ", ".join((*_COUNTS, *_SUMS))
_NEWEST = f"SELECT invoice_type, {_TOLD}, source, read_at FROM newest_statistics WHERE device_number = ? AND period = ?"
_RETURN = """
SELECT invoice_type, rate, amount, tax, total, seq, source, told_at, filed_on, note FROM newest_return
WHERE taxpayer_id = ? AND period = ? ORDER BY seq, invoice_type, rate
"""


class StatementBook:
    """``ports.Statements``. ``writing``: the one writer, for a transaction; readers take cursors of their own."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        writer: duckdb.DuckDBPyConnection,
        writing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connection = connection
        self._writer = writer
        self._writing = writing

    def keep_statistics(
        self, device_number: str, statistics: Sequence[MonthStatistics], *, source: Source, at: datetime
    ) -> int:
        """See ``ports.Statements``. Raises ``Refused`` (``ledger_unwritable``)."""
        with self._writing():
            fresh = [one for one in statistics if not self._known(device_number, one, source, at)]
            seq = self._next("card_statistics")
            rows = [
                [seq, device_number, one.invoice_type.value, one.period.first_day]
                + [getattr(one, name) for name in (*_COUNTS, *_SUMS)]
                + [source.value, at.isoformat()]
                for one in fresh
            ]
            self._insert(f"INSERT INTO card_statistics VALUES ({', '.join('?' * 14)})", rows)
        return len(fresh)

    def keep_return(self, told: FiledReturn) -> None:
        """See ``ports.Statements``. Raises ``Refused`` (``ledger_unwritable``)."""
        with self._writing():
            seq = self._next("filed_return")
            where = [seq, told.taxpayer_id, told.period.first_day]
            by = [told.source.value, told.at.isoformat(), told.filed_on.isoformat() if told.filed_on else "", told.note]
            rows = [[*where, f.invoice_type, f.rate, f.amount, f.tax, f.total, *by] for f in told.figures]
            self._insert(f"INSERT INTO filed_return VALUES ({', '.join('?' * 12)})", rows)

    def statistics(self, device_number: str, period: Period) -> tuple[CardStatement, ...]:
        """See ``ports.Statements``."""
        with self._connection.cursor() as cursor:
            rows = cursor.execute(_NEWEST + " ORDER BY invoice_type", [device_number, period.first_day]).fetchall()
        return tuple(
            CardStatement(
                device_number,
                MonthStatistics(InvoiceType(kind), period, *told),
                Source(source),
                datetime.fromisoformat(read_at),
            )
            for kind, *told, source, read_at in rows
        )

    def filed(self, taxpayer_id: str, period: Period) -> tuple[FiledReturn, ...]:
        """See ``ports.Statements``."""
        with self._connection.cursor() as cursor:
            rows = cursor.execute(_RETURN, [taxpayer_id, period.first_day]).fetchall()
        found = []
        for (_, source, at, filed_on, note), told in groupby(rows, key=lambda row: row[5:]):
            day = date.fromisoformat(filed_on) if filed_on else None
            figures = tuple(Figure(*row[:5]) for row in told)
            moment = datetime.fromisoformat(at)
            found.append(FiledReturn(taxpayer_id, period, figures, Told(source), moment, day, note))
        return tuple(found)

    def _known(self, device_number: str, one: MonthStatistics, source: Source, at: datetime) -> bool:
        """Whether the newest row of the unit says the same, told on the same day: a check a minute writes one row a day."""
        query = _NEWEST + " AND invoice_type = ?"
        row = self._writer.execute(query, [device_number, one.period.first_day, one.invoice_type.value]).fetchone()
        if row is None:
            return False
        told: list[int | Decimal] = [getattr(one, name) for name in (*_COUNTS, *_SUMS)]
        same_day = datetime.fromisoformat(row[-1]).date() == at.date()
        return list(row[1:-2]) == told and row[-2] == source.value and same_day

    def _next(self, table: str) -> int:
        row = self._writer.execute(f"SELECT coalesce(max(seq), 0) + 1 FROM {table}").fetchone()
        assert row is not None
        return int(row[0])

    def _insert(self, sql: str, rows: list[list[Any]]) -> None:
        if not rows:
            return
        self._writer.execute("BEGIN")
        try:
            self._writer.executemany(sql, rows)
            self._writer.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
                self._writer.execute("ROLLBACK")
            raise
