"""XML of issuing software (开票软件导出, mostly GBK): ``business/body/output`` of 百旺, ``Kp/Fpxx/Fpsj/Fp`` of 航信, and their like.

A node that has a code or a number is an invoice, wherever it stands; a node inside that names goods is a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import values
from fapiao_kernel.records.intake.draft import Draft, DraftLine
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.issuing_fields import CODE, HEAD, LINE, NUMBER, Fields, name_of
from fapiao_kernel.records.intake.xml_files import read_xml, root_name
from fapiao_kernel.records.language import either

_ROOTS = frozenset(
    {"business", "kp", "fpxx", "fpsj", "fpxtoutput", "fpxtinput", "rd", "response", "interface", "service"}
)
_WORDS = (b"fphm", b"fp_hm", b"fpdm", b"fp_dm", b"<fp>", b"fpsj")
_SEE_LIST = ("详见销货清单", "详见对应正数发票及清单")
"""The line that stands for a list on a second sheet; the list's own lines come besides."""
LARGEST = 32 << 20
"""Bytes of one file, some 75,000 invoices; read, it takes eighteen times as much memory."""
_TICK = 1000


@dataclass(frozen=True)
class IssuingXml:
    """The importer ``issuing-xml``."""

    id: str = "issuing-xml"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """XML of a root that issuing software writes, or that speaks of 发票号码 in its way."""
        root = root_name(head).lower().replace("_", "")
        small = head.replace(b"\0", b"").lower()
        return (
            bool(root)
            and root not in ("einvoice", "xbrl")
            and (root in _ROOTS - {"rd", "response", "interface", "service"} or any(word in small for word in _WORDS))
        )

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Every invoice that can be read, and a finding for each that cannot. Raises ``Refused`` when there is none at all."""
        root = read_xml(path, "发票", LARGEST)
        nodes = list(_invoices(root))
        if not nodes:
            answer = next((each.text for each in root.iter("{*}returnmsg") if each.text), "")
            raise Refused("intake_issuing_empty", answer=f"（{answer[:60]}）" if answer else "")
        invoices: list[Invoice] = []
        findings: list[Finding] = []
        known: dict[etree._Element, Fields] = {}
        for row, node in enumerate(nodes, 1):
            if progress and row % _TICK == 1:
                progress(either("读取发票", "Reading invoices"), row, len(nodes))
            try:
                content = _draft(node, known, alone=len(nodes) == 1).content()
            except FapiaoError as error:
                findings.append(_placed(error.finding(row), row, node))
                continue
            invoices += [replace(invoice, row=row) for invoice in content.invoices]
            findings += [_placed(replace(each, row=row), row, node) for each in content.findings]
        return Content(invoices, tuple(findings))


def _placed(found: Finding, row: int, node: etree._Element) -> Finding:
    place = f"第 {row} 张，文件第 {node.sourceline} 行"
    return replace(found, evidence=f"{place} {found.evidence}".strip())


def _invoices(root: etree._Element) -> Iterator[etree._Element]:
    """Nodes with a code or a number of their own, in the file's order."""
    seen = None
    for element in root.iter(etree.Element):
        if len(element) == 0 and name_of(element) in CODE + NUMBER and (element.text or "").strip():
            parent = element.getparent()
            if parent is not None and parent is not seen:
                seen = parent
                if not any(name_of(each) == "qshm" for each in parent.iterchildren(etree.Element)):  # a volume (发票卷)
                    yield parent


def _draft(node: etree._Element, known: dict[etree._Element, Fields], *, alone: bool) -> Draft:
    """``known``: what stands above invoices, read once; it has all of them for its children."""
    own = Fields(node)
    above = [own]
    for parent in node.iterancestors():
        if parent not in known:
            known[parent] = Fields(parent)
        above.append(known[parent])
    text = {field: own.get(*names) for field, names in HEAD.items()}
    text["machine_number"] = next((found for each in above if (found := each.get(*HEAD["machine_number"]))), "")
    states = own.states()
    if own.blank():
        text |= {name: text[name] or "0" for name in ("amount", "tax")}
    lines = list(_lines(node)) or (list(_lines(parent)) if alone and (parent := node.getparent()) is not None else [])
    return Draft(
        **text,  # type: ignore[arg-type]  # keys are Draft fields of text
        kind=next((kind for each in above if (kind := each.kind())), None),
        title=own.get("fplxmc", "fpzlmc", "fpzl", "fplx"),
        void="void" in states,
        red="red" in states,
        red_of=own.red_of(),
        uploaded=own.uploaded(),
        rate=own.get("slv", "sl", "zhsl"),
        lines=tuple(_without_tax(lines, text["total"])),
    )


def _lines(node: etree._Element) -> Iterator[DraftLine]:
    """Goods lines; where a list (清单) is given besides the line that stands for it, the list's alone."""
    found = [child for child in node.iter(etree.Element) if child is not node and _names_goods(child)]
    listed = [each for each in found if any(name_of(above) in ("qdxm", "qdxmxx") for above in each.iterancestors())]
    for child in listed or found:
        fields = Fields(child)
        text = {field: fields.get(*names) for field, names in LINE.items()}
        if len(found) > 1 and any(word in text["item"] for word in _SEE_LIST):
            continue
        rate = fields.get("slv", "taxrate")
        quantity = fields.get("spsl", "xmsl") or (fields.get("sl") if rate else "")  # 航信: Sl is 数量 and Slv 税率
        yield DraftLine(**text, rate=rate or fields.get("sl"), quantity=quantity)


def _names_goods(node: etree._Element) -> bool:
    return len(node) > 0 and bool(Fields(node).get(*LINE["item"]))


def _without_tax(lines: list[DraftLine], total: str) -> list[DraftLine]:
    """Lines whose amounts hold the tax (含税) without it: known by their sum, which is the total then."""
    try:
        amounts = [values.amount(line.amount or "0") for line in lines]
        taxes = [values.tax(line.tax) for line in lines]
        if not any(taxes) or sum(amounts, Decimal(0)) != values.amount(total):
            return lines
    except ValueError:
        return lines
    return [replace(line, amount=str(amount - tax)) for line, amount, tax in zip(lines, amounts, taxes, strict=True)]


IMPORTER = IssuingXml()
