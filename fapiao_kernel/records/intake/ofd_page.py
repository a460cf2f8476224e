"""What is printed on an OFD's pages (版面): texts by the tags that name them, and the title."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from lxml import etree

from fapiao_kernel.records.intake.draft import Draft, DraftLine
from fapiao_kernel.records.intake.limits import member, parse_xml
from fapiao_kernel.records.intake.values import amount

_TAGS = re.compile(r"/Tags/CustomTag\.xml$", re.IGNORECASE)
_TITLE = re.compile(r"\S*(?:专用发票|普通发票|统一发票|电子客票|通行费)\S*")
_SAME_LINE = 2.0
"""Millimetres: the texts of one goods line lie at nearly one height; lines are 4.5 mm apart on the forms."""


@dataclass(frozen=True)
class _Printed:
    text: str
    page: int
    y: float


def tagged(archive: zipfile.ZipFile, names: list[str], document: str) -> Draft:
    """The invoice as its page shows it; empty where the document has no tags. Only the title comes without them."""
    if document not in names:
        return Draft()
    root = parse_xml(member(archive, document), name=document)
    folder = posixpath.dirname(document)
    pages = [posixpath.join(folder, page.get("BaseLoc", "").lstrip("/")) for page in root.iterfind("{*}Pages/{*}Page")]
    forms = [
        posixpath.join(folder, form.get("BaseLoc", "").lstrip("/"))
        for form in root.iterfind("{*}CommonData/{*}TemplatePage")
    ]
    printed = _printed(archive, [name for name in pages if name in names])
    texts = chain(_texts(archive, [name for name in forms if name in names]), (p.text for p in printed.values()))
    title = next((text for text in texts if _TITLE.fullmatch(text)), "")
    tags = next((name for name in names if _TAGS.search(name)), None)
    if tags is None:
        return Draft(title=title)
    return _by_tags(parse_xml(member(archive, tags), name=tags, lenient=True), printed, title)


def _printed(archive: zipfile.ZipFile, names: list[str]) -> dict[str, _Printed]:
    found = {}
    for page, name in enumerate(names):
        for item in parse_xml(member(archive, name), name=name).iter("{*}TextObject"):
            found[item.get("ID", "")] = _Printed(_text(item), page, _top(item.get("Boundary", "")))
    return found


def _texts(archive: zipfile.ZipFile, names: list[str]) -> Iterator[str]:
    for name in names:
        for item in parse_xml(member(archive, name), name=name).iter("{*}TextObject"):
            yield _text(item)


def _text(item: etree._Element) -> str:
    return "".join([code.text or "" for code in item.iterfind("{*}TextCode")]).strip()


def _top(boundary: str) -> float:
    try:
        return float(boundary.split()[1])
    except (IndexError, ValueError):
        return 0.0


def _by_tags(root: etree._Element, printed: dict[str, _Printed], title: str) -> Draft:
    named: dict[str, list[_Printed]] = {}
    for reference in root.iter():
        if isinstance(reference.tag, str) and _local(reference) == "ObjectRef" and reference.text:
            parent = reference.getparent()
            if parent is not None and (item := printed.get(reference.text.strip())) is not None:
                named.setdefault(_local(parent), []).append(item)

    def text(name: str) -> str:
        return "".join(item.text for item in named.get(name, ())).strip()

    return Draft(
        code=text("InvoiceCode"),
        number=text("InvoiceNo"),
        title=title,
        issued=text("IssueDate"),
        amount=_figure(named, "TaxExclusiveTotalAmount"),
        tax=_figure(named, "TaxTotalAmount"),
        total=_figure(named, "TaxInclusiveTotalAmount"),
        seller_id=text("SellerTaxID"),
        seller_name=text("SellerName"),
        buyer_id=text("BuyerTaxID"),
        buyer_name=text("BuyerName"),
        machine_number=text("MachineNo"),
        remark=text("Note"),
        lines=_goods(named),
    )


def _figure(named: dict[str, list[_Printed]], name: str) -> str:
    """An amount among the texts of a tag: beside it stand ¥ and the amount in words."""
    for item in named.get(name, ()):
        bare = item.text.strip("¥￥ ")
        if bare == "***" or any(c.isdigit() for c in bare):
            return bare
    return ""


def _goods(named: dict[str, list[_Printed]]) -> tuple[DraftLine, ...]:
    """Goods lines: each amount begins one, and what is printed at its height or below it, above the next, belongs to it."""
    starts = sorted(named.get("Amount", ()), key=lambda item: (item.page, item.y))
    rows: list[dict[str, str]] = [{} for _ in starts]
    for name in (
        "Item",
        "Specification",
        "MeasurementDimension",
        "Quantity",
        "Price",
        "Amount",
        "TaxScheme",
        "TaxAmount",
    ):
        for item in named.get(name, ()):
            place = sum((s.page, s.y) <= (item.page, item.y + _SAME_LINE) for s in starts) - 1
            if place >= 0:
                rows[place][name] = rows[place].get(name, "") + item.text
    lines = tuple(
        DraftLine(
            row.get("Item", ""),
            row.get("Amount", ""),
            row.get("TaxScheme", ""),
            row.get("TaxAmount", ""),
            "",
            row.get("Specification", ""),
            row.get("MeasurementDimension", ""),
            row.get("Quantity", ""),
            row.get("Price", ""),
        )
        for row in rows
    )
    return lines if _readable(lines) else ()


def _readable(lines: tuple[DraftLine, ...]) -> bool:
    """Lines are read from their place on the page: when one makes no sense, none is believed."""
    try:
        return all(amount(line.line().amount) is not None for line in lines)
    except ValueError:
        return False


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]
