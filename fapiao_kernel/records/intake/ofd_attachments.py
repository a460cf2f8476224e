"""The machine-readable attachments of an invoice OFD (附件): ``original_invoice.xml`` and XBRL."""

from __future__ import annotations

from lxml import etree

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
    """``inv_ord_issuer_*.xml``: XBRL of the electronic voucher standard (电子凭证会计数据标准)."""
    text = _texts(root)
    return Draft(
        code=text.get("CodeOfInvoice", ""),
        number=text.get("NumberOfInvoice", ""),
        title=text.get("TypeOfInvoice", ""),
        issued=text.get("DateOfIssue", ""),
        amount=text.get("TotalAmountExcludingTax", ""),
        tax=text.get("TotalTaxAmount", ""),
        total=text.get("TaxIncludedAmountInFigures", ""),
        seller_id=text.get(_ID + "Seller", ""),
        seller_name=text.get("NameOfSeller", ""),
        buyer_id=text.get(_ID + "Purchaser", ""),
        buyer_name=text.get("NameOfPurchaser", ""),
        machine_number=text.get("NumberOfInvoiceMachine", ""),
        remark=text.get("Remarks", ""),
        void=text.get("VoidMark", "") == "Y",
        lines=tuple(_detail(item) for item in root.iter(f"{{*}}{_TUPLE}")),
    )


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
