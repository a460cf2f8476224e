"""XML of the tax side, on the standard library's parser: ``business / body / group / data``, GBK."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

_DECLARATION = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")
_FORBIDDEN = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class BadMessage(Exception):
    """Not a message that the tax side understands; says why, never with the content."""


@dataclass(frozen=True)
class Asked:
    """One request as it came: business id, body attributes, groups."""

    business: str
    skph: str
    nsrsbh: str
    groups: tuple[Mapping[str, str], ...]


def read(data: bytes) -> Asked:
    """Raises ``BadMessage``."""
    try:
        text = data.decode("gbk")
    except UnicodeDecodeError:
        raise BadMessage("not GBK") from None
    if _FORBIDDEN.search(text):
        raise BadMessage("document type or entity")
    try:
        # The parser gets text without its declaration: expat itself does not know GBK.
        root = ElementTree.fromstring(_DECLARATION.sub("", text, count=1))
    except (ElementTree.ParseError, ValueError):
        raise BadMessage("not XML") from None
    body = root.find("body")
    if root.tag != "business" or body is None:
        raise BadMessage("no business or no body")
    groups = tuple(
        {item.get("name", ""): item.get("value", "") for item in group.iter("data")} for group in body.iter("group")
    )
    return Asked(root.get("id", ""), body.get("skph", ""), body.get("nsrsbh", ""), groups)


def write(business: str, code: str, message: str, groups: Sequence[Mapping[str, str]] = ()) -> bytes:
    """A reply: returnCode, returnMessage and groups."""
    parts = [
        '<?xml version="1.0" encoding="GBK"?>\n',
        f"<business id={quoteattr(business)}><body>",
        f"<returnCode>{escape(code)}</returnCode><returnMessage>{escape(message)}</returnMessage>",
    ]
    for position, group in enumerate(groups, 1):
        items = "".join(f"<data name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in group.items())
        parts.append(f'<group xh="{position}">{items}</group>')
    parts.append("</body></business>\n")
    return "".join(parts).encode("gbk", "xmlcharrefreplace")
