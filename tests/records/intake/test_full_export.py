"""The full export: both sheets or one, good rows beside bad ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter

from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.invoice import EXEMPT, InvoiceStatus, InvoiceType
from fapiao_kernel.simulator.full_export import write
from fapiao_kernel.simulator.sample_month import sample_month

from .conftest import BASIC_ROW, book, digital, line, row

D = Decimal


@pytest.fixture
def export(tmp_path, read):
    """Read an export of these sheets."""
    return lambda **sheets: read(book(tmp_path / "a.xlsx", **sheets))


def test_both_sheets_give_the_invoice_and_its_lines(export):
    lines = [line(金额=60.05, 税额=7.81, 价税合计=67.86), line(金额=40.05, 税额=5.2, 价税合计=45.25)]
    reading = export(信息汇总表=lines, 发票基础信息=[row()])
    (invoice,) = reading.invoices
    assert not reading.findings
    assert (invoice.key, invoice.invoice_type) == (("099002600104", "50000001"), InvoiceType.ORDINARY)
    assert (invoice.amount, invoice.tax, invoice.total) == (D("100.10"), D("13.01"), D("113.11"))
    assert (invoice.issue_date, invoice.row, invoice.rate) == (date(2026, 10, 8), 2, "0.13")
    assert [(each.amount, each.unit, each.quantity) for each in invoice.lines] == [
        (D("60.05"), "千克", "2"),
        (D("40.05"), "千克", "2"),
    ]


def test_the_invoice_sheet_alone_is_enough(export):
    reading = export(发票基础信息=[row()])
    assert [i.total for i in reading.invoices] == [D("113.11")]
    assert (reading.invoices[0].lines, reading.findings) == ((), ())


def test_the_line_sheet_alone_is_added_up_to_invoices(export):
    lines = [line(), line(发票号码="50000002"), line(金额=-0.1, 税额=-0.01, 价税合计=-0.11)]
    reading = export(信息汇总表=lines)
    first, second = reading.invoices
    assert (first.amount, first.tax, first.total, len(first.lines)) == (D("100.00"), D("13.00"), D("113.00"), 2)
    assert (second.amount, second.row) == (D("100.10"), 3)
    assert not reading.findings


def test_one_bad_line_leaves_its_whole_invoice_out_when_there_is_no_invoice_sheet(export):
    reading = export(信息汇总表=[line(), line(发票号码="50000002"), line(金额="x"), line(金额="y")])
    assert [i.number for i in reading.invoices] == ["50000002"]
    assert [(f.code, f.row) for f in reading.findings] == [("intake_amount_bad", 4)]


def test_columns_may_stand_in_any_order(export):
    assert export(发票基础信息=[dict(reversed(row().items()))]).invoices == export(发票基础信息=[row()]).invoices


def test_a_title_may_stand_above_the_header_and_rows_are_counted_as_the_sheet_shows_them(tmp_path, read):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as made:
        sheet = made.add_worksheet("发票基础信息")
        sheet.write(1, 1, "十月导出")
        for at, (title, cell) in enumerate(row(金额="x").items()):
            sheet.write(3, at, title)
            sheet.write(5, at, BASIC_ROW[title])
            sheet.write(6, at, cell)
    reading = read(path)
    assert [i.row for i in reading.invoices] == [6]
    assert [(f.code, f.row) for f in reading.findings] == [("intake_amount_bad", 7)]


@pytest.mark.parametrize("number", [24112000000048542163, "2.4112E+19", 1e15])
def test_a_long_number_that_excel_rounded_is_told_with_its_row_and_the_others_come_in(export, number):
    reading = export(发票基础信息=[row(), digital(数电发票号码=number), digital()])
    assert [i.number for i in reading.invoices] == ["50000001", "26112000000000000001"]
    (told,) = reading.findings
    assert (told.code, told.row) == ("intake_number_rounded", 3)
    assert "文本" in told.remedy
    assert "第 3 行" in told.message


def test_every_rounded_row_is_told_once_though_both_sheets_show_it(export):
    rounded = {"数电发票号码": 2.4112e19, "发票代码": "", "发票号码": ""}
    reading = export(
        信息汇总表=[line(), line(**rounded), line(**rounded)],
        发票基础信息=[row(), digital(**rounded), digital(**rounded)],
    )
    assert [(f.code, f.row) for f in reading.findings] == [("intake_number_rounded", 3), ("intake_number_rounded", 4)]
    assert len(reading.invoices) == 1


def test_leading_zeros_that_a_number_cell_lost_come_back(export):
    reading = export(
        发票基础信息=[row(发票代码=99002600104, 发票号码=12345), row(发票代码=1100261130, 发票票种="增值税专用发票")]
    )
    assert [i.key for i in reading.invoices] == [("099002600104", "00012345"), ("1100261130", "50000001")]


@pytest.mark.parametrize("masked", ["***", "免税", "不征税", ""])
def test_a_masked_tax_is_nought(export, masked):
    reading = export(信息汇总表=[line(税额=masked, 税率=EXEMPT, 价税合计=100.1)])
    (invoice,) = reading.invoices
    assert (invoice.tax, invoice.total, invoice.rate) == (D("0.00"), D("100.10"), EXEMPT)
    assert not reading.findings


@pytest.mark.parametrize("word", ["已作废", "作废"])
def test_a_void_invoice_keeps_its_amounts(export, word):
    (invoice,) = export(发票基础信息=[row(发票状态=word)]).invoices
    assert (invoice.status, invoice.amount) == (InvoiceStatus.VOID, D("100.10"))


def test_a_red_invoice_names_its_blue_one(export):
    minus = {"金额": -100.1, "税额": -13.01, "价税合计": -113.11}
    rows = [
        row(是否正数发票="否", 备注="对应正数发票代码:099002600104号码:50000009", **minus),
        digital(备注="被红冲蓝字数电发票号码：26112000000000000009", **minus),
    ]
    device, platform = export(发票基础信息=rows).invoices
    assert (device.red, device.red_of) == (True, "09900260010450000009")
    assert (platform.red, platform.red_of) == (True, "26112000000000000009")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("增值税专用发票", InvoiceType.SPECIAL),
        ("机动车销售统一发票", InvoiceType.MOTOR_VEHICLE),
        ("二手车销售统一发票", InvoiceType.USED_VEHICLE),
        ("增值税普通发票（卷式）", InvoiceType.ROLL),
        ("增值税普通发票(卷票)", InvoiceType.ROLL),
        ("增值税电子普通发票", InvoiceType.ELECTRONIC_ORDINARY),
        ("增值税电子专用发票", InvoiceType.ELECTRONIC_SPECIAL),
    ],
)
def test_the_name_of_a_device_type_is_known(export, kind, expected):
    assert [i.invoice_type for i in export(发票基础信息=[row(发票票种=kind)]).invoices] == [expected]


def test_what_the_platform_issued_is_fully_digital_whatever_its_kind_is_called(export):
    paper = row(数电发票号码="26112000000000000002", 发票来源="电子发票服务平台", 发票票种="增值税专用发票")
    first, second = export(发票基础信息=[digital(), paper]).invoices
    assert (first.invoice_type, first.fully_digital) == (InvoiceType.DIGITAL_ORDINARY, True)
    assert (second.invoice_type, second.key) == (InvoiceType.DIGITAL_SPECIAL, ("", "26112000000000000002"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"发票票种": "火星发票"}, "intake_type_unknown"),
        ({"发票票种": ""}, "intake_type_unknown"),
        ({"金额": "一百"}, "intake_amount_bad"),
        ({"金额": ""}, "intake_amount_bad"),
        ({"税额": "#REF!"}, "intake_amount_bad"),
        ({"价税合计": "1e99"}, "intake_amount_bad"),
        ({"开票日期": "昨天"}, "intake_date_bad"),
        ({"开票日期": "0001-01-01"}, "intake_date_bad"),
        ({"开票日期": ""}, "intake_date_bad"),
        ({"发票号码": "123"}, "intake_number_bad"),
        ({"发票代码": "", "发票号码": ""}, "intake_number_bad"),
        ({"发票代码": 1.5}, "intake_number_bad"),
        ({"数电发票号码": "123"}, "intake_number_bad"),
    ],
)
def test_a_bad_row_is_one_finding_with_its_row_and_the_others_come_in(export, changes, code):
    bad = {"发票号码": "50000003"} | changes
    reading = export(
        信息汇总表=[line(), line(**bad), line(**bad), line(发票号码="50000002")],
        发票基础信息=[row(), row(**bad), row(发票号码="50000002")],
    )
    assert [(f.code, f.row, f.severity) for f in reading.findings if f.row == 3] == [(code, 3, Severity.BLOCKER)]
    assert {i.number for i in reading.invoices} == {"50000001", "50000002"}


@pytest.mark.parametrize(
    "cell",
    ["2026-10-08", "2026-10-08 12:30:01", "2026/10/8", "2026年10月08日", "20261008", datetime(2026, 10, 8, 12, 30)],
)
def test_a_day_is_understood_in_every_usual_form(export, cell):
    assert [i.issue_date for i in export(发票基础信息=[row(开票日期=cell)]).invoices] == [date(2026, 10, 8)]


def test_the_same_invoice_twice_comes_in_once_and_a_difference_is_told(export):
    same = export(发票基础信息=[row(), row()])
    assert (len(same.invoices), same.findings) == (1, ())
    differs = export(发票基础信息=[row(), row(购买方名称="别人")])
    assert [(f.code, f.row) for f in differs.findings] == [("intake_twice_differs", 3)]
    assert [i.buyer_name for i in differs.invoices] == ["示例餐饮"]


def test_a_line_of_no_invoice_is_told(export):
    reading = export(信息汇总表=[line(), line(发票号码="50000009")], 发票基础信息=[row()])
    assert [(f.code, f.row) for f in reading.findings] == [("intake_line_alone", 3)]


def test_sums_that_disagree_are_warnings_and_the_invoice_stands(export):
    reading = export(信息汇总表=[line(金额=99)], 发票基础信息=[row(价税合计=113)])
    assert [(f.code, f.severity) for f in reading.findings] == [("intake_total_differs", Severity.WARNING)]
    assert len(reading.invoices) == 1


def test_when_one_sheet_lacks_columns_the_other_comes_in(export):
    short = {name: cell for name, cell in line().items() if name != "金额"}
    reading = export(信息汇总表=[short], 发票基础信息=[row()])
    assert [f.code for f in reading.findings] == ["intake_no_column"]
    assert len(reading.invoices) == 1


def test_the_practice_export_comes_in_whole(tmp_path, read):
    written = sample_month(2000).exported
    write(tmp_path / "a.xlsx", written)
    reading = read(tmp_path / "a.xlsx")
    assert (reading.findings, reading.importer) == ((), "full-export-xlsx")
    bare = [_without_prices(replace(i, row=None)) for i in reading.invoices]
    assert bare == [_without_prices(replace(i, machine_number="")) for i in written]
    assert sum(i.status is InvoiceStatus.VOID for i in bare) > 0 < sum(i.red for i in bare)


def _without_prices(invoice):
    """A price goes through a number cell: 3.10 comes back as 3.1."""
    return replace(invoice, lines=tuple(replace(each, price=D(each.price)) for each in invoice.lines))
