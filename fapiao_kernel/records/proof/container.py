"""The bundle's zip, byte for byte (证据包的外壳): written as a stream, and checked to be exactly what the writer writes.

Form: APPNOTE 6.3 of the zip format, without zip64, extra fields, comments or data descriptors; every time is zip's earliest, as
equal facts must give equal bytes. Ordinary zip tools open it.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

LARGEST = (1 << 32) - 1
"""Sizes and places are 32 bits wide without zip64."""
_DAY = (1 << 5) | 1
_VERSION, _UNIX, _MODE, _UTF8 = 20, 3, 0o100644 << 16, 1 << 11
_LEVEL = 6


@dataclass(frozen=True)
class Member:
    """One file in the zip: ``offset`` of its header; ``packed`` and ``size`` in bytes."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    offset: int


@dataclass(frozen=True)
class Content:
    """What a file holds: SHA-256 and size in bytes."""

    sha256: str
    size: int


class Writer:
    """Writes one member after another into an open file that can seek."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members: list[Member] = []

    def add(self, name: str, chunks: Iterable[bytes], *, stored: bool = False) -> Content:
        """Pack the chunks as they come. Raises ``OverflowError`` when the zip would grow beyond ``LARGEST``."""
        offset, method = self._file.tell(), zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        self._file.write(_local(Member(name, method, 0, 0, 0, offset)))
        packer = None if stored else zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        crc = size = packed = 0
        digest = hashlib.sha256()
        for chunk in chunks:
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            digest.update(chunk)
            packed += self._file.write(packer.compress(chunk) if packer else chunk)
        packed += self._file.write(packer.flush()) if packer else 0
        member = Member(name, method, crc, packed, size, offset)
        end = self._file.tell()
        if max(size, end) > LARGEST:
            raise OverflowError(name)
        self._file.seek(offset)
        self._file.write(_local(member))
        self._file.seek(end)
        self.members.append(member)
        return Content(digest.hexdigest(), size)

    def written(self) -> Content:
        """Everything so far, headers included."""
        end = self._file.tell()
        self._file.seek(0)
        sha256 = hashlib.file_digest(self._file, "sha256").hexdigest()  # type: ignore[arg-type]  # BinaryIO reads into
        self._file.seek(end)
        return Content(sha256, end)

    def close(self) -> None:
        """The directory at the end. The file itself stays open."""
        self._file.write(_directory(self.members, self._file.tell()))


def exact(file: BinaryIO, infos: Sequence[zipfile.ZipInfo], body: Content) -> bool:
    """Whether the file is what ``Writer`` writes: ``body`` first, then the two stored members that seal it, then the directory."""
    members = [Member(i.filename, i.compress_type, i.CRC, i.compress_size, i.file_size, i.header_offset) for i in infos]
    place = 0
    for member in members:
        if member.offset != place or max(member.size, member.packed) > LARGEST:
            return False
        place += len(_local(member)) + member.packed
    seals = members[-2:]
    if not seals or seals[0].offset != body.size or any(seal.method != zipfile.ZIP_STORED for seal in seals):
        return False
    file.seek(0)
    digest, left = hashlib.sha256(), body.size
    while left and (chunk := file.read(min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)
    if left or digest.hexdigest() != body.sha256:
        return False
    for seal in seals:
        if file.read(len(_local(seal))) != _local(seal):
            return False
        file.seek(seal.packed, 1)  # its content is checked by whoever read it
    directory = _directory(members, place)
    return file.read(len(directory) + 1) == directory


def _local(member: Member) -> bytes:
    name = member.name.encode("utf-8")
    return struct.pack(
        "<4s5H3L2H", b"PK\3\4", _VERSION, _flags(member), member.method, 0, _DAY,
        member.crc, member.packed, member.size, len(name), 0,
    ) + name  # fmt: skip


def _directory(members: Sequence[Member], place: int) -> bytes:
    lines = b"".join(_central(member) for member in members)
    count = len(members)
    return lines + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(lines), place, 0)


def _central(member: Member) -> bytes:
    name = member.name.encode("utf-8")
    return struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", _UNIX << 8 | _VERSION, _VERSION, _flags(member), member.method, 0, _DAY,
        member.crc, member.packed, member.size, len(name), 0, 0, 0, 0, _MODE, member.offset,
    ) + name  # fmt: skip


def _flags(member: Member) -> int:
    return 0 if member.name.isascii() else _UTF8
