"""What an incoming file may be at most (限额), so that a hostile or broken one cannot take the machine with it.

The numbers are ours: a full export of 200,000 invoices is about 40 MB packed and 600 MB unpacked, an OFD far below 1 MB.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

from lxml import etree

from fapiao_kernel.domain.errors import Refused

FILE_SIZE = 1 << 30
"""Bytes of one file."""
TABLE_SIZE = 8 << 30
"""Bytes of one CSV file, which is never in memory as a whole: 10 million invoices are about 1.3 GB."""
ENTRIES = 10_000
"""Entries of one zip."""
UNPACKED = 4 << 30
"""Bytes of a zip's entries together."""
RATIO = 200
"""Unpacked to packed bytes of one entry; real sheets stay below 40."""
RATIO_FROM = 16 << 20
"""Small entries may compress as well as they like."""
MEMBER = 64 << 20
"""Bytes of one XML inside an OFD, and of one XML invoice."""
DEFLATE_MOST = 1032
"""The best that deflate can do (zlib's technical notes): a packed size times this bounds the true unpacked size."""
_CHUNK = 1 << 20

BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, OverflowError, OSError, ValueError),
)
"""What the standard library raises for a zip that is damaged, encrypted or of an unknown method."""


def is_text(head: bytes) -> bool:
    """Whether a file that begins so may be a CSV: no archive, no PDF, no XML, and no zeros in a row."""
    if head.startswith((b"PK", b"%PDF", b"<", b"\xef\xbb\xbf<")):
        return False
    return bool(head) and b"\0\0\0\0" not in head


def check_zip(path: Path) -> list[str]:
    """The names in a zip, once its sizes are within bounds.

    Raises ``Refused``: ``intake_zip_damaged`` when its directory cannot be read, ``intake_zip_bomb`` when it would unpack too big.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_sizes(entries)
            if sum(e.compress_size for e in entries) * DEFLATE_MOST > UNPACKED:
                _measure(archive, entries)
            return [entry.filename for entry in entries]
    except BROKEN_ZIP as error:
        raise Refused("intake_zip_damaged", original=_word(error)) from error


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRIES:
        raise Refused("intake_zip_bomb", what=f"{len(entries)} > {ENTRIES}")
    if (size := sum(entry.file_size for entry in entries)) > UNPACKED:
        raise Refused("intake_zip_bomb", what=f"{size >> 20} MB > {UNPACKED >> 20} MB")
    for entry in entries:
        if entry.file_size > RATIO_FROM and entry.file_size > RATIO * max(entry.compress_size, 1):
            raise Refused("intake_zip_bomb", what=f"{entry.filename}: {entry.file_size >> 20} MB")


def _measure(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack to nowhere: the standard library stops at the size that the directory states and checks the CRC, so a lie shows."""
    for entry in entries:
        with archive.open(entry) as stream:
            while stream.read(_CHUNK):
                pass


def names_in(path: Path, head: bytes) -> list[str]:
    """The entries of a zip, whatever the file is called; none when it is no zip, or a broken one."""
    if not head.startswith(b"PK"):
        return []
    try:
        about = path.stat()
        return list(_names(path, about.st_mtime_ns, about.st_size))
    except BROKEN_ZIP:
        return []


@lru_cache(maxsize=16)
def _names(path: Path, changed: int, size: int) -> tuple[str, ...]:
    """Each importer asks for the same names in turn."""
    with zipfile.ZipFile(path) as archive:
        return tuple(archive.namelist())


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One entry of an OFD. Raises ``Refused`` (``intake_zip_damaged``, ``intake_zip_bomb``)."""
    try:
        if archive.getinfo(name).file_size > MEMBER:
            raise Refused("intake_zip_bomb", what=f"{name} > {MEMBER >> 20} MB")
        return archive.read(name)
    except (KeyError, *BROKEN_ZIP) as error:
        raise Refused("intake_zip_damaged", original=_word(error)) from error


def parse_xml(content: bytes, *, name: str, lenient: bool = False) -> etree._Element:
    """The root element. No DTD, no entities, no network.

    ``lenient`` mends what it can (tag files of some makers use undeclared prefixes).
    Raises ``Refused``: ``intake_xml_dtd`` for a document type of any sort, ``intake_xml_broken`` when it is no XML.
    """
    if len(content) > MEMBER:
        raise Refused("intake_too_large", size=len(content) >> 20, most=MEMBER >> 20)
    if b"<!DOCTYPE" in (plain := content.replace(b"\0", b"")) or b"<!ENTITY" in plain:
        raise Refused("intake_xml_dtd", name=name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=lenient
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise Refused("intake_xml_broken", name=name, original=_word(error)) from error
    if root is None:
        raise Refused("intake_xml_broken", name=name)
    if root.getroottree().docinfo.doctype:
        raise Refused("intake_xml_dtd", name=name)
    return root


def _word(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
