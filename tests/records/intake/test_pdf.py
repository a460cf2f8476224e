"""PDF invoices by their text layer: 数电 and 税控 forms, several to a file, and what is said of those that cannot be read."""

from __future__ import annotations

import sys
import zlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.intake import pdf as importer
from fapiao_kernel.records.intake import pdf_child, pdf_reader

from .conftest import einvoice
from .pdf_maker import Text, pdf

D = Decimal


def digital(
    number="26990000000000000001",
    *,
    title="电子发票（普通发票）",
    amount="¥90.00",
    tax="¥8.10",
    total="¥98.10",
    rate="9%",
    more=(),
) -> list[Text]:
    """A page as the 数电 platform lays it out: buyer left, seller right. The template's labels come before all values, as there."""
    return [
        *((40, 296, "名称："), (320, 296, "名称：")),
        *((40, 276, "统一社会信用代码/纳税人识别号："), (320, 276, "统一社会信用代码/纳税人识别号：")),
        *((400, 370, "发票号码："), (400, 352, "开票日期：")),
        *((30, 250, "项目名称"), (330, 250, "金额"), (420, 250, "税率/征收率"), (520, 250, "税额")),
        *((60, 130, "合　　　计"), (30, 110, "价税合计（大写）"), (400, 110, "（小写）")),
        (200, 368, title),
        *((448, 371.5, number), (448, 353, "2026年10月08日")),
        *((70, 297.5, "示例⾷品（南）有限公司"), (350, 297.5, "示例商贸 ABC Co. (甲)")),
        *((185, 277, "91999999000001070Y"), (465, 277, "91999999000000107U")),
        *(
            (30, 235, "*蔬菜*示例很长的名"),
            (250, 235, "2"),
            (330, 235, "90.00"),
            (425, 235, rate),
            (520, 235, tax.strip("¥")),
        ),
        (30, 223, "字号"),
        *((320, 130, amount), (510, 130, tax), (130, 110, "玖拾捌圆壹角整"), (440, 110, total)),
        *more,
    ]


def device(
    *, code="033002600111", number="12345678", title="示例增值税电子普通发票", tax="￥8.10", check=True
) -> list[Text]:
    """A page as device software lays it out: buyer above, seller below, cipher beside the buyer."""
    return [
        (180, 365, title),
        *((30, 345, "机器编号："), (80, 345, "990000000261")),
        *((400, 375, "发票代码："), (450, 375, code), (400, 360, "发票号码："), (450, 360, number)),
        (400, 345, "开票日期：2026 年10 月08 日"),
        *([(400, 330, "校验码："), (440, 330, "12345 67890 12345 67890")] if check else []),
        *((30, 310, "名　 称："), (80, 310, "示例餐饮"), (350, 310, "03+/<12>5*8901-23>4")),
        *((30, 296, "纳税人识别号："), (100, 296, "91999999000001070Y"), (350, 299, "45>/+67<8*9-0123+45")),
        *((40, 240, "货物或应税劳务、服务名称"), (380, 240, "金额"), (440, 240, "税率"), (500, 240, "税额")),
        *((30, 225, "*蔬菜*示例"), (380, 225, "90.00"), (440, 225, "9%"), (500, 225, "8.10")),
        *((80, 140, "合　　　　计"), (370, 140, "￥90.00"), (490, 140, tax)),
        *((40, 120, "价税合计（大写）"), (150, 120, "玖拾捌圆壹角整"), (400, 120, "（小写）￥98.10")),
        *((30, 90, "名　 称："), (80, 90, "示例商贸")),
        *((30, 76, "纳税人识别号："), (100, 76, "91999999000000107U")),
    ]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("电子发票（普通发票）", InvoiceType.DIGITAL_ORDINARY),
        ("电子发票（增值税专用发票）", InvoiceType.DIGITAL_SPECIAL),
    ],
)
def test_a_digital_one_is_read_as_printed(put, read, title, kind):
    reading = read(put(pdf(digital(title=title))))
    assert (reading.importer, reading.findings) == ("pdf", ())
    (invoice,) = reading.invoices
    assert (invoice.key, invoice.invoice_type) == (("", "26990000000000000001"), kind)
    assert (invoice.issue_date, invoice.machine_number) == (date(2026, 10, 8), "")
    assert (invoice.amount, invoice.tax, invoice.total, invoice.rate) == (D("90.00"), D("8.10"), D("98.10"), "0.09")
    assert (invoice.buyer_id, invoice.seller_id) == ("91999999000001070Y", "91999999000000107U")
    assert [(line.item, line.amount) for line in invoice.lines] == [("*蔬菜*示例很长的名字号", D("90.00"))]


def test_names_lose_the_fonts_radicals_and_nothing_else(put, read):
    (invoice,) = read(put(pdf(digital()))).invoices
    assert (invoice.buyer_name, invoice.seller_name) == ("示例食品（南）有限公司", "示例商贸 ABC Co. (甲)")


def test_one_of_a_device_has_code_and_machine_number(put, read):
    reading = read(put(pdf(device())))
    (invoice,) = reading.invoices
    assert reading.findings == ()
    assert (invoice.key, invoice.invoice_type) == (("033002600111", "12345678"), InvoiceType.ELECTRONIC_ORDINARY)
    assert (invoice.machine_number, invoice.issue_date) == ("990000000261", date(2026, 10, 8))
    assert (invoice.buyer_name, invoice.buyer_id) == ("示例餐饮", "91999999000001070Y")
    assert (invoice.seller_name, invoice.seller_id) == ("示例商贸", "91999999000000107U")
    assert (invoice.amount, invoice.tax, invoice.total, len(invoice.lines)) == (D("90.00"), D("8.10"), D("98.10"), 1)


def test_several_to_a_file_come_each_by_itself(put, read):
    second = digital("26990000000000000002")
    reading = read(put(pdf(digital(), second, [(30, 300, "第 2 页 共 2 页")], device())))
    assert [(i.number, i.row) for i in reading.invoices] == [
        ("26990000000000000001", 1),
        ("26990000000000000002", 2),
        ("12345678", 4),
    ]


def test_a_red_one_names_its_blue_one(put, read):
    more = [(40, 60, "被红冲蓝字数电发票号码：26990000000000000009")]
    (invoice,) = read(put(pdf(digital(amount="¥-90.00", tax="¥-8.10", total="¥-98.10", more=more)))).invoices
    assert (invoice.number, invoice.red, invoice.red_of) == ("26990000000000000001", True, "26990000000000000009")
    assert (invoice.total, invoice.lines) == (D("-98.10"), ())


@pytest.mark.parametrize("word", ["***", "免税", "不征税"])
def test_a_masked_tax_counts_as_nothing(put, read, word):
    (invoice,) = read(put(pdf(digital(tax=word, total="¥90.00", rate="免税")))).invoices
    assert (invoice.tax, invoice.total, invoice.rate) == (D("0.00"), D("90.00"), "免税")


def test_lines_that_do_not_add_up_are_not_believed_but_their_rate_is(put, read):
    (invoice,) = read(put(pdf(digital(amount="¥91.00", total="¥99.10")))).invoices
    assert (invoice.lines, invoice.rate, invoice.amount) == ((), "0.09", D("91.00"))


def test_sums_are_found_by_arithmetic_where_labels_do_not_lead_to_them(put, read):
    page = [text for text in digital() if text[2] not in ("合　　　计", "（小写）")]
    (invoice,) = read(put(pdf(page))).invoices
    assert (invoice.amount, invoice.tax, invoice.total) == (D("90.00"), D("8.10"), D("98.10"))


def test_what_is_not_found_is_told(put, read):
    page = [text for text in digital() if "商贸" not in text[2] and "9199999900000010" not in text[2]]
    reading = read(put(pdf(page)))
    assert [(f.code, f.row) for f in reading.findings] == [("intake_pdf_partial", 1)]
    assert "销售方名称" in reading.findings[0].message
    assert len(reading.invoices) == 1


def test_an_invoice_without_amounts_is_left_out_with_a_finding(put, read):
    page = [text for text in digital() if "¥" not in text[2]]
    reading = read(put(pdf(page)))
    assert ([f.code for f in reading.findings], reading.invoices) == (["intake_value_missing"], [])


LOCKED = f"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<{'00' * 32}>/U<{'00' * 32}>>>"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pdf([], images=True), "intake_pdf_scanned"),
        (pdf([(10, 10, "一份合同")]), "intake_pdf_other"),
        (pdf(digital())[:700], "intake_pdf_damaged"),
        (b"%PDF-1.7 rubbish", "intake_pdf_damaged"),
        (pdf(digital(), encrypt=LOCKED), "intake_pdf_locked"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why_and_what_to_do(put, read, content, code):
    reading = read(put(content))
    assert ([f.code for f in reading.findings], reading.invoices) == ([code], [])
    assert reading.findings[0].remedy


def test_a_scanned_page_among_others_is_told_by_its_number(put, read):
    reading = read(put(pdf(digital(), [])))
    assert ([f.code for f in reading.findings], len(reading.invoices)) == (["intake_pdf_scanned"], 1)
    assert "2" in reading.findings[0].message


def test_pages_have_a_limit(put, read):
    assert [f.code for f in read(put(pdf(*[[]] * (pdf_child.PAGES + 1)))).findings] == ["intake_pdf_large"]


def test_characters_have_a_limit(put, read):
    texts = [
        "".join(chr(0x4E00 + (at * 7 + i) % 90) for i in range(60)) for at in range(pdf_child.CHARACTERS // 60 + 1)
    ]
    page = [(5, 5 + at * 0.4, text) for at, text in enumerate(texts)]
    assert [f.code for f in read(put(pdf(page))).findings] == ["intake_pdf_large"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory; enable: run on Linux")
def test_a_page_that_unpacks_too_large_costs_its_child_and_the_next_file_is_read(put, read):
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = read(put(pdf([], packed=block + again * 900 + packer.flush()), "bomb"))
    assert [f.code for f in bomb.findings] == ["intake_pdf_failed"]
    assert len(read(put(pdf(digital()), "good")).invoices) == 1


def test_a_child_that_does_not_answer_in_time_is_ended(put, read, monkeypatch):
    monkeypatch.setattr(pdf_reader, "SECONDS", 0.0)
    importer.READER.close()
    assert [f.code for f in read(put(pdf(digital()))).findings] == ["intake_pdf_failed"]
    monkeypatch.undo()
    assert len(read(put(pdf(digital()))).invoices) == 1


def test_a_child_that_was_killed_is_started_again(put, read):
    assert len(read(put(pdf(digital()), "a")).invoices) == 1
    importer.READER._child.kill()
    importer.READER._child.wait()
    assert len(read(put(pdf(device()), "b")).invoices) == 1


def test_an_attached_invoice_is_believed_before_the_page(put, read):
    reading = read(put(pdf([(10, 10, "附件")], attachment=einvoice().encode())))
    assert [(i.number, i.total) for i in reading.invoices] == [("26990000000000000001", D("106.00"))]


def test_an_attachment_that_contradicts_the_page_is_a_doubt(put, read):
    reading = read(put(pdf(digital(), attachment=einvoice().encode())))
    assert {f.code for f in reading.findings} == {"intake_ofd_disagrees"}
    assert len(reading.invoices) == 1


def test_the_name_of_the_file_says_nothing(put, read):
    assert read(put(pdf(digital()), "发票.ofd")).importer == "pdf"


TEXTS = st.sampled_from(
    [text for _, _, text in (*digital(), *device())] + ["¥", "-1.00", "％", "合计", "名称：", "小写", "13%", "A B"]
)


@given(st.lists(st.tuples(st.integers(0, 590), st.integers(0, 390), TEXTS), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_anywhere_on_a_page_are_invoices_or_findings(put, read, page):
    reading = read(put(pdf(page)))
    assert reading.invoices or reading.findings
    assert "intake_importer_failed" not in [f.code for f in reading.findings]
