"""The frame of a message: ``business(id, comment) / body / group / data(name, value)``, encoded GBK.

Names are public (domain note 1.6 and 2.4: HX-Base, YWXmlBase.h); how they are arranged in one message is assumed, see
``EVIDENCE``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from fapiao_kernel.domain.card import Evidence
from fapiao_kernel.domain.errors import ProtocolError

LARGEST = 1_000_000
"""Bytes; a message of this family is a few kilobytes."""
MOST_GROUPS = 512
OK = "00"
"""The return code (returnCode) of a request that was carried out."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class MessageId(StrEnum):
    """Business ids. The first three are public; those that begin with FK are our own, for what no public source shows."""

    UPLOAD = "WLCB"
    """网络抄报: hand the sealed summary (汇总密文) to the tax side."""
    AUTHORISE = "JKHCQQ"
    """监控回传请求: ask for the clear payload (fpjkmw)."""
    CONFIRM = "QLJSJGQR"
    """清零解锁结果确认: tell the tax side that the device is cleared."""
    TIME = "FK_SJ"
    """Time of the tax side, and whether it is a practice one."""
    DECLARATION = "FK_SBCX"
    """Whether the return is filed (申报) and compared (票表比对)."""
    FILE = "FK_LXSB"
    """Practice only: file the return as the tax portal would (练习申报)."""
    CLEARED = "FK_QKCX"
    """Whether the tax side counts types and periods as cleared."""


COMMENTS: Mapping[MessageId, str] = {
    MessageId.UPLOAD: "网络抄报",
    MessageId.AUTHORISE: "监控回传请求",
    MessageId.CONFIRM: "清卡结果确认",
    MessageId.TIME: "局端时间",
    MessageId.DECLARATION: "申报查询",
    MessageId.FILE: "练习申报",
    MessageId.CLEARED: "清卡查询",
}

EVIDENCE: Mapping[MessageId, Evidence] = {
    MessageId.UPLOAD: Evidence.DOCUMENTED,
    MessageId.AUTHORISE: Evidence.DOCUMENTED,
    MessageId.CONFIRM: Evidence.DOCUMENTED,
    MessageId.TIME: Evidence.ASSUMED,
    MessageId.DECLARATION: Evidence.ASSUMED,
    MessageId.FILE: Evidence.ASSUMED,
    MessageId.CLEARED: Evidence.ASSUMED,
}
"""How well each is known. DOCUMENTED: its name and fields stand in public sources; nowhere is a whole message shown."""

Group = Mapping[str, str]
"""One ``group``: names and values of its ``data``."""


@dataclass(frozen=True)
class Request:
    """One request. ``device_number`` skph, ``taxpayer_id`` nsrsbh; both empty where nobody is asked about."""

    id: MessageId
    device_number: str
    taxpayer_id: str
    groups: tuple[Group, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Reply:
    """The answer. ``code`` returnCode, ``message`` returnMessage; groups may hold ciphertext and are kept out of ``repr``."""

    id: MessageId
    code: str
    message: str
    groups: tuple[Group, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        return self.code == OK


def encode_request(request: Request) -> bytes:
    """GBK XML. Raises ``ProtocolError`` when a value cannot stand in a message."""
    root, body = _business(request.id)
    for name, value in (
        ("skph", request.device_number),
        ("nsrsbh", request.taxpayer_id),
        ("kpjh", "0"),
        ("bbh", "1.0"),
        ("count", str(len(request.groups))),
    ):
        body.set(name, _text(value))
    _put_groups(body, request.groups)
    return _bytes(root)


def encode_reply(reply: Reply) -> bytes:
    """GBK XML. Raises ``ProtocolError`` when a value cannot stand in a message."""
    root, body = _business(reply.id)
    etree.SubElement(body, "returnCode").text = _text(reply.code)
    etree.SubElement(body, "returnMessage").text = _text(reply.message)
    _put_groups(body, reply.groups)
    return _bytes(root)


def decode_request(data: bytes) -> Request:
    """Raises ``ProtocolError`` for anything that is not such a request."""
    message, body = _parse(data)
    return Request(message, body.get("skph") or "", body.get("nsrsbh") or "", _get_groups(body))


def decode_reply(data: bytes) -> Reply:
    """Raises ``ProtocolError`` for anything that is not such a reply."""
    message, body = _parse(data)
    code = body.findtext("returnCode")
    if code is None or not code.strip():
        raise ProtocolError("authority_bad_message", what="returnCode")
    return Reply(message, code.strip(), (body.findtext("returnMessage") or "").strip(), _get_groups(body))


def _business(message: MessageId) -> tuple[etree._Element, etree._Element]:
    root = etree.Element("business", id=message.value, comment=COMMENTS[message])
    return root, etree.SubElement(root, "body")


def _put_groups(body: etree._Element, groups: tuple[Group, ...]) -> None:
    for position, group in enumerate(groups, 1):
        element = etree.SubElement(body, "group", xh=str(position))
        for name, value in group.items():
            if not _NAME.fullmatch(name):
                raise ProtocolError("authority_bad_message", what="data name")
            etree.SubElement(element, "data", name=name, value=_text(value))


def _text(value: str) -> str:
    if _NOT_IN_XML.search(value):
        raise ProtocolError("authority_bad_message", what="text")
    return value


def _bytes(root: etree._Element) -> bytes:
    data: bytes = etree.tostring(root, encoding="GBK", xml_declaration=True)
    return data


def _parse(data: bytes) -> tuple[MessageId, etree._Element]:
    """The message's id and body. No entities, no DTD, nothing fetched, bounded size and depth."""
    if len(data) > LARGEST:
        raise ProtocolError("authority_bad_message", what="size")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as cause:
        raise ProtocolError("authority_bad_message", what="XML") from cause
    if root.getroottree().docinfo.doctype:
        raise ProtocolError("authority_bad_message", what="DOCTYPE")
    body = root.find("body")
    if root.tag != "business" or body is None:
        raise ProtocolError("authority_bad_message", what="business/body")
    try:
        return MessageId(root.get("id") or ""), body
    except ValueError as cause:
        raise ProtocolError("authority_bad_message", what="business id") from cause


def _get_groups(body: etree._Element) -> tuple[Group, ...]:
    elements = body.findall("group")
    if len(elements) > MOST_GROUPS:
        raise ProtocolError("authority_bad_message", what="group")
    groups: list[Group] = []
    for element in elements:
        group: dict[str, str] = {}
        for item in element.findall("data"):
            name = item.get("name") or ""
            if not _NAME.fullmatch(name) or name in group:
                raise ProtocolError("authority_bad_message", what="data name")
            group[name] = item.get("value") or ""
        groups.append(group)
    return tuple(groups)
