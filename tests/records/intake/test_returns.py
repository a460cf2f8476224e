"""A return's figures from a table of the person's own: rows as text, by the names of their columns."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.records.intake.returns import LARGEST, MOST, Row, read

CSV = '单位：元\n征期,票种,税率,金额,税额,备注\n2026-10,专票,13%,"10,000.00",1300.00,\n\n2026-10,,免税,5.00,0.00,无\n'
ROWS = [
    Row(3, {"period": "2026-10", "invoice_type": "专票", "rate": "13%", "amount": "10,000.00", "tax": "1300.00"}),
    Row(5, {"period": "2026-10", "invoice_type": "", "rate": "免税", "amount": "5.00", "tax": "0.00"}),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_by_the_names_of_its_columns(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding=encoding)
    assert read(tmp_path / "a.csv") == ROWS


def test_tabs_separate_too_and_english_names_do(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("period\ttype\trate\ttotal\n2026-10\t\t\t1.00\n")
    assert read(tmp_path / "a.txt")[0].cells == {"period": "2026-10", "invoice_type": "", "rate": "", "total": "1.00"}


def test_a_workbook_is_read_by_its_content_and_keeps_the_fen(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "a.dat")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 0, ["所属期", "税率/征收率", "销售额", "销项税额"])
        sheet.write_row(2, 0, ["2026-10", 0.13, 1234567.8, 160493.81])
    (row,) = read(tmp_path / "a.dat")
    assert row == Row(3, {"period": "2026-10", "rate": "0.13", "amount": "1234567.8", "tax": "160493.81"})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "return_no_column"),
        ("征期,税率,金额\n".encode(), "return_no_column"),
        (b"PK\x03\x04 not a workbook", "return_unreadable"),
        (b"\xff\xff\x00", "return_unreadable"),
        (b"x" * (LARGEST + 1), "return_unreadable"),
        ("价税合计\n".encode() + b"1.00\n" * (MOST + 1), "return_unreadable"),
    ],
)
def test_what_is_no_such_table_is_refused_with_a_sentence(tmp_path: Path, data: bytes, code: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(UsageError) as refused:
        read(tmp_path / "a.csv")
    assert refused.value.code == code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "any").write_bytes(data)
    try:
        rows = read(tmp_path / "any")
    except UsageError:
        return
    assert all(set(row.cells) <= {"period", "invoice_type", "rate", "amount", "tax", "total"} for row in rows)
