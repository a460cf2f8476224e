"""The XML of fully digital invoices, of all its versions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.invoice import InvoiceType

from .conftest import einvoice


@pytest.mark.parametrize(("code", "kind"), [("01", InvoiceType.DIGITAL_SPECIAL), ("02", InvoiceType.DIGITAL_ORDINARY)])
def test_the_label_tells_special_from_ordinary(put, read, code, kind):
    (invoice,) = read(put(einvoice(kind=code))).invoices
    assert (invoice.invoice_type, invoice.key) == (kind, ("", "26990000000000000001"))
    assert invoice.total == Decimal("106.00")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb2312", "gb18030", "utf-16"])
def test_the_encoding_that_it_states_is_followed(put, read, encoding):
    text = einvoice().replace("utf-8", encoding.removesuffix("-sig"))
    reading = read(put(text.encode(encoding)))
    assert [i.seller_name for i in reading.invoices] == ["示例"]


def test_gbk_that_does_not_say_so_is_read(put, read):
    text = einvoice().partition("?>")[2]
    assert [i.seller_name for i in read(put(text.encode("gbk"))).invoices] == ["示例"]


def test_a_red_one_is_marked(put, read):
    (invoice,) = read(put(einvoice(blue="N", amount="-100", tax="-6", total="-106"))).invoices
    assert (invoice.red, invoice.amount) == (True, Decimal("-100.00"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "77"}, "intake_kind_missing"),
        ({"number": "123"}, "intake_value_missing"),
        ({"amount": "many"}, "intake_value_missing"),
        ({"amount": ""}, "intake_value_missing"),
    ],
)
def test_a_bad_value_is_one_finding(put, read, changes, code):
    reading = read(put(einvoice(**changes)))
    assert ([f.code for f in reading.findings], len(reading.invoices)) == ([code], 0)


def _with(text: str, **parts: str) -> str:
    """The XML with something put before the end of those elements."""
    for element, added in parts.items():
        assert f"</{element}>" in text
        text = text.replace(f"</{element}>", f"{added}</{element}>", 1)
    return text


@pytest.mark.parametrize("version", ["", "0.2", "0.21", "0.3", "0.33"])
def test_known_versions_are_read_without_a_word(put, read, version):
    reading = read(put(_with(einvoice(), Header=f"<Version>{version}</Version>")))
    assert (len(reading.invoices), reading.findings) == (1, ())


@pytest.mark.parametrize("version", ["0.34", "1.0", "2", "v7"])
def test_a_newer_version_is_read_and_told(put, read, version):
    reading = read(put(_with(einvoice(), Header=f"<Version>{version}</Version>")))
    assert [(f.code, f.severity) for f in reading.findings] == [("intake_version_newer", Severity.INFO)]
    assert version in reading.findings[0].message
    assert len(reading.invoices) == 1


def test_the_tax_sides_number_and_time_are_believed_where_they_are(put, read):
    more = "<TaxSupervisionInfo><InvoiceNumber>26990000000000000007</InvoiceNumber><IssueTime>2026-10-09 08:00:00</IssueTime>"
    (invoice,) = read(put(_with(einvoice(number="abc"), EInvoice=more + "</TaxSupervisionInfo>"))).invoices
    assert (invoice.number, invoice.issue_date.day) == ("26990000000000000007", 9)


@pytest.mark.parametrize(
    ("name", "kind"), [("增值税专用发票", InvoiceType.DIGITAL_SPECIAL), ("普通发票", InvoiceType.DIGITAL_ORDINARY)]
)
def test_a_label_without_its_code_is_read_by_its_name(put, read, name, kind):
    text = einvoice().replace("<LabelCode>02</LabelCode>", f"<LabelName>{name}</LabelName>")
    (invoice,) = read(put(text)).invoices
    assert invoice.invoice_type is kind


def test_elements_in_a_namespace_are_read(put, read):
    text = einvoice().replace("<EInvoice>", '<EInvoice xmlns="urn:x">')
    assert len(read(put(text)).invoices) == 1


@pytest.mark.parametrize("where", ["SpecificInformation", None])
def test_a_red_one_names_its_blue_one(put, read, where):
    red = "<RedEInvoice><OriginalInvoiceCode>26990000000000000003</OriginalInvoiceCode></RedEInvoice>"
    red = f"<{where}>{red}</{where}>" if where else red
    (invoice,) = read(put(_with(einvoice(blue="N", amount="-100", tax="-6", total="-106"), EInvoiceData=red))).invoices
    assert invoice.red_of == "26990000000000000003"


def test_discount_lines_and_exempt_lines_are_kept_as_they_are(put, read):
    def line(amount: str, rate: str, tax: str) -> str:
        return (
            f"<IssuItemInformation><ItemName>*蔬菜*甲</ItemName><Amount>{amount}</Amount><TaxRate>{rate}</TaxRate>"
            f"<ComTaxAm>{tax}</ComTaxAm></IssuItemInformation>"
        )

    lines = line("120.00", "0.06", "7.20") + line("-20.00", "0.06", "-1.20") + line("0.00", "免税", "***")
    (invoice,) = read(put(_with(einvoice(), EInvoiceData=lines))).invoices
    assert [(i.amount, i.rate, i.tax) for i in invoice.lines] == [
        (Decimal("120.00"), "0.06", Decimal("7.20")),
        (Decimal("-20.00"), "0.06", Decimal("-1.20")),
        (Decimal("0.00"), "免税", Decimal("0.00")),
    ]


XBRL = """<?xml version="1.0" encoding="UTF-8"?><xbrl xmlns="http://www.xbrl.org/2003/instance" xmlns:inv="urn:inv">
<inv:TypeOfInvoice>增值税电子普通发票</inv:TypeOfInvoice><inv:CodeOfInvoice>033002600111</inv:CodeOfInvoice>
<inv:NumberOfInvoice>１２３４５６７８</inv:NumberOfInvoice><inv:DateOfIssue>2026-10-08</inv:DateOfIssue>
<inv:NumberOfInvoiceMachine>990000000261</inv:NumberOfInvoiceMachine><inv:TotalAmountExcludingTax>90.00</inv:TotalAmountExcludingTax>
<inv:TotalTaxAmount>5.40</inv:TotalTaxAmount><inv:TaxIncludedAmountInFigures>95.40</inv:TaxIncludedAmountInFigures></xbrl>"""


def test_xbrl_as_a_file_of_its_own_is_read(put, read):
    reading = read(put(XBRL, "inv_ord_issuer_033002600111_12345678.xml"))
    (invoice,) = reading.invoices
    assert (reading.importer, reading.findings) == ("xbrl", ())
    assert (invoice.key, invoice.machine_number) == (("033002600111", "12345678"), "990000000261")


def test_xbrl_of_another_voucher_says_so(put, read):
    reading = read(put('<xbrl xmlns:rai="urn:rai"><rai:NumberOfTicket>1</rai:NumberOfTicket></xbrl>'))
    assert [f.code for f in reading.findings] == ["intake_xbrl_other"]


@pytest.mark.parametrize(
    ("schema", "kind"), [("ord", InvoiceType.DIGITAL_ORDINARY), ("spcl", InvoiceType.DIGITAL_SPECIAL)]
)
def test_the_instance_of_a_fully_digital_one_is_read(put, read, schema, kind):
    text = (
        f'<xbrli:xbrl xmlns:xbrli="urn:i" xmlns:link="urn:l" xmlns:x="urn:x" xmlns:einv="urn:einv">'
        f'<link:schemaRef x:href="http://example.invalid/einv_{schema}_receiver_entry_point.xsd"/>'
        "<einv:InvoiceNumber>26990000000000000001</einv:InvoiceNumber><einv:SellerName>示例</einv:SellerName>"
        "<einv:RequestTime>2026-10-08T09:30:00</einv:RequestTime><einv:TotalAmWithoutTax>-100.00</einv:TotalAmWithoutTax>"
        "<einv:TotalTaxAm>-6.00</einv:TotalTaxAm><einv:TotalTax-includedAmount>-106.00</einv:TotalTax-includedAmount>"
        "<einv:WhetherEinvoiceIsRedEinvoice>true</einv:WhetherEinvoiceIsRedEinvoice></xbrli:xbrl>"
    )
    (invoice,) = read(put(text)).invoices
    assert (invoice.key, invoice.invoice_type, invoice.red) == (("", "26990000000000000001"), kind, True)
    assert (invoice.total, invoice.seller_name) == (Decimal("-106.00"), "示例")


def test_an_xml_that_only_mentions_one_is_of_no_known_kind(put, read):
    text = '<?xml version="1.0"?><!-- EInvoice --><html><body>EInvoice</body></html>'
    assert [f.code for f in read(put(text)).findings] == ["intake_unknown_kind"]
