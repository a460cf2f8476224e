"""The XML of a fully digital invoice (数电发票 EInvoice; the Ministry of Finance's data standard, domain note section 3.5)."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake.draft import Draft, DraftLine
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import MEMBER, parse_xml

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = {"01": InvoiceType.DIGITAL_SPECIAL, "02": InvoiceType.DIGITAL_ORDINARY}
"""GeneralOrSpecialVAT: 01 专票, 02 普票."""


@dataclass(frozen=True)
class DigitalXml:
    """The importer ``digital-xml``."""

    id: str = "digital-xml"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """XML that speaks of an ``EInvoice``, in whatever encoding."""
        for mark in _MARKS:
            head = head.removeprefix(mark)
        plain = head.replace(b"\0", b"").lstrip()
        return plain.startswith(b"<") and b"EInvoice" in plain

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """The one invoice of the file. Raises ``Refused``."""
        if (size := path.stat().st_size) > MEMBER:
            raise Refused("intake_too_large", size=size >> 20, most=MEMBER >> 20)
        root = parse_xml(path.read_bytes(), name="EInvoice")
        if etree.QName(root).localname != "EInvoice":
            raise Refused("intake_xml_other", root=etree.QName(root).localname)
        return draft(root).content()


def draft(root: etree._Element) -> Draft:
    """What the XML says, as text."""

    def text(*path: str) -> str:
        return (root.findtext("/".join(f"{{*}}{step}" for step in path)) or "").strip()

    label = ("Header", "InherentLabel")
    data = "EInvoiceData"
    basic = (data, "BasicInformation")
    code = text(*label, "GeneralOrSpecialVAT", "LabelCode")
    return Draft(
        number=text("TaxSupervisionInfo", "InvoiceNumber") or text("Header", "EIid"),
        kind=_KINDS.get(code),
        title=text(*label, "GeneralOrSpecialVAT", "LabelName") or code,
        issued=text("TaxSupervisionInfo", "IssueTime") or text(*basic, "RequestTime"),
        amount=text(*basic, "TotalAmWithoutTax"),
        tax=text(*basic, "TotalTaxAm"),
        total=text(*basic, "TotalTax-includedAmount"),
        seller_id=text(data, "SellerInformation", "SellerIdNum"),
        seller_name=text(data, "SellerInformation", "SellerName"),
        buyer_id=text(data, "BuyerInformation", "BuyerIdNum"),
        buyer_name=text(data, "BuyerInformation", "BuyerName"),
        remark=text(data, "AdditionalInformation", "Remark"),
        red=text(*label, "InIssuType", "LabelCode") == "N",
        red_of=text(data, "SpecificInformation", "RedEInvoice", "OriginalInvoiceCode"),
        lines=tuple(_line(item) for item in root.iterfind(f"{{*}}{data}/{{*}}IssuItemInformation")),
    )


def _line(item: etree._Element) -> DraftLine:
    def text(name: str) -> str:
        return (item.findtext(f"{{*}}{name}") or "").strip()

    return DraftLine(
        text("ItemName"),
        text("Amount"),
        text("TaxRate"),
        text("ComTaxAm"),
        text("TaxClassificationCode"),
        text("SpecMod"),
        text("MeaUnits"),
        text("Quantity"),
        text("UnPrice"),
    )


IMPORTER = DigitalXml()
