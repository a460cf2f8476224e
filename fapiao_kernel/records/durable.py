"""Putting bytes on the disk for good (落盘): fsync of files and folders, and atomic replacement. Standard library only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".part"
"""Suffix of a file that is still being written; one that is found on start was left by a crash."""


def sync(descriptor: int) -> None:
    """Make an open file's content durable. macOS needs F_FULLFSYNC to reach the medium (fsync(2) there says so)."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:
            os.fsync(descriptor)  # a file system without it: this is the best there is
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows has no such call and journals names itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """The folder and those above it, durable down to the last name."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    for path in reversed(missing):
        path.mkdir(mode=mode, exist_ok=True)
        sync_folder(path.parent)


def write_atomic(path: Path, content: bytes, mode: int = 0o666) -> None:
    """The whole file or none: written beside, fsynced, renamed over. Raises ``OSError`` and leaves nothing half."""
    with atomic(path, mode) as file:
        file.write(content)


@contextmanager
def atomic(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """The same for a file written piece by piece; it may be read back and sought in meanwhile. An exception leaves nothing."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        partial.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(partial, flags, mode), "w+b") as file:
            yield file
            finish(file)
        os.replace(partial, path)
        sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def finish(file: BinaryIO) -> None:
    """Flush and fsync an open file."""
    file.flush()
    sync(file.fileno())
