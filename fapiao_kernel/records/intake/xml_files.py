"""XML files (XML 文件): which root element one has, told from its beginning, and reading it in the encoding that it is in."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.intake.limits import MEMBER, parse_xml

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ROOT = re.compile(rb"<(?:!DOCTYPE\s+)?(?:[\w.\-\x80-\xff]+:)?([\w.\-\x80-\xff]+)")
"""A document type names the root too; the file is refused for it later, by whoever knows the root."""
_BEFORE = ((b"<?", b"?>"), (b"<!--", b"-->"))
_DECLARED = re.compile(rb"""^(<\?xml[^>]*?encoding\s*=\s*["'])([\w.\-]+)(["'])""")
_GBK_NAMES = frozenset({"gbk", "gb2312", "gb18030", "cp936", "ms936", "gb_2312-80", "x-gbk"})
"""What programs call it; GB18030 holds all of the others, and 喆 or 镕 are in GBK only."""


def root_name(head: bytes) -> str:
    """The root element's name without its prefix; ``""`` when the beginning is no XML."""
    for mark in _MARKS:
        head = head.removeprefix(mark)
    plain = head.replace(b"\0", b"").lstrip()
    while before := next((pair for pair in _BEFORE if plain.startswith(pair[0])), None):
        _, _, plain = plain.partition(before[1])
        plain = plain.lstrip()
    found = _ROOT.match(plain)
    return found[1].decode("utf-8", "replace") if found else ""


def read_xml(path: Path, name: str, most: int = MEMBER) -> etree._Element:
    """The root element of a file of ``most`` bytes. Undeclared GBK is taken for what it is.

    Raises ``Refused``: ``intake_too_large``, ``intake_xml_dtd``, ``intake_xml_broken``.
    """
    if (size := path.stat().st_size) > most:
        raise Refused("intake_too_large", size=size >> 20, most=most >> 20)
    return parse_xml(_in_its_encoding(path.read_bytes()), name=name)


def _in_its_encoding(content: bytes) -> bytes:
    """Bytes that the parser reads rightly: GBK of any name comes as UTF-8, everything else as it is."""
    if content.startswith(_MARKS) or b"\0" in content[:4]:
        return content
    declared = _DECLARED.match(content)
    if declared is None and _is(content, "utf-8"):
        return content
    if declared is not None and declared[2].decode().lower() not in _GBK_NAMES:
        return content
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return content  # the parser says what is wrong
    plain = text.encode()
    return _DECLARED.sub(rb"\1UTF-8\3", plain, count=1)


def _is(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
