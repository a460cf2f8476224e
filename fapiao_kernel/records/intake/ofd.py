"""Invoices as OFD (GB/T 33190; a zip of XML): 税控 electronic ones and fully digital ones (数电), see the domain note, section 3.5.

The attached XML knows most, then XBRL, then the tags that say which text on the page is what, then the document's own data.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import ofd_attachments, ofd_page
from fapiao_kernel.records.intake.draft import Draft
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.limits import member, names_in, parse_xml

_ROOT = "OFD.xml"
_ATTACHED = re.compile(r"(?:^|/)original_invoice\.xml$", re.IGNORECASE)
_XBRL = re.compile(r"(?:^|/)e?inv_\w*(?:issuer|receiver)\w*\.(?:xml|xbrl)$", re.IGNORECASE)


@dataclass(frozen=True)
class Ofd:
    """The importer ``ofd``."""

    id: str = "ofd"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """A zip with ``OFD.xml`` at its root."""
        return _ROOT in names_in(path, head)

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """Its invoice (one for each document inside). Raises ``Refused``; ``intake_ofd_other`` when none is an invoice."""
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            root = parse_xml(member(archive, _ROOT), name=_ROOT)
            drafts = [_draft(archive, names, body) for body in root.iterfind("{*}DocBody")]
        contents = [draft.content() for draft in drafts if draft.number]
        if not contents:
            raise Refused("intake_ofd_other")
        invoices = tuple(invoice for content in contents for invoice in content.invoices)
        return Content(invoices, tuple(finding for content in contents for finding in content.findings))


def _draft(archive: zipfile.ZipFile, names: list[str], body: etree._Element) -> Draft:
    document = (body.findtext("{*}DocRoot") or "").strip().lstrip("/")
    folder = posixpath.dirname(document)
    inside = [name for name in names if name.startswith(folder + "/")] if folder else names
    drafts = [
        ofd_attachments.original(parse_xml(member(archive, name), name=name))
        for name in inside
        if _ATTACHED.search(name)
    ]
    drafts += [
        ofd_attachments.xbrl(parse_xml(member(archive, name), name=name)) for name in inside if _XBRL.search(name)
    ]
    drafts.append(ofd_page.tagged(archive, inside, document))
    drafts.append(_own_data(body))
    return reduce(Draft.over, drafts)


_OWN = {
    "发票代码": "code",
    "发票号码": "number",
    "开票日期": "issued",
    "合计金额": "amount",
    "合计税额": "tax",
    "价税合计": "total",
    "销售方纳税人识别号": "seller_id",
    "销售方名称": "seller_name",
    "购买方纳税人识别号": "buyer_id",
    "购买方名称": "buyer_name",
    "机器编号": "machine_number",
}


def _own_data(body: etree._Element) -> Draft:
    """CustomDatas of the document's information."""
    found = {}
    for entry in body.iterfind("{*}DocInfo/{*}CustomDatas/{*}CustomData"):
        if name := _OWN.get(entry.get("Name", "").strip()):
            found[name] = (entry.text or "").strip()
    return Draft(**found)  # type: ignore[arg-type]  # keys are Draft fields


IMPORTER = Ofd()
