"""Opening a bundle that anybody may have made (打开证据包): names, sizes and methods are judged before anything is unpacked."""

from __future__ import annotations

import hashlib
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof.bundle import LINES, MANIFEST, SIGNATURE
from fapiao_kernel.records.proof.container import LARGEST, Content, exact

_LIMIT = 256 << 20
"""Bytes unpacked, lines aside: a bundle is a few hundred kB, and more than this is not one of ours."""
_MOST_MEMBERS = 2_000
_SEAL_LIMIT = 4 << 20
_CHUNK = 1 << 20

BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, OverflowError, OSError, ValueError, KeyError),
)
"""What zipfile and its decompressors raise for a damaged archive (every single-byte change and every cut was tried)."""


class Opened:
    """An open bundle. Members come out whole (``read``) or piece by piece (``chunks``); both may raise ``BROKEN_ZIP``."""

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile) -> None:
        self._file, self._archive = file, archive
        self._infos = {info.filename: info for info in archive.infolist()}
        _judge(archive.infolist())
        self.names = tuple(self._infos)

    def read(self, name: str) -> bytes:
        """A member's content; of manifest and signature at most their own limit."""
        if name in (MANIFEST, SIGNATURE) and self._infos[name].file_size > _SEAL_LIMIT:
            raise ValueError(_too_large())
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's content piece by piece; zipfile holds it to its CRC and to its size at most."""
        left = self._infos[name].file_size
        with self._archive.open(self._infos[name]) as content:
            while chunk := content.read(_CHUNK):
                left -= len(chunk)
                yield chunk
        if left:
            raise ValueError(either("比目录所说的短", "shorter than the directory says") + f": {name}")

    def content(self, name: str) -> Content:
        """SHA-256 and size of a member, read through once."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks(name):
            digest.update(chunk)
            size += len(chunk)
        return Content(digest.hexdigest(), size)

    def exact(self, body: Content) -> bool:
        """Whether the zip itself is byte for byte what the recorder wrote (``container.exact``)."""
        return exact(self._file, tuple(self._infos.values()), body)


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Raises what ``BROKEN_ZIP`` names for anything that cannot be a bundle."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        yield Opened(file, archive)


def _judge(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if len(set(names)) != len(names):
        raise ValueError(either("同名文件出现两次", "a name stands in it twice"))
    odd = next((name for name in names if not _safe(name)), None)
    if odd is not None:
        raise ValueError(either("文件名不合规", "a name that no bundle has") + f": {odd[:60]!r}")
    if any(
        info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1 for info in infos
    ):
        raise ValueError(either("压缩或加密方式不是证据包所用的", "packed or encrypted in a way that no bundle is"))
    lines = sum(info.file_size for info in infos if info.filename.startswith(LINES))
    if len(infos) > _MOST_MEMBERS or lines > LARGEST or sum(info.file_size for info in infos) - lines > _LIMIT:
        raise ValueError(_too_large())


def _safe(name: str) -> bool:
    parts = name.split("/")
    return name.isprintable() and not set(name) & set('\\:*?"<>|') and not {"", ".", ".."} & set(parts)


def _too_large() -> str:
    return either("太大，不是证据包", "too large for a bundle")
