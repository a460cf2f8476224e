"""The XML of a fully digital invoice (数电发票 EInvoice; the Ministry of Finance's data standard, domain note section 3.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import kinds
from fapiao_kernel.records.intake.draft import Draft, DraftLine
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.values import compact, digits
from fapiao_kernel.records.intake.xml_files import read_xml, root_name

NEWEST = Decimal("0.33")
"""The newest version that is known; the first public one is 0.2."""
_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?EInvoice[\s>/]")
_KINDS = {"01": InvoiceType.DIGITAL_SPECIAL, "02": InvoiceType.DIGITAL_ORDINARY}
"""GeneralOrSpecialVAT: 01 专票, 02 普票."""
_RED_CODES = frozenset({"N", "n", "0", "02"})
"""InIssuType says whether it is blue: Y or N; other writers use the digits of 发票正负."""


@dataclass(frozen=True)
class DigitalXml:
    """The importer ``digital-xml``."""

    id: str = "digital-xml"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """XML that speaks of an ``EInvoice``, in whatever encoding."""
        root = root_name(head)
        return root == "EInvoice" or (bool(root) and root != "xbrl" and bool(_ELEMENT.search(head.replace(b"\0", b""))))

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """The one invoice of the file. Raises ``Refused``."""
        root = read_xml(path, "EInvoice")
        if etree.QName(root).localname != "EInvoice":
            raise Refused("intake_xml_other", root=etree.QName(root).localname)
        content = draft(root).content()
        version = (root.findtext("{*}Header/{*}Version") or "").strip()
        if _is_newer(version):
            newer = finding("intake_version_newer", version=version[:20], known=NEWEST)
            return replace(content, findings=(*content.findings, newer))
        return content


def _is_newer(version: str) -> bool:
    try:
        return bool(version) and not Decimal(version) <= NEWEST
    except InvalidOperation:
        return True


def draft(root: etree._Element) -> Draft:
    """What the XML says, as text."""

    def text(*path: str) -> str:
        return (root.findtext("/".join(f"{{*}}{step}" for step in path)) or "").strip()

    def first(*paths: tuple[str, ...]) -> str:
        return next((found for path in paths if (found := text(*path))), "")

    label = ("Header", "InherentLabel")
    data = "EInvoiceData"
    basic = (data, "BasicInformation")
    code, name = (text(*label, "GeneralOrSpecialVAT", part) for part in ("LabelCode", "LabelName"))
    # LabelName is the kind in some versions and the label's own name in others
    kind = _KINDS.get(code) or kinds.by_name(name, kinds.DIGITAL_SOURCE)
    red = tuple((*where, "RedEInvoice") for where in ((data, "SpecificInformation"), (data,)))
    blue = first((*label, "InIssuType", "LabelCode"), (*label, "InIssueType", "LabelCode"))
    return Draft(
        number=_number(
            text("TaxSupervisionInfo", "InvoiceNumber"), text("Header", "EIid"), text("Header", "InvoiceNumber")
        ),
        kind=kind,
        title=name or code,
        issued=first(("TaxSupervisionInfo", "IssueTime"), (*basic, "IssueTime"), (*basic, "RequestTime")),
        amount=text(*basic, "TotalAmWithoutTax"),
        tax=text(*basic, "TotalTaxAm"),
        total=first((*basic, "TotalTax-includedAmount"), (*basic, "TotaltaxIncludedAmount")),
        seller_id=text(data, "SellerInformation", "SellerIdNum"),
        seller_name=text(data, "SellerInformation", "SellerName"),
        buyer_id=text(data, "BuyerInformation", "BuyerIdNum"),
        buyer_name=text(data, "BuyerInformation", "BuyerName"),
        remark=first((data, "AdditionalInformation", "Remark"), (data, "Remark")),
        red=blue in _RED_CODES,
        red_of=first(
            *((*each, field) for each in red for field in ("OriginalInvoiceNumber", "OriginalInvoiceCode")),
        ),
        lines=tuple(_line(item) for item in root.iterfind(f"{{*}}{data}/{{*}}IssuItemInformation")),
    )


def _number(*found: str) -> str:
    """The 20 digits among the places that may hold them: EIid is the number in some versions and an id of its own in others."""
    return next((each for each in found if digits(compact(each), 20)), next(filter(None, found), ""))


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
