"""Small OFD invoices of our own making, for measuring how many files a second come in.

Each is built as device software builds one: document, template and page, tags, and the attached ``original_invoice.xml``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

LINES = 2
_NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_CODE = "099002600111"
_FIELDS = {
    "InvoiceCode": _CODE,
    "IssueDate": "2026年10月08日",
    "MachineNo": "990000000261",
    "SellerName": "示例商贸有限公司",
    "SellerTaxID": "91999999000000107U",
    "BuyerName": "示例餐饮有限公司",
    "BuyerTaxID": "91999999000001070Y",
}
_LABELS = 120
"""Texts of the printed form, about as many as real templates have."""


def write_ofds(folder: Path, n: int) -> list[Path]:
    """Write ``n`` OFDs of different invoices below the folder; about 6 KB each, as they are without the seal's picture."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{at:06}.ofd", at) for at in range(n)]


def _write(path: Path, at: int) -> Path:
    cents = 10_000 + at * 7 % 900_000
    tax = round(cents * 9 / 100)
    amount, taxed, total = (f"{value // 100}.{value % 100:02}" for value in (cents, tax, cents + tax))
    fields = _FIELDS | {
        "InvoiceNo": f"{at + 1:08}",
        "TaxExclusiveTotalAmount": amount,
        "TaxTotalAmount": taxed,
        "TaxInclusiveTotalAmount": total,
    }
    lines = [("*蔬菜*示例", f"{cents // 100 - 1}.{cents % 100:02}", taxed), ("*蔬菜*示例乙", "1.00", "0.00")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OFD.xml", _root(fields))
        archive.writestr("Doc_0/Document.xml", _document())
        archive.writestr("Doc_0/PublicRes.xml", f"<ofd:Res {_NS}/>")
        archive.writestr(
            "Doc_0/Tpls/Tpl_0/Content.xml",
            _page([(i + 1000, 100, "标签") for i in range(_LABELS)], "增值税电子普通发票"),
        )
        texts, tags = _texts(fields, lines)
        archive.writestr("Doc_0/Pages/Page_0/Content.xml", _page(texts))
        archive.writestr("Doc_0/Tags/CustomTag.xml", tags)
        archive.writestr("Doc_0/Attachs/original_invoice.xml", _original(fields, lines))
    return path


def _root(fields: dict[str, str]) -> str:
    named = {
        "发票代码": "InvoiceCode",
        "发票号码": "InvoiceNo",
        "合计金额": "TaxExclusiveTotalAmount",
        "合计税额": "TaxTotalAmount",
    }
    data = "".join(f'<ofd:CustomData Name="{name}">{fields[key]}</ofd:CustomData>' for name, key in named.items())
    return (
        f"<ofd:OFD {_NS}><ofd:DocBody><ofd:DocInfo><ofd:CustomDatas>{data}</ofd:CustomDatas></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )


def _document() -> str:
    return (
        f'<ofd:Document {_NS}><ofd:CommonData><ofd:TemplatePage ID="2" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
        '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'
    )


def _page(texts: list[tuple[int, float, str]], title: str = "") -> str:
    shown = "".join(
        f'<ofd:TextObject ID="{id}" Boundary="10 {y} 60 5" Font="3" Size="3.175"><ofd:TextCode X="0" Y="3" DeltaX="g 9 3.1">{text}'
        "</ofd:TextCode></ofd:TextObject>"
        for id, y, text in ([(999, 5.0, title)] if title else []) + texts
    )
    return f"<ofd:Page {_NS}><ofd:Content><ofd:Layer ID='7'>{shown}</ofd:Layer></ofd:Content></ofd:Page>"


def _texts(fields: dict[str, str], lines: list[tuple[str, str, str]]) -> tuple[list[tuple[int, float, str]], str]:
    """The page's texts, and the tags that say which is what."""
    texts: list[tuple[int, float, str]] = []
    tags = ""
    cells = [(name, 10.0, text) for name, text in fields.items()]
    for at, (item, amount, tax) in enumerate(lines):
        row = {"Item": item, "Amount": amount, "TaxScheme": "9%", "TaxAmount": tax}
        cells += [(name, 60 + 4.5 * at, text) for name, text in row.items()]
    for id, (name, y, text) in enumerate(cells, 20):
        texts.append((id, y, text))
        tags += f'<{name}><ofd:ObjectRef PageRef="1">{id}</ofd:ObjectRef></{name}>'
    return texts, f"<eInvoice {_NS}>{tags}</eInvoice>"


def _original(fields: dict[str, str], lines: list[tuple[str, str, str]]) -> str:
    head = "".join(f"<fp:{name}>{text}</fp:{name}>" for name, text in fields.items())
    goods = "".join(
        f"<fp:GoodsInfo><fp:Item>{item}</fp:Item><fp:Amount>{amount}</fp:Amount><fp:TaxScheme>9%</fp:TaxScheme>"
        f"<fp:TaxAmount>{tax}</fp:TaxAmount></fp:GoodsInfo>"
        for item, amount, tax in lines
    )
    return f'<fp:eInvoice xmlns:fp="urn:x">{head}<fp:GoodsInfos>{goods}</fp:GoodsInfos></fp:eInvoice>'
