"""XML of issuing software: 百旺's and 航信's forms, GBK with and without saying so, many invoices a file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import Cancelled
from fapiao_kernel.domain.invoice import InvoiceStatus, InvoiceType
from fapiao_kernel.records.intake import issuing_xml

D = Decimal
LINE = "<group xh='1'><fphxz>0</fphxz><spmc>*蔬菜*示例</spmc><je>{je}</je><sl>0.09</sl><se>{se}</se><spsl>2</spsl><dw>千克</dw></group>"


def node(number="12345678", *, je="90.00", se="8.10", total="98.10", more="", lines: str | None = None) -> str:
    """An invoice as 百旺's query answers it."""
    goods = LINE.format(je=je, se=se) if lines is None else lines
    return (
        f"<group><fpdm>033002600104</fpdm><fphm>{number}</fphm><kprq>20261008101500</kprq><jqbh>990000000261</jqbh>"
        "<ghdwmc>示例餐饮（南）喆</ghdwmc><ghdwdm>91999999000001070Y</ghdwdm><xhdwmc>示例商贸</xhdwmc><xhdwdm>91999999000000107U</xhdwdm>"
        f"<hjje>{je}</hjje><hjse>{se}</hjse><jshj>{total}</jshj>{more}<fyxm count='1'>{goods}</fyxm></group>"
    )


def business(*nodes: str, head="<?xml version='1.0' encoding='gbk'?>", kind="007") -> bytes:
    return (
        f"{head}<business id='10010' comment='发票查询'><body yylxdm='1'><output><returncode>0</returncode>"
        f"<fplxdm>{kind}</fplxdm><fpxx>{''.join(nodes)}</fpxx></output></body></business>"
    ).encode("gb18030")


@pytest.mark.parametrize(
    "head",
    [
        '<?xml version="1.0" encoding="gbk"?>',
        '<?xml version="1.0" encoding="GB2312"?>',
        "<?xml version='1.0' encoding='GB18030' standalone='yes'?>",
        "<?xml version='1.0'?>",
        "",
    ],
)
def test_gbk_is_read_whatever_the_declaration_calls_it(put, read, head):
    reading = read(put(business(node(), head=head)))
    (invoice,) = reading.invoices
    assert (reading.importer, reading.findings) == ("issuing-xml", ())
    assert (invoice.buyer_name, invoice.seller_name) == ("示例餐饮（南）喆", "示例商贸")


def test_an_answered_query_gives_every_field(put, read):
    (invoice,) = read(put(business(node()))).invoices
    assert (invoice.key, invoice.invoice_type) == (("033002600104", "12345678"), InvoiceType.ORDINARY)
    assert (invoice.issue_date, invoice.machine_number) == (date(2026, 10, 8), "990000000261")
    assert (invoice.amount, invoice.tax, invoice.total, invoice.rate) == (D("90.00"), D("8.10"), D("98.10"), "0.09")
    assert (invoice.seller_id, invoice.buyer_id) == ("91999999000000107U", "91999999000001070Y")
    assert [(i.item, i.quantity, i.unit) for i in invoice.lines] == [("*蔬菜*示例", "2", "千克")]
    assert (invoice.status, invoice.uploaded, invoice.red) == (InvoiceStatus.NORMAL, None, False)


@pytest.mark.parametrize(
    ("more", "void", "red"),
    [
        ("<zfbz>1</zfbz>", True, False),
        ("<zfbz>N</zfbz>", False, False),
        ("<fpzt>00</fpzt>", False, False),
        ("<fpzt>03</fpzt>", True, False),
        ("<fpztbz>4</fpztbz>", True, True),
        ("<kplx>1</kplx>", False, True),
    ],
)
def test_states_tell_void_and_red(put, read, more, void, red):
    (invoice,) = read(put(business(node(more=more)))).invoices
    assert (invoice.status is InvoiceStatus.VOID, invoice.red) == (void, red)


def test_a_number_voided_before_use_is_an_invoice_of_nothing(put, read):
    (invoice,) = read(put(business(node(je="", se="", total="", lines="", more="<fpzt>02</fpzt>")))).invoices
    assert (invoice.status, invoice.amount, invoice.total) == (InvoiceStatus.VOID, D("0.00"), D("0.00"))


def test_a_red_one_names_its_blue_one(put, read):
    more = "<yfpdm>033002600104</yfpdm><yfphm>11111111</yfphm>"
    (invoice,) = read(put(business(node(je="-90.00", se="-8.10", total="-98.10", more=more)))).invoices
    assert (invoice.red, invoice.red_of, invoice.total) == (True, "03300260010411111111", D("-98.10"))


@pytest.mark.parametrize(
    ("more", "uploaded"),
    [
        ("<bszt>1</bszt>", True),
        ("<bszt>3</bszt>", False),
        ("<scbz>已上传</scbz>", True),
        ("<scbz>0</scbz>", False),
        ("", None),
    ],
)
def test_the_upload_state_is_kept(put, read, more, uploaded):
    (invoice,) = read(put(business(node(more=more)))).invoices
    assert invoice.uploaded is uploaded


def test_a_bad_one_among_good_ones_is_a_finding_with_its_place(put, read):
    reading = read(put(business(node("12345678"), node("1234"), node("12345679", je="viel"), node("12345680"))))
    assert [i.number for i in reading.invoices] == ["12345678", "12345680"]
    assert [(f.code, f.row) for f in reading.findings] == [("intake_value_missing", 2), ("intake_value_missing", 3)]
    assert reading.findings[0].evidence.startswith("第 2 张")


def test_lines_with_the_tax_in_them_are_taken_without_it(put, read):
    (invoice,) = read(put(business(node(lines=LINE.format(je="98.10", se="8.10"))))).invoices
    assert [line.amount for line in invoice.lines] == [D("90.00")]


def test_the_line_that_stands_for_a_list_is_not_counted_beside_the_list(put, read):
    see = "<group><spmc>(详见销货清单)</spmc><je>90.00</je><sl>0.09</sl><se>8.10</se></group>"
    (invoice,) = read(put(business(node(lines=see + LINE.format(je="90.00", se="8.10"))))).invoices
    assert [line.item for line in invoice.lines] == ["*蔬菜*示例"]


def test_exempt_lines_keep_the_word_and_count_no_tax(put, read):
    lines = "<group><spmc>*蔬菜*示例</spmc><je>90.00</je><sl>免税</sl><se>***</se></group>"
    (invoice,) = read(put(business(node(se="***", total="90.00", lines=lines)))).invoices
    assert (invoice.tax, invoice.rate, invoice.lines[0].tax) == (D("0.00"), "免税", D("0.00"))


AISINO = (
    "<?xml version='1.0' encoding='GBK'?><Kp><Version>2.0</Version><Fpxx><Zsl>1</Zsl><Fpsj><Fp><Djh>1</Djh><Fpzl>{kind}</Fpzl>"
    "{numbers}<Kprq>2026-10-08</Kprq><Gfmc>示例餐饮</Gfmc><Gfsh>91999999000001070Y</Gfsh><Xfmc>示例商贸</Xfmc><Hjje>90.00</Hjje>"
    "<Hjse>8.10</Hjse><Spxx><Sph><Xh>1</Xh><Spmc>示例</Spmc><Sl>3</Sl><Dj>30</Dj><Je>90.00</Je><Slv>0.09</Slv><Se>8.10</Se></Sph>"
    "</Spxx></Fp></Fpsj></Fpxx></Kp>"
)


@pytest.mark.parametrize(
    ("kind", "code", "means"),
    [
        ("0", "3300261130", InvoiceType.SPECIAL),
        ("c", "033002600104", InvoiceType.ORDINARY),
        ("41", "033002600106", InvoiceType.ROLL),
        ("51", "033002600111", InvoiceType.ELECTRONIC_ORDINARY),
        ("增值税电子专用发票", "033002600113", InvoiceType.ELECTRONIC_SPECIAL),
        ("", "033002600111", InvoiceType.ELECTRONIC_ORDINARY),
    ],
)
def test_the_other_makers_form_is_read_by_its_own_names(put, read, kind, code, means):
    text = AISINO.format(kind=kind, numbers=f"<Fpdm>{code}</Fpdm><Fphm>12345678</Fphm>")
    reading = read(put(text.encode("gbk")))
    (invoice,) = reading.invoices
    assert (invoice.invoice_type, invoice.total, reading.findings) == (means, D("98.10"), ())
    assert [(i.quantity, i.rate, i.price) for i in invoice.lines] == [("3", "0.09", "30")]


def test_a_request_to_issue_is_told_from_issued_invoices(put, read):
    reading = read(put(AISINO.format(kind="0", numbers="").encode("gbk")))
    assert ([f.code for f in reading.findings], reading.invoices) == (["intake_issuing_empty"], [])


def test_platform_messages_with_underscores_are_read(put, read):
    text = (
        "<REQUEST_FPQZ><FPQZ_FPT><FP_DM>033002600111</FP_DM><FP_HM>12345678</FP_HM><KPRQ>20261008101500</KPRQ><GMF_MC>甲</GMF_MC>"
        "<GMF_NSRSBH>91999999000001070Y</GMF_NSRSBH><HJJE>90</HJJE><HJSE>8.1</HJSE><JSHJ>98.1</JSHJ><JQBH>990000000261</JQBH></FPQZ_FPT>"
        "<FPQZ_XMXXS><FPQZ_XMXX><XMMC>乙</XMMC><XMSL>1</XMSL><XMJE>90</XMJE><SL>0.09</SL><SE>8.1</SE></FPQZ_XMXX></FPQZ_XMXXS></REQUEST_FPQZ>"
    )
    (invoice,) = read(put(text)).invoices
    assert (invoice.buyer_name, invoice.buyer_id, invoice.machine_number) == (
        "甲",
        "91999999000001070Y",
        "990000000261",
    )
    assert [(i.item, i.quantity) for i in invoice.lines] == [("乙", "1")]


def test_full_width_codes_and_amounts_are_normalised_and_names_are_not(put, read):
    text = business(node("１２３４５６７８", je="９０．００", se="￥8.10", total="９８.１０", lines=""))
    (invoice,) = read(put(text)).invoices
    assert (invoice.number, invoice.amount, invoice.total) == ("12345678", D("90.00"), D("98.10"))
    assert invoice.buyer_name == "示例餐饮（南）喆"


def test_a_refused_query_says_what_was_answered(put, read):
    answer = "<returncode>9</returncode><returnmsg>锁死</returnmsg>"
    text = f"<?xml version='1.0' encoding='gbk'?><business><body><output>{answer}</output></body></business>"
    (told,) = read(put(text.encode("gbk"))).findings
    assert (told.code, "锁死" in told.remedy) == ("intake_issuing_empty", True)


def test_a_bomb_in_it_is_refused(put, read):
    text = '<!DOCTYPE business [<!ENTITY a "aaaa">]><business><fpdm>&a;</fpdm></business>'
    assert [f.code for f in read(put(text)).findings] == ["intake_xml_dtd"]


def test_a_volume_is_no_invoice(put, read):
    text = "<business><body><output><ywxx><fpdm>033002600104</fpdm><qshm>1</qshm><zzhm>9</zzhm></ywxx></output></body></business>"
    assert [f.code for f in read(put(text)).findings] == ["intake_issuing_empty"]


def test_a_file_that_would_take_too_much_memory_is_refused(put, read, monkeypatch):
    monkeypatch.setattr(issuing_xml, "LARGEST", 100)
    assert [f.code for f in read(put(business(node()))).findings] == ["intake_too_large"]


def test_progress_is_told_and_can_stop_it(put, intake):
    def stop(label, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        intake.read("a.xml", put(business(node())), stop)
