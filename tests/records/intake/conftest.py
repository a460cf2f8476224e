"""Small files of the tests' own making, and an intake with the three importers."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter

from fapiao_kernel.ports import Progress, Reading
from fapiao_kernel.records.intake.csv_file import IMPORTER as CSV
from fapiao_kernel.records.intake.digital_xml import IMPORTER as XML
from fapiao_kernel.records.intake.full_export_xlsx import IMPORTER as XLSX
from fapiao_kernel.records.intake.intake import FileIntake
from fapiao_kernel.records.intake.issuing_xml import IMPORTER as ISSUING
from fapiao_kernel.records.intake.ofd import IMPORTER as OFD
from fapiao_kernel.records.intake.pdf import IMPORTER as PDF
from fapiao_kernel.records.intake.xbrl import IMPORTER as XBRL

IMPORTERS = {each.id: each for each in (XLSX, CSV, OFD, XML, ISSUING, XBRL, PDF)}
BASIC_ROW = {
    "发票代码": "099002600104",
    "发票号码": "50000001",
    "数电发票号码": "",
    "销方识别号": "91999999000000107U",
    "销方名称": "示例商贸",
    "购方识别号": "91999999000001070Y",
    "购买方名称": "示例餐饮",
    "开票日期": "2026-10-08",
    "金额": 100.1,
    "税额": 13.01,
    "价税合计": 113.11,
    "发票来源": "增值税发票管理系统",
    "发票票种": "增值税普通发票",
    "发票状态": "正常",
    "是否正数发票": "是",
    "备注": "",
}
LINE_ROW = BASIC_ROW | {
    "税收分类编码": "1010112020000000000",
    "货物或应税劳务名称": "*蔬菜*示例",
    "单位": "千克",
    "数量": 2,
    "单价": 50.05,
    "税率": "13%",
}


def row(**changes: object) -> dict[str, object]:
    """A row of 发票基础信息."""
    return BASIC_ROW | changes


def line(**changes: object) -> dict[str, object]:
    """A row of 信息汇总表."""
    return LINE_ROW | changes


def digital(**changes: object) -> dict[str, object]:
    """A row of a fully digital invoice."""
    fields = {"发票代码": "", "发票号码": "", "数电发票号码": "26112000000000000001", "发票来源": "电子发票服务平台"}
    return row(**fields | {"发票票种": "数电发票（普通发票）"} | changes)


def book(path: Path, **sheets: Sequence[dict[str, object]]) -> Path:
    """A workbook; a sheet's columns are those of its first row."""
    with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for at, title in enumerate(rows[0] if rows else BASIC_ROW):
                sheet.write_string(0, at, title)
            for number, cells in enumerate(rows, 1):
                for at, cell in enumerate(cells.values()):
                    if cell != "":
                        sheet.write(number, at, cell)
    return path


ORIGINAL = """<?xml version="1.0" encoding="utf-8"?>
<eInvoice xmlns:fp="urn:x"><fp:InvoiceCode>{code}</fp:InvoiceCode><fp:InvoiceNo>12345678</fp:InvoiceNo>
<fp:IssueDate>2026年10月08日</fp:IssueDate><fp:MachineNo>990000000261</fp:MachineNo>
<fp:Seller><fp:SellerName>示例商贸</fp:SellerName><fp:SellerTaxID>91999999000000107U</fp:SellerTaxID></fp:Seller>
<fp:TaxTotalAmount>{tax}</fp:TaxTotalAmount><fp:TaxExclusiveTotalAmount>90.00</fp:TaxExclusiveTotalAmount>
<fp:GoodsInfos>
<fp:GoodsInfo><fp:Item>*蔬菜*甲</fp:Item><fp:Amount>100.00</fp:Amount><fp:TaxScheme>{rate}</fp:TaxScheme><fp:TaxAmount>{tax1}</fp:TaxAmount></fp:GoodsInfo>
<fp:GoodsInfo><fp:Item>*蔬菜*甲</fp:Item><fp:Amount>-10.00</fp:Amount><fp:TaxScheme>{rate}</fp:TaxScheme><fp:TaxAmount>{tax2}</fp:TaxAmount></fp:GoodsInfo>
</fp:GoodsInfos></eInvoice>"""


def original(code="033002600211", rate="9%", tax="8.10", tax1="9.00", tax2="-0.90") -> str:
    """An ``original_invoice.xml`` of a goods line and its discount line."""
    return ORIGINAL.format(code=code, rate=rate, tax=tax, tax1=tax1, tax2=tax2)


def ofd(path: Path, *, data: dict[str, str] | None = None, members: dict[str, str] | None = None) -> Path:
    """An OFD with CustomDatas and whatever members."""
    entries = "".join(f'<o:CustomData Name="{name}">{text}</o:CustomData>' for name, text in (data or {}).items())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "OFD.xml",
            f'<o:OFD xmlns:o="http://www.ofdspec.org/2016"><o:DocBody><o:DocInfo><o:CustomDatas>{entries}</o:CustomDatas>'
            "</o:DocInfo><o:DocRoot>Doc_0/Document.xml</o:DocRoot></o:DocBody></o:OFD>",
        )
        for name, text in (members or {}).items():
            archive.writestr(name, text)
    return path


def einvoice(**changes: str) -> str:
    """A small EInvoice."""
    f = {
        "blue": "Y",
        "kind": "02",
        "number": "26990000000000000001",
        "amount": "100.00",
        "tax": "6.00",
        "total": "106.00",
    } | changes
    return (
        '<?xml version="1.0" encoding="utf-8"?><EInvoice><Header><EIid>' + f["number"] + "</EIid><InherentLabel>"
        f"<InIssuType><LabelCode>{f['blue']}</LabelCode></InIssuType>"
        f"<GeneralOrSpecialVAT><LabelCode>{f['kind']}</LabelCode></GeneralOrSpecialVAT></InherentLabel></Header>"
        "<EInvoiceData><SellerInformation><SellerName>示例</SellerName></SellerInformation><BasicInformation>"
        f"<TotalAmWithoutTax>{f['amount']}</TotalAmWithoutTax><TotalTaxAm>{f['tax']}</TotalTaxAm>"
        f"<TotalTax-includedAmount>{f['total']}</TotalTax-includedAmount><RequestTime>2026-10-08</RequestTime></BasicInformation>"
        "</EInvoiceData></EInvoice>"
    )


class CarefulIntake(FileIntake):
    """Everything by the careful road: what a file means. That the fast road agrees is the ledger's affair."""

    def read(self, name: str, path: Path, progress: Progress | None = None) -> Reading:
        return self.whole(super().read(name, path, progress), progress)


@pytest.fixture
def intake(tmp_path: Path) -> FileIntake:
    return CarefulIntake(tmp_path / "kept", IMPORTERS)


@pytest.fixture
def read(intake: FileIntake) -> Callable[[Path], Reading]:
    return lambda path: intake.read(path.name, path)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """A file of those bytes."""

    def write(content: bytes | str, name: str = "文件.bin") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
