"""The archive (备份文件): tar, zstd, age, streamed from end to end; no clear byte touches the disk on the way."""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol

import pyrage
import zstandard

from fapiao_kernel.records.backup.manifest import MANIFEST, SIGNATURE, Manifest, Stored, safe
from fapiao_kernel.records.language import either

_CHUNK = 1 << 20
_BLOCK = 512
_LEVEL = 1
_MANIFEST_LIMIT = 256 << 20


class ArchiveBad(Exception):
    """An archive that does not hold what it should; the text says where. Never carries content."""


class WrongKey(ArchiveBad):
    """The identity is none of those that the archive was encrypted to."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Readable(Protocol):
    def read(self, count: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Source:
    """A file to be stored: its name below the home, and where to read it; ``limit`` cuts it (the journal is still growing)."""

    name: str
    path: Path
    limit: int | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.limit is None else self.limit


def write(
    sources: Sequence[Source],
    describe: Callable[[dict[str, Stored]], tuple[Manifest, str]],
    sink: Sink,
    recipients: Sequence[pyrage.x25519.Recipient],
    step: Callable[[int], None],
) -> Manifest:
    """Stream the sources into ``sink``, encrypted. ``describe`` makes manifest and signature from what was stored; both go last.

    ``step`` is told of bytes read. Raises ``OSError`` of a source or of the sink.
    """
    made: list[Manifest] = []

    def tar() -> Iterator[bytes]:
        stored: dict[str, Stored] = {}
        for source in sources:
            size, digest = source.size, hashlib.sha256()
            yield _header(source.name, size)
            for chunk in _read(source, size):
                digest.update(chunk)
                step(len(chunk))
                yield chunk
            yield _padding(size)
            stored[source.name] = Stored(digest.hexdigest(), size)
        manifest, signature = describe(stored)
        made.append(manifest)
        for name, content in ((MANIFEST, manifest.written()), (SIGNATURE, signature.encode("ascii"))):
            yield _header(name, len(content)) + content + _padding(len(content))
        yield bytes(2 * _BLOCK)

    pull, push = _Pull(_compress(tar())), _Push(sink)
    try:
        pyrage.encrypt_io(pull, push, list(recipients))
    except pyrage.EncryptError:
        for end in (push, pull):  # pyrage keeps the text of what stopped it, and loses the exception
            if end.stopped is not None:
                raise end.stopped from None
        raise
    return made[0]


def read(
    file: Readable,
    identity: pyrage.x25519.Identity,
    keep: Callable[[str], IO[bytes]] | None = None,
    step: Callable[[int], None] = lambda _: None,
) -> tuple[Manifest, str]:
    """Decrypt and compare every file with the manifest; returns manifest and signature.

    ``keep`` opens where a file's content goes; it is to be trusted only after this returns. Raises ``ArchiveBad``.
    """
    reader, writer = os.pipe()
    failure: list[BaseException] = []

    def decrypt() -> None:
        try:
            with os.fdopen(writer, "wb", buffering=_CHUNK) as out:
                pyrage.decrypt_io(file, out, [identity])
        except BaseException as error:  # noqa: BLE001 - carried to the caller below, whatever it is
            failure.append(error)

    thread = threading.Thread(target=decrypt, name="backup-decrypt", daemon=True)
    thread.start()
    try:
        with os.fdopen(reader, "rb", buffering=_CHUNK) as clear:
            result = _unpack(clear, keep, step)
            while clear.read(_CHUNK):  # to the end: age proves the last chunk last
                pass
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as error:
        thread.join()
        _raise(failure)
        raise ArchiveBad(either("不是完整的备份文件", "not a complete archive")) from error
    finally:
        thread.join()
    _raise(failure)
    return result


def _unpack(
    clear: BinaryIO, keep: Callable[[str], IO[bytes]] | None, step: Callable[[int], None]
) -> tuple[Manifest, str]:
    found: dict[str, Stored] = {}
    own: dict[str, bytes] = {}
    with zstandard.ZstdDecompressor().stream_reader(clear, read_size=_CHUNK, closefd=False) as plain:
        with tarfile.open(fileobj=plain, mode="r|", bufsize=_CHUNK) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or not safe(member.name) or member.name in found or member.name in own:
                    raise ArchiveBad(
                        either("不该有的内容", "a member that has no place in a backup") + f": {member.name!r}"
                    )
                if member.name in (MANIFEST, SIGNATURE):
                    own[member.name] = content.read(_MANIFEST_LIMIT)
                else:
                    found[member.name] = _take(member.name, content, keep, step)
        while plain.read(_CHUNK):
            pass
    if set(own) != {MANIFEST, SIGNATURE}:
        raise ArchiveBad(either("没有清单", "no manifest"))
    manifest = Manifest.parse(own[MANIFEST])
    for name in sorted(found.keys() | manifest.files.keys()):
        if found.get(name) != manifest.files.get(name):
            raise ArchiveBad(either("与清单不符", "not what the manifest says") + f": {name}")
    return manifest, own[SIGNATURE].decode("ascii")


def _take(
    name: str, content: IO[bytes], keep: Callable[[str], IO[bytes]] | None, step: Callable[[int], None]
) -> Stored:
    digest, size = hashlib.sha256(), 0
    out = keep(name) if keep else None
    try:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            step(len(chunk))
            if out is not None:
                out.write(chunk)
    finally:
        if out is not None:
            out.close()
    return Stored(digest.hexdigest(), size)


def _raise(failure: list[BaseException]) -> None:
    for error in failure:
        if isinstance(error, BrokenPipeError):
            continue  # our own reader had stopped already, and says why itself
        if isinstance(error, pyrage.DecryptError) and "matching" in str(error).lower():
            raise WrongKey(either("没有匹配的密钥", "no matching key")) from error
        if isinstance(error, pyrage.DecryptError) or (isinstance(error, OSError) and error.errno is None):
            raise ArchiveBad(either("被改动或截断，解密失败", "it was changed or cut: decryption fails")) from error
        raise error


def _read(source: Source, size: int) -> Iterator[bytes]:
    left = size
    with source.path.open("rb") as file:
        while left:
            chunk = file.read(min(_CHUNK, left))
            if not chunk:
                raise OSError(0, either("读取时变短了", "it became shorter while it was read"), str(source.path))
            left -= len(chunk)
            yield chunk


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _compress(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zstandard.ZstdCompressor(level=_LEVEL, threads=2, write_checksum=True).compressobj()
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


class _Pull:
    """A file to read from, over an iterator of chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")
        self.stopped: BaseException | None = None

    def read(self, count: int = -1) -> bytes:
        while not self._rest:
            try:
                chunk = next(self._chunks, None)
            except BaseException as error:
                self.stopped = error
                raise
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        taken, self._rest = (self._rest, memoryview(b"")) if count < 0 else (self._rest[:count], self._rest[count:])
        return bytes(taken)


class _Push:
    """A file to write to, as ``pyrage`` wants it: everything is taken at once."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.stopped: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except BaseException as error:
            self.stopped = error
            raise
        return len(data)

    def flush(self) -> None:
        """Durability comes with the draft's commit."""
