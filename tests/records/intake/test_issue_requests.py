"""Issue requests from xlsx, CSV and JSON: rows of one id are one invoice, and a bad row is a finding with its number."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import EXEMPT, InvoiceType
from fapiao_kernel.records.intake.issue_requests import Requests, read

HEADER = (
    "请求流水号", "票种", "购方名称", "购方税号", "商品名称", "规格型号", "单位", "数量", "单价", "金额", "税率", "税额", "备注",
)  # fmt: skip
FIRST = (
    "A1",
    "专票",
    "北京样例",
    "91110000600037341L",
    "轴承",
    "608",
    "个",
    "2",
    "50",
    "100.00",
    "13%",
    "13.00",
    "合同 7",
)
SECOND = ("A1", "", "", "", "垫圈", "", "", "", "", "10", "0.13", "", "")
OTHER = ("A2", "007", "个人", "", "咨询", "", "", "", "", "7.5", "免税", "***", "")


def csv(tmp_path: Path, *rows: tuple[str, ...], encoding: str = "utf-8-sig") -> Requests:
    file = tmp_path / "requests.csv"
    file.write_bytes("\n".join(",".join(row) for row in rows).encode(encoding))
    return read(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_of_one_id_are_one_invoice(tmp_path: Path, encoding: str) -> None:
    found = csv(tmp_path, HEADER, FIRST, SECOND, OTHER, encoding=encoding)
    assert found.findings == ()
    one, two = found.requests
    assert (one.id, one.invoice_type, one.buyer_id, len(one.lines)) == (
        "A1", InvoiceType.SPECIAL, "91110000600037341L", 2,
    )  # fmt: skip
    assert (one.amount, one.tax, one.total) == (Decimal("110.00"), Decimal("14.30"), Decimal("124.30"))
    assert (two.invoice_type, two.lines[0].rate, two.tax) == (InvoiceType.ORDINARY, EXEMPT, Decimal("0.00"))


def test_a_workbook_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "requests.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate((("开票清单",), HEADER, FIRST, SECOND, OTHER)):
            sheet.write_row(at, 0, [float(c) if c in ("100.00", "13.00", "10", "7.5") else c for c in row])
    assert read(file).requests == csv(tmp_path, HEADER, FIRST, SECOND, OTHER).requests


def test_json_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "requests.json"
    line = {"item": "轴承", "amount": 100.10, "rate": "0.13"}
    file.write_text(json.dumps({"id": "J1", "invoice_type": "004", "buyer_name": "北京样例", "lines": [line]}))
    (one,) = read(file).requests
    assert (one.total, one.lines[0].tax) == (Decimal("113.11"), Decimal("13.01"))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (0, "", "issue_row_bad"), (1, "数电专票", "issue_row_bad"), (1, "飞票", "issue_row_bad"), (9, "一百", "issue_row_bad"),
        (9, "100.005", "issue_row_bad"), (9, "NaN", "issue_row_bad"), (10, "十三", "issue_row_bad"), (11, "x", "issue_row_bad"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_a_finding_with_its_row_and_only_its_invoice_stays_out(
    tmp_path: Path, column: int, value: str, code: str
) -> None:
    bad = list(FIRST)
    bad[column] = value
    found = csv(tmp_path, HEADER, tuple(bad), OTHER)
    assert [(f.code, f.row) for f in found.findings] == [(code, 2)]
    assert [request.id for request in found.requests] == ["A2"]


def test_rows_of_one_id_that_differ_are_told(tmp_path: Path) -> None:
    other = ("A1", "", "上海另一家", "", "垫圈", "", "", "", "", "10", "0.13", "", "")
    found = csv(tmp_path, HEADER, FIRST, other)
    assert [(f.code, f.row) for f in found.findings] == [("issue_row_differs", 3)]
    assert found.requests == ()


def test_an_amount_is_worked_out_of_quantity_and_price(tmp_path: Path) -> None:
    (one,) = csv(tmp_path, HEADER, (*FIRST[:9], "", "0.13", "", "")).requests
    assert (one.amount, one.tax) == (Decimal("100.00"), Decimal("13.00"))


def test_a_red_one_names_its_blue_one(tmp_path: Path) -> None:
    row = ("R1", "专票", "北京样例", "91110000600037341L", "轴承", "", "", "", "", "-100", "0.13", "", "")
    header = (*HEADER, "蓝字发票代码", "蓝字发票号码")
    (one,) = csv(tmp_path, header, (*row, "4200261130", "00000001")).requests
    assert (one.red_of, one.total) == (("4200261130", "00000001"), Decimal("-113.00"))
    assert [f.code for f in csv(tmp_path, header, (*row, "4200261130", "")).findings] == ["issue_row_bad"]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"{", b"PK\x03\x04 no zip", b"\xff\xfe\x00", "请求流水号,商品名称\n".encode()]
)
def test_what_is_no_file_of_requests_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(Exception) as refusal:
        read(file)
    assert getattr(refusal.value, "code", "") in ("issue_file_bad", "intake_zip_damaged")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(tmp_path / "none.xlsx")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.text(max_size=8), min_size=13, max_size=13), max_size=4))
def test_any_cells_are_requests_or_findings_and_never_an_exception(tmp_path: Path, rows: list[list[str]]) -> None:
    clean = [
        [
            c.replace(",", "").replace("\n", "").replace("\r", "").replace('"', "").encode("utf-8", "replace").decode()
            for c in row
        ]
        for row in rows
    ]
    found = csv(tmp_path, HEADER, *map(tuple, clean), encoding="utf-8")
    ids = {row[0].strip() for row in clean}
    assert {request.id for request in found.requests} <= ids
    assert all(f.row is not None and f.row >= 2 for f in found.findings)


def test_a_request_that_lacks_a_field_is_told_its_name(tmp_path: Path) -> None:
    file = tmp_path / "j.json"
    file.write_text('{"id": "R1", "lines": []}')
    (told,) = read(file).findings
    assert "invoice_type" in told.message and "'" not in told.message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "lines", "red_of", "amount", "invoice_type", "buyer_name"]), inner, max_size=4
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_requests_or_findings(tmp_path: Path, told: object) -> None:
    file = tmp_path / "j.json"
    file.write_text(json.dumps([told]))
    found = read(file)
    assert len(found.requests) + len(found.findings) == 1
