"""A cpio archive in the form that Linux unpacks at its start ("newc", Documentation/driver-api/early-userspace/buffer-format.rst)."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping


def archive(folders: Iterable[str], files: Mapping[str, tuple[int, bytes]]) -> bytes:
    """Folders, then files by name with mode and content."""
    whole = b"".join(_entry(name, stat.S_IFDIR | 0o755, b"") for name in folders)
    whole += b"".join(_entry(name, stat.S_IFREG | mode, data) for name, (mode, data) in files.items())
    return whole + _entry("TRAILER!!!", 0, b"")


def _entry(name: str, mode: int, data: bytes) -> bytes:
    path = name.encode("ascii") + b"\0"
    # inode, mode, uid, gid, links, mtime, size, device (2), device of a node (2), length of the name, check
    numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    return _filled(b"070701" + b"".join(b"%08X" % number for number in numbers) + path) + _filled(data)


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
