"""CSV files: every encoding, delimiter and habit of those who write them."""

from __future__ import annotations

import codecs
from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.invoice import InvoiceStatus, InvoiceType

from .conftest import digital, line, row
from .tables import blank, goods, head, sheets_of, written

D = Decimal


@pytest.fixture
def load(put, read):
    """Read a CSV file of that text or these bytes."""
    return lambda content: read(put(content, "导出.csv"))


ENCODINGS = ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_encoding_and_delimiter_gives_the_same_invoices(load, encoding, delimiter):
    text = written([head(), head(发票号码="50000002", 购方名称="某某（集团）")], delimiter=delimiter)
    reading = load(text.encode(encoding))
    assert (reading.importer, reading.findings) == ("csv", ())
    assert [(i.number, i.buyer_name, i.row) for i in reading.invoices] == [
        ("50000001", "示例餐饮", 2),
        ("50000002", "某某（集团）", 3),
    ]


def test_utf16_big_endian_with_its_mark_is_known(load):
    assert len(load(codecs.BOM_UTF16_BE + written([head()]).encode("utf-16-be")).invoices) == 1


def test_the_columns_of_issuing_software_are_known(load):
    (invoice,) = load(written([head()])).invoices
    assert invoice.invoice_type is InvoiceType.ORDINARY
    assert (invoice.amount, invoice.tax, invoice.total) == (D("100.10"), D("13.01"), D("113.11"))
    assert (invoice.machine_number, invoice.uploaded, invoice.rate) == ("990000000261", True, "0.13")
    assert (invoice.seller_id, invoice.buyer_id) == ("91999999000000107U", "91999999000001070Y")


@pytest.mark.parametrize(
    ("word", "void"), [("是", True), ("Y", True), ("1", True), ("否", False), ("", False), ("0", False)]
)
def test_a_void_flag_is_a_yes_or_no(load, word, void):
    (invoice,) = load(written([head(作废标志=word)])).invoices
    assert (invoice.status is InvoiceStatus.VOID) is void


@pytest.mark.parametrize(
    ("word", "uploaded"), [("已上传", True), ("未上传", False), ("报送失败", False), ("", None), ("?", None)]
)
def test_the_upload_state_is_taken_over(load, word, uploaded):
    (invoice,) = load(written([head(报送状态=word)])).invoices
    assert invoice.uploaded is uploaded


def test_a_status_nobody_knows_is_a_warning_with_its_row(load):
    reading = load(written([head(), head(发票号码="50000002", 作废标志="挂起")]))
    assert [(f.code, f.row) for f in reading.findings] == [("intake_status_unknown", 3)]
    assert len(reading.invoices) == 2


def test_titles_above_the_header_and_sums_below_are_passed_over(load):
    above = "发票数据导出统计,,\r\n制表日期：2026-11-01\r\n\r\n"
    below = "合计,,,,,,100.10,13.01,113.11,,,,,\r\n"
    reading = load(written([head(合计金额="x"), head()], above=above, below=below))
    assert [i.row for i in reading.invoices] == [6]
    assert [(f.code, f.row) for f in reading.findings] == [("intake_amount_bad", 5)]


def test_the_word_for_a_sum_does_not_hide_an_invoice(load):
    reading = load(written([head(购方名称="合计")]))
    assert [i.buyer_name for i in reading.invoices] == ["合计"]


def test_a_header_that_comes_once_more_is_passed_over(load):
    text = written([head()])
    reading = load(text + text.replace("50000001", "50000002"))
    assert [i.row for i in reading.invoices] == [2, 4]
    assert reading.findings == ()


def test_a_line_break_inside_a_cell_keeps_the_rows_numbers(load):
    reading = load(written([head(商品名称="甲\r\n乙"), head(发票号码="50000002"), head(开票日期="昨天")]))
    assert [i.row for i in reading.invoices] == [2, 3]
    assert [(f.code, f.row) for f in reading.findings] == [("intake_date_bad", 4)]


@pytest.mark.parametrize("guard", ['="{}"', "\t{}", "'{}", " {} "])
def test_what_keeps_numbers_text_is_taken_off(load, guard):
    guarded = head(发票代码=guard.format("099002600104"), 发票号码=guard.format("00000012"))
    assert [i.key for i in load(written([guarded])).invoices] == [("099002600104", "00000012")]


def test_leading_zeros_that_a_spreadsheet_took_come_back(load):
    assert [i.key for i in load(written([head(发票代码="99002600104", 发票号码="12")])).invoices] == [
        ("099002600104", "00000012")
    ]


def test_a_number_that_a_spreadsheet_rounded_is_told(load):
    reading = load(written([digital(数电发票号码="2.6112E+19"), digital()]))
    assert [(f.code, f.row) for f in reading.findings] == [("intake_number_rounded", 2)]
    assert len(reading.invoices) == 1


@pytest.mark.parametrize(
    "day", ["2026/10/8", "2026年10月08日", "20261008", "2026-10-08 12:30:01", "2026.10.8", "2026/10/08 9:05"]
)
def test_a_day_is_understood_however_it_is_written(load, day):
    assert [i.issue_date for i in load(written([head(开票日期=day)])).invoices] == [date(2026, 10, 8)]


@pytest.mark.parametrize("money", ["1,234.50", "¥1234.50", "1234.5", " 1234.50 ", "1，234.50"])
def test_an_amount_is_understood_however_it_is_written(load, money):
    reading = load(written([head(合计金额=money, 价税合计="1247.51")]))
    assert [(i.amount, i.total) for i in reading.invoices] == [(D("1234.50"), D("1247.51"))]
    assert reading.findings == ()


@pytest.mark.parametrize(("money", "codes"), [("100.005", ["intake_amount_rounded"]), ("100.00999999999999", [])])
def test_parts_of_a_fen_are_told_and_noise_is_not(load, money, codes):
    reading = load(written([head(合计金额=money, 合计税额="0", 价税合计="100.01")]))
    assert [i.amount for i in reading.invoices] == [D("100.01")]
    assert [f.code for f in reading.findings] == codes


def test_goods_lines_are_added_up_to_invoices(load):
    reading = load(written([goods(), goods(金额="10", 税额="0.6", 税率="6%"), goods(发票号码="50000002")]))
    first, second = reading.invoices
    assert (first.amount, first.tax, first.total, first.rate, first.row) == (
        D("110.10"),
        D("13.61"),
        D("123.71"),
        "多税率",
        2,
    )
    assert (second.amount, second.row, reading.findings) == (D("100.10"), 4, ())


def test_a_goods_line_without_a_number_belongs_to_the_row_above_and_subtotals_to_nobody(load):
    rows = [goods(), blank(金额="10", 税额="1.3"), blank(商品名称="小计", 金额="110.10"), goods(发票号码="50000002")]
    reading = load(written(rows, above="发票类别：增值税普通发票\r\n", below="份数：2\r\n"))
    assert [(i.number, i.amount, len(i.lines)) for i in reading.invoices] == [
        ("50000001", D("110.10"), 2),
        ("50000002", D("100.10"), 1),
    ]
    assert reading.findings == ()


def test_a_lone_carriage_return_ends_a_line_too(load):
    assert len(load(written([head(), head(发票号码="50000002")], end="\r")).invoices) == 2


def test_a_bad_row_is_one_finding_and_the_others_come_in(load):
    reading = load(written([head(), head(发票号码="123456789"), head(发票号码="50000003")]))
    assert [(f.code, f.row) for f in reading.findings] == [("intake_number_bad", 3)]
    assert [i.number for i in reading.invoices] == ["50000001", "50000003"]


def test_damaged_characters_are_told_and_the_invoice_comes_in(load):
    content = written([head(), head(发票号码="50000002", 购方名称="甲乙")]).encode()
    reading = load(content.replace("甲乙".encode(), b"\xff\xfe"))
    assert [(f.code, f.row) for f in reading.findings] == [("intake_text_broken", 3)]
    assert len(reading.invoices) == 2


def test_a_quote_that_is_never_closed_is_told_with_its_row(load, monkeypatch):
    monkeypatch.setattr("fapiao_kernel.records.intake.table_text._CELL", 2000)
    good = [head(发票号码=str(50000001 + i)) for i in range(60)]
    content = written(good).replace(",示例餐饮,", ',"示例餐饮,', 1)
    reading = load(content)
    assert [(f.code, f.row) for f in reading.findings][:1] == [("intake_quote_open", 2)]
    assert len(reading.invoices) > 10


def test_a_table_that_lacks_a_column_names_it(load):
    short = {name: cell for name, cell in head().items() if name != "合计税额"}
    (told,) = load(written([short])).findings
    assert told.code == "intake_no_column"
    assert "税额" in told.message


def test_a_header_alone_is_no_invoice(load):
    assert [f.code for f in load(written([head()]).split("\r\n")[0]).findings] == ["intake_no_invoice"]


def test_a_full_export_saved_as_csv_is_read_like_the_workbook(load):
    by_head, by_line = load(written([row()]).encode("gbk")), load(written([line(), line(发票号码="50000002")]))
    assert [(i.key, i.total, i.invoice_type) for i in by_head.invoices] == [
        (("099002600104", "50000001"), D("113.11"), InvoiceType.ORDINARY)
    ]
    assert [len(i.lines) for i in by_line.invoices] == [1, 1]


def test_a_plain_utf8_file_is_used_where_it_lies(put, monkeypatch):
    path = put(written([head()]), "a.csv")
    sheets = sheets_of(path)
    assert sheets.heads.file == path
    assert (sheets.heads.skip, sheets.heads.first_row, sheets.lines) == (1, 2, None)
    sheets.close()
    assert path.exists()


@pytest.mark.parametrize(
    ("day", "form"),
    [
        ("2026-10-08", "%Y-%m-%d"),
        ("2026/1/8", "%Y/%m/%d"),
        ("20261008", "%Y%m%d"),
        ("2026年10月8日", "%Y年%m月%d日"),
        ("2026-10-08 12:30:01", "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_the_form_of_the_days_is_told_to_the_fast_road(put, monkeypatch, day, form):
    path = put(written([head(开票日期=day)] * 3), "a.csv")
    heads = sheets_of(path).heads
    assert (heads.file, heads.day_format) == (path, form)
