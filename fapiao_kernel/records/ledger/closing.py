"""Closing units (清卡入库): one ``clear_unit`` row a unit, whatever the number of its invoices."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import duckdb

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.ports import UnitPreview
from fapiao_kernel.records.ledger import totalling

Closed = Mapping[int, tuple[int, str]]
"""Unit key → watermark and run."""


_KINDS = (
    "BIGINT",
    "VARCHAR",
    "VARCHAR",
    "DATE",
    "INTEGER",
    "VARCHAR",
    "INTEGER",
    "DECIMAL(18,2)",
    "VARCHAR",
    "VARCHAR",
)
"""Types of ``clear_unit``, in its order."""


def close(
    connection: duckdb.DuckDBPyConnection,
    closed: Closed,
    previews: Sequence[UnitPreview],
    run: str,
    at: datetime,
    marked: Collection[int] = (),
) -> dict[int, tuple[int, str]]:
    """The units that this call closed; those that the same run had closed are left as they are.

    Raises ``Refused`` (``unit_closed_by_other_run``) and writes nothing when another run closed one of them. ``marked``: units with
    void marks that came in after the preview: these do not count for what is cleared, and their sums are put on again.
    """
    for preview in previews:
        if (other := closed.get(preview.unit.key)) and other[1] != run:
            raise Refused("unit_closed_by_other_run", unit=preview.unit, run=other[1])
    new = {preview.unit.key: preview for preview in previews if preview.unit.key not in closed}
    if new:
        connection.execute("BEGIN")
        try:
            rows = [_row(preview, run, at) for preview in new.values()]
            columns = {f"c{place}": list(column) for place, column in enumerate(zip(*rows, strict=True))}
            lists = ", ".join(f"unnest($c{place}::{kind}[])" for place, kind in enumerate(_KINDS))
            connection.execute(f"INSERT INTO clear_unit SELECT {lists}", columns)
            for key in marked:
                if key in new:
                    _put_back(connection, key, new[key].watermark)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
                connection.execute("ROLLBACK")
            raise
    return {key: (preview.watermark, run) for key, preview in new.items()}


def _put_back(connection: duckdb.DuckDBPyConnection, key: int, watermark: int) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE marked AS SELECT m.import_seq, m.code, m.number FROM invoice_mark m JOIN invoice i"
        " ON i.code = m.code AND i.number = m.number"
        " WHERE m.mark = 'void' AND m.unit_key = ? AND m.import_seq > ? AND i.import_seq <= ?",
        [key, watermark, watermark],
    )
    totalling.correct(connection, "marked", back=True)


def _row(p: UnitPreview, run: str, at: datetime) -> list[object]:
    unit = p.unit
    where = [unit.key, unit.device_number, unit.invoice_type.value, unit.period.first_day]
    return [*where, p.watermark, p.digest, p.count, p.total, run, at.isoformat()]
