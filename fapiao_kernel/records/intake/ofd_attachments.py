"""The machine-readable attachments of an invoice OFD (附件): ``original_invoice.xml`` and XBRL."""

from __future__ import annotations

from lxml import etree

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.intake.draft import Draft, DraftLine


def original(root: etree._Element) -> Draft:
    """``Attachs/original_invoice.xml``: what the issuing software sent; it knows the machine number."""
    text = _texts(root)
    return Draft(
        code=text.get("InvoiceCode", ""),
        number=text.get("InvoiceNo", ""),
        issued=text.get("IssueDate", ""),
        amount=text.get("TaxExclusiveTotalAmount", ""),
        tax=text.get("TaxTotalAmount", ""),
        total=text.get("TaxInclusiveTotalAmount", ""),
        seller_id=text.get("SellerTaxID", ""),
        seller_name=text.get("SellerName", ""),
        buyer_id=text.get("BuyerTaxID", ""),
        buyer_name=text.get("BuyerName", ""),
        machine_number=text.get("MachineNo", ""),
        remark=text.get("Note", ""),
        lines=tuple(_goods(item) for item in root.iter("{*}GoodsInfo")),
    )


def _goods(item: etree._Element) -> DraftLine:
    text = _texts(item)
    return DraftLine(
        text.get("Item", ""),
        text.get("Amount", ""),
        text.get("TaxScheme", ""),
        text.get("TaxAmount", ""),
        text.get("Code", ""),
        text.get("Specification", ""),
        text.get("MeasurementDimension", ""),
        text.get("Quantity", ""),
        text.get("Price", ""),
    )


_ID = "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOf"
_TUPLE = "InformationOfTaxableGoodsOrServicesDetailItemsTuple"


def xbrl(root: etree._Element) -> Draft:
    """XBRL of the electronic voucher standard (电子凭证会计数据标准): ``inv_…`` of device invoices, ``einv_…`` of fully digital ones.

    The names of ``einv`` are those of the EInvoice tree; whether it is a 专票 is told by the schema that the instance refers to.
    """
    text = _texts(root)

    def first(*names: str) -> str:
        return next((text[name] for name in names if name in text), "")

    return Draft(
        code=first("CodeOfInvoice"),
        number=first("NumberOfInvoice", "InvoiceNumber"),
        kind=_schema_kind(root),
        title=first("TypeOfInvoice"),
        issued=first("DateOfIssue", "IssueTime", "RequestTime"),
        amount=first("TotalAmountExcludingTax", "TotalAmWithoutTax"),
        tax=first("TotalTaxAmount", "TotalTaxAm"),
        total=first("TaxIncludedAmountInFigures", "TotalTax-includedAmount"),
        seller_id=first(_ID + "Seller", "SellerIdNum"),
        seller_name=first("NameOfSeller", "SellerName"),
        buyer_id=first(_ID + "Purchaser", "BuyerIdNum"),
        buyer_name=first("NameOfPurchaser", "BuyerName"),
        machine_number=first("NumberOfInvoiceMachine"),
        remark=first("Remarks", "Remark"),
        void=first("VoidMark") == "Y",
        red=first("WhetherEinvoiceIsRedEinvoice").lower() in ("true", "y", "1", "是"),
        red_of=first("OriginalInvoiceCode"),
        lines=tuple(_detail(item) for item in root.iter(f"{{*}}{_TUPLE}")),
    )


def _schema_kind(root: etree._Element) -> InvoiceType | None:
    for reference in root.iter("{*}schemaRef"):
        schema = " ".join(str(value) for value in reference.attrib.values())
        if "einv_spcl" in schema:
            return InvoiceType.DIGITAL_SPECIAL
        if "einv_ord" in schema:
            return InvoiceType.DIGITAL_ORDINARY
    return None


def _detail(item: etree._Element) -> DraftLine:
    text = _texts(item)
    return DraftLine(
        text.get("NameOfTaxableGoodsOrServices", ""),
        text.get("AmountExcludingTax", ""),
        text.get("TaxRate", ""),
        text.get("TaxAmount", ""),
        text.get("TaxClassificationCode", ""),
    )


def _texts(root: etree._Element) -> dict[str, str]:
    """Text of every leaf by its local name, the first of each; blank ones are nothing."""
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        if len(element) == 0 and (text := (element.text or "").strip()):
            found.setdefault(etree.QName(element).localname, text)
    return found
