"""The digest ``d1`` (指纹): SHA-256 over one canonical line an invoice, in order of code and number, so that ``sha256sum`` can check it.

Columns in this order, separated by U+001F, lines ended by LF, UTF-8: code, number, invoice_type, issue_date (YYYY-MM-DD),
amount, tax, total (two decimals), rate, status, red (true/false), red_of, seller_id, buyer_id, buyer_name. No value is absent
and none holds a control character (``names.clean`` at import).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import duckdb

from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.money import text
from fapiao_kernel.records.ledger.names import clean

EMPTY = hashlib.sha256().hexdigest()
"""Digest of a unit without invoices."""

_LINE = """concat_ws(chr(31), code, number, invoice_type, issue_date::VARCHAR, amount::VARCHAR, tax::VARCHAR,
  total::VARCHAR, rate, status, red::VARCHAR, red_of, seller_id, buyer_id, buyer_name)"""


_MARKED = """(SELECT i.* REPLACE (CASE WHEN m.code IS NULL THEN i.status ELSE 'void' END AS status) FROM invoice i LEFT JOIN
  (SELECT DISTINCT code, number FROM invoice_mark WHERE unit_key = {key} AND mark = 'void' AND import_seq <= {up_to}) m
  ON m.code = i.code AND m.number = i.number WHERE i.unit_key = {key})"""


def write_lines(cursor: duckdb.DuckDBPyConnection, key: int, after: int, up_to: int, file: Path) -> None:
    """The canonical text of a unit's invoices with ``after < import number <= up_to``, void marks up to there counted."""
    # Keys and numbers are ours and integers: COPY takes no parameters.
    numbers = {"key": int(key), "up_to": int(up_to)}
    marks = cursor.execute(
        "SELECT count(*) FROM invoice_mark WHERE unit_key = $key AND mark = 'void' AND import_seq <= $up_to", numbers
    ).fetchone()
    source = _MARKED.format(**numbers) if marks and marks[0] else "invoice"  # only units with marks pay for them
    cursor.execute(
        f"COPY (SELECT {_LINE} FROM {source} WHERE unit_key = {int(key)} AND import_seq > {int(after)}"
        f" AND import_seq <= {int(up_to)} ORDER BY code, number) TO '{_quoted(file)}'"
        " (FORMAT csv, HEADER false, DELIMITER '\x1d', QUOTE '', ESCAPE '')"
    )


def write_unit(cursor: duckdb.DuckDBPyConnection, key: int, watermark: int, file: Path) -> None:
    """A unit's invoices up to an import; an empty file for a unit without any. Raises ``OSError`` when DuckDB cannot write."""
    try:
        write_lines(cursor, key, -1, watermark, file)
    except duckdb.Error as error:  # the file, or the room that sorting takes
        raise OSError(None, str(error).splitlines()[0]) from error


def digest(cursor: duckdb.DuckDBPyConnection, key: int, after: int, up_to: int) -> str:
    """The digest of a unit's invoices with ``after < import number <= up_to``: sorted and written by DuckDB, hashed as a file."""
    with tempfile.TemporaryDirectory(prefix="fapiao-digest-") as folder:
        file = Path(folder) / "unit.d1"
        write_lines(cursor, key, after, up_to, file)
        with file.open("rb") as lines:
            return hashlib.file_digest(lines, "sha256").hexdigest()


def reference(invoices: Iterable[Invoice]) -> str:
    """The same digest in plain Python, for tests and for whoever wants to check by hand."""
    lines = []
    for i in sorted(invoices, key=lambda i: (i.code.encode(), i.number.encode())):
        red = "true" if i.red else "false"
        amounts = (text(i.amount), text(i.tax), text(i.total))
        fields = (i.code, i.number, i.invoice_type.value, i.issue_date.isoformat(), *amounts, i.rate, i.status.value)
        values = (*fields, red, i.red_of, i.seller_id, i.buyer_id, i.buyer_name)
        lines.append("\x1f".join(clean(value) for value in values) + "\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _quoted(file: Path) -> str:
    return str(file).replace("'", "''")
