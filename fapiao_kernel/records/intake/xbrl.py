"""XBRL of the electronic voucher standard (电子凭证会计数据标准) as a file of its own: an ``…_issuer_….xml`` taken out of an OFD, or a
receiver's instance, which has the same invoice and its bookkeeping besides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake import ofd_attachments
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.xml_files import read_xml, root_name

_NUMBERS = ("NumberOfInvoice", "InvoiceNumber")


@dataclass(frozen=True)
class Xbrl:
    """The importer ``xbrl``."""

    id: str = "xbrl"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """XML whose root is ``xbrl``."""
        return root_name(head) == "xbrl"

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """The one invoice of the instance. Raises ``Refused``; ``intake_xbrl_other`` for a voucher of another sort (bank slip, ticket)."""
        root = read_xml(path, "xbrl")
        if not any(etree.QName(each).localname in _NUMBERS for each in root.iter(etree.Element)):
            first = next((etree.QName(each).localname for each in root if isinstance(each.tag, str)), "-")
            raise Refused("intake_xbrl_other", first=first)
        return ofd_attachments.xbrl(root).content()


IMPORTER = Xbrl()
