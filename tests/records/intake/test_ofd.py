"""OFD invoices: attachment, XBRL, tags on the page, the document's own data."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from benchmarks.ofd_files import write_ofds
from fapiao_kernel.domain.invoice import EXEMPT, MIXED, UNKNOWN_RATE, InvoiceStatus, InvoiceType

from .conftest import ofd, original

D = Decimal
ATTACHED = "Doc_0/Attachs/original_invoice.xml"
DATA = {
    "发票代码": "033002600211",
    "发票号码": "12345678",
    "合计金额": "90.00",
    "合计税额": "8.10",
    "开票日期": "2026年10月08日",
}
DIGITAL = {"发票号码": "26990000000000000001", "合计金额": "90.00", "合计税额": "8.10", "开票日期": "2026年10月08日"}
DOCUMENT = (
    '<o:Document xmlns:o="http://www.ofdspec.org/2016"><o:CommonData><o:TemplatePage ID="1" BaseLoc="Tpls/T.xml"/></o:CommonData>'
    '<o:Pages><o:Page ID="9" BaseLoc="Pages/P.xml"/></o:Pages></o:Document>'
)


def _page(**texts: tuple[float, str]) -> str:
    """A page: text object id → height and text."""
    objects = "".join(
        f'<o:TextObject ID="{id[1:]}" Boundary="1 {y} 9 5"><o:TextCode>{text}</o:TextCode></o:TextObject>'
        for id, (y, text) in texts.items()
    )
    return f'<o:Page xmlns:o="http://www.ofdspec.org/2016">{objects}</o:Page>'


def _tags(**references: list[int]) -> str:
    """Tags as one maker writes them: the prefix of the references is never declared."""
    inner = "".join(
        f"<{name}>" + "".join(f'<ofd:ObjectRef PageRef="9">{each}</ofd:ObjectRef>' for each in ids) + f"</{name}>"
        for name, ids in references.items()
    )
    return f"<eInvoice>{inner}</eInvoice>"


@pytest.fixture
def one(tmp_path, read):
    """The one invoice of an OFD, and the codes of its findings."""

    def of(**parts):
        reading = read(ofd(tmp_path / "a.ofd", **parts))
        (invoice,) = reading.invoices
        return invoice, [f.code for f in reading.findings]

    return of


def test_the_attachment_gives_lines_discounts_and_the_machine_number(one):
    invoice, findings = one(data=DATA, members={ATTACHED: original()})
    assert (invoice.key, invoice.invoice_type) == (("033002600211", "12345678"), InvoiceType.ELECTRONIC_ORDINARY)
    assert (invoice.machine_number, invoice.issue_date) == ("990000000261", date(2026, 10, 8))
    assert [line.amount for line in invoice.lines] == [D("100.00"), D("-10.00")]
    assert (invoice.amount, invoice.tax, invoice.total, invoice.rate) == (D("90.00"), D("8.10"), D("98.10"), "0.09")
    assert findings == []


def test_the_documents_own_data_is_enough(one):
    invoice, findings = one(data=DATA)
    assert (invoice.total, invoice.machine_number, invoice.lines, findings) == (D("98.10"), "", (), [])


def test_a_tax_that_is_left_out_is_total_less_amount(one):
    data = {name: text for name, text in DATA.items() if name != "合计税额"} | {"价税合计": "98.10"}
    assert one(data=data)[0].tax == D("8.10")


def test_the_attachment_alone_is_enough(one):
    invoice, findings = one(members={ATTACHED: original(code="3300261130")})
    assert (invoice.invoice_type, findings) == (InvoiceType.SPECIAL, [])


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("04", InvoiceType.ORDINARY),
        ("05", InvoiceType.ORDINARY),
        ("06", InvoiceType.ROLL),
        ("11", InvoiceType.ELECTRONIC_ORDINARY),
        ("13", InvoiceType.ELECTRONIC_SPECIAL),
    ],
)
def test_the_end_of_the_code_tells_the_type(one, end, kind):
    assert one(data=DATA | {"发票代码": "0330026002" + end})[0].invoice_type is kind


def test_a_code_that_tells_no_type_is_a_finding(tmp_path, read):
    reading = read(ofd(tmp_path / "a.ofd", data=DATA | {"发票代码": "033002600299"}))
    assert ([f.code for f in reading.findings], len(reading.invoices)) == (["intake_kind_missing"], 0)


def test_a_masked_tax_of_exempt_goods_is_nought(one):
    invoice, findings = one(members={ATTACHED: original(rate="免税", tax="***", tax1="***", tax2="***")})
    assert (invoice.tax, invoice.total, invoice.rate, findings) == (D("0.00"), D("90.00"), EXEMPT, [])


def test_a_masked_rate_with_tax_is_an_unknown_rate(one):
    assert one(members={ATTACHED: original(rate="***")})[0].rate == UNKNOWN_RATE


def test_two_places_that_disagree_are_told(one):
    invoice, findings = one(data=DATA | {"合计金额": "91.00"}, members={ATTACHED: original()})
    assert (invoice.amount, findings) == (D("90.00"), ["intake_ofd_disagrees"])


def test_a_total_that_does_not_add_up_is_told(one):
    assert one(data=DATA | {"价税合计": "98.11"})[1] == ["intake_sum_differs"]


@pytest.mark.parametrize(
    ("title", "kind"), [("专用", InvoiceType.DIGITAL_SPECIAL), ("普通", InvoiceType.DIGITAL_ORDINARY)]
)
def test_a_digital_one_is_read_by_the_tags_of_its_page(one, title, kind):
    page = _page(
        _1=(10, "26990000000000000001"),
        _2=(96, "¥"),
        _3=(96, "98.10"),
        _4=(56, "*蔬菜*很长的"),
        _5=(60.5, "名字"),
        _6=(65, "*蔬菜*乙"),
        _7=(56.1, "80.00"),
        _8=(65.1, "10.00"),
        _9=(56.1, "9%"),
        _10=(65.1, "6%"),
        _11=(56.1, "7.20"),
        _12=(65.1, "0.90"),
        _13=(65.1, "3"),
    )
    tags = _tags(
        InvoiceNo=[1],
        TaxInclusiveTotalAmount=[2, 3],
        Item=[4, 5, 6],
        Amount=[7, 8],
        TaxScheme=[9, 10],
        TaxAmount=[11, 12],
        Quantity=[13],
    )
    form = _page(_90=(1, f"电子发票（{'增值税' * (title == '专用')}{title}发票）"))
    members = {"Doc_0/Document.xml": DOCUMENT, "Doc_0/Tpls/T.xml": form, "Doc_0/Pages/P.xml": page}
    invoice, findings = one(data=DIGITAL, members=members | {"Doc_0/Tags/CustomTag.xml": tags})
    assert (invoice.key, invoice.invoice_type, findings) == (("", "26990000000000000001"), kind, [])
    assert [(i.item, i.amount, i.quantity) for i in invoice.lines] == [
        ("*蔬菜*很长的名字", D("80.00"), ""),
        ("*蔬菜*乙", D("10.00"), "3"),
    ]
    assert (invoice.rate, invoice.total, invoice.machine_number) == (MIXED, D("98.10"), "")


XBRL = """<xbrl xmlns:inv="urn:inv"><inv:TypeOfInvoice>增值税专用发票</inv:TypeOfInvoice><inv:CodeOfInvoice>3300261130</inv:CodeOfInvoice>
<inv:NumberOfInvoice>12345678</inv:NumberOfInvoice><inv:DateOfIssue>2026-10-08</inv:DateOfIssue>
<inv:NumberOfInvoiceMachine>990000000261</inv:NumberOfInvoiceMachine><inv:TotalAmountExcludingTax>90.00</inv:TotalAmountExcludingTax>
<inv:TotalTaxAmount>5.40</inv:TotalTaxAmount><inv:TaxIncludedAmountInFigures>95.40</inv:TaxIncludedAmountInFigures>
<inv:VoidMark>{void}</inv:VoidMark><inv:InformationOfTaxableGoodsOrServicesDetailItemsTuple>
<inv:NameOfTaxableGoodsOrServices>*现代服务*示例</inv:NameOfTaxableGoodsOrServices><inv:AmountExcludingTax>90.00</inv:AmountExcludingTax>
<inv:TaxRate>6.00%</inv:TaxRate><inv:TaxAmount>5.40</inv:TaxAmount></inv:InformationOfTaxableGoodsOrServicesDetailItemsTuple></xbrl>"""


@pytest.mark.parametrize(("mark", "status"), [("N", InvoiceStatus.NORMAL), ("Y", InvoiceStatus.VOID)])
def test_an_xbrl_attachment_is_read(one, mark, status):
    invoice, findings = one(members={"Doc_0/Attachs/inv_ord_issuer_3300261130_12345678.xml": XBRL.format(void=mark)})
    assert (invoice.key, invoice.invoice_type) == (("3300261130", "12345678"), InvoiceType.SPECIAL)
    assert (invoice.total, invoice.machine_number, invoice.status) == (D("95.40"), "990000000261", status)
    assert (invoice.rate, len(invoice.lines), findings) == ("0.06", 1, [])


def test_a_negative_one_is_red_and_names_its_blue_one(one):
    minus = DATA | {"合计金额": "-90.00", "合计税额": "-8.10"}
    invoice, _ = one(data=minus, members={"Doc_0/Document.xml": DOCUMENT})
    assert (invoice.red, invoice.total) == (True, D("-98.10"))


def test_the_benchmarks_own_files_are_whole_invoices(tmp_path, intake):
    files = [(path.name, path) for path in write_ofds(tmp_path / "ofd", 3)]
    readings = list(intake.read_many(files))
    assert [(len(r.invoices), r.findings) for r in readings] == [(1, ())] * 3
    assert len({r.invoices[0].key for r in readings}) == 3
    assert all(sum(line.amount for line in r.invoices[0].lines) == r.invoices[0].amount for r in readings)
