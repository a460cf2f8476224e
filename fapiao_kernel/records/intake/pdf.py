"""Invoices as PDF with a text layer (PDF): fully digital ones and electronic ones of tax-control devices.

An XML that the PDF carries as an attachment knows better than what is printed, and is read first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import digital_xml, ofd_attachments, pdf_invoice
from fapiao_kernel.records.intake.draft import Draft
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import MEMBER, parse_xml
from fapiao_kernel.records.intake.pdf_reader import Printed, Reader
from fapiao_kernel.records.intake.pdf_text import Row
from fapiao_kernel.records.language import either

_WITHIN = 1024
"""Readers look for the signature in so many bytes (PDF 32000-1, implementation note in annex H)."""
_WANTED = {"seller_name": "销售方名称", "seller_id": "销售方识别号", "buyer_name": "购买方名称"}
READER = Reader()


@dataclass(frozen=True)
class Pdf:
    """The importer ``pdf``."""

    id: str = "pdf"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """The signature near the beginning."""
        return b"%PDF-" in head[:_WITHIN]

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Every invoice in it. Raises ``Refused``: ``intake_pdf_damaged``, ``intake_pdf_locked``, ``intake_pdf_large``,
        ``intake_pdf_failed``, ``intake_pdf_scanned``, ``intake_pdf_other``.
        """
        if (size := path.stat().st_size) > MEMBER:
            raise Refused("intake_too_large", size=size >> 20, most=MEMBER >> 20)
        if progress:
            progress(either("读取 PDF", "Reading PDF"), 0, 0)
        return _content(READER.read(path))


def _content(printed: Printed) -> Content:
    pages = printed.pages
    attached = list(_attached(printed.attached))
    empty = [at for at, page in enumerate(pages, 1) if not page]
    groups = _groups(pages)
    if len(groups) <= 1 and attached:
        return _over(attached, groups).content()
    if len(empty) == len(pages):
        raise Refused("intake_pdf_scanned", pages=f"1–{len(pages)}" if len(pages) > 1 else "1")
    if not groups:
        raise Refused("intake_pdf_other")
    invoices: list[Invoice] = []
    findings: list[Finding] = []
    if empty:
        findings.append(finding("intake_pdf_scanned", pages="、".join(map(str, empty[:10]))))
    for first, group in groups:
        found, told = _one(first, group)
        invoices += found
        findings += told
    return Content(invoices, tuple(findings))


def _one(first: int, group: list[list[Row]]) -> tuple[list[Invoice], list[Finding]]:
    draft = pdf_invoice.draft(group)
    try:
        content = draft.content()
    except FapiaoError as error:
        return [], [replace(error.finding(first), evidence=f"第 {first} 页 {error.original}".strip())]
    findings = [replace(each, row=first) for each in content.findings]
    if lacking := [name for field, name in _WANTED.items() if not getattr(draft, field)]:
        findings.append(finding("intake_pdf_partial", row=first, page=first, fields="、".join(lacking)))
    return [replace(invoice, row=first) for invoice in content.invoices], findings


def _groups(pages: list[list[Row]]) -> list[tuple[int, list[list[Row]]]]:
    """Pages that belong together, with the first one's number: a page of another 发票号码 begins the next invoice."""
    groups: list[tuple[int, list[list[Row]]]] = []
    last = ""
    for at, page in enumerate(pages, 1):
        found = pdf_invoice.number(page)
        if found and found != last:
            groups.append((at, [page]))
            last = found
        elif groups:
            groups[-1][1].append(page)
    return groups


def _over(attached: list[Draft], groups: list[tuple[int, list[list[Row]]]]) -> Draft:
    """The attachment's word, completed by what is printed."""
    printed = [pdf_invoice.draft(group) for _, group in groups]
    whole = attached[0]
    for other in (*attached[1:], *printed):
        whole = whole.over(other)
    return whole


def _attached(attached: list[bytes]) -> Iterator[Draft]:
    """Invoices among the attachments (XBRL or EInvoice); whatever else is attached is not ours."""
    for content in attached:
        try:
            root = parse_xml(content, name="附件")
        except FapiaoError:  # a damaged one: the page is there
            continue
        name = etree.QName(root).localname
        draft = (
            ofd_attachments.xbrl(root) if name == "xbrl" else digital_xml.draft(root) if name == "EInvoice" else None
        )
        if draft is not None and draft.number:
            yield draft


IMPORTER = Pdf()
