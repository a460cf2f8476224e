"""A disk that forgets (会忘的磁盘): what was not fsynced when the machine died is gone, bytes and names alike.

The shipped journal runs on it unchanged; only the one call that makes things durable is observed, and writing can be full.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import tail


class Disk:
    """Of every file the size that is durable, of every folder the names; ``full``: writing fails.

    ``before``/``after`` are told of each fsync of a *file*, by its name, before and after it counts.
    """

    def __init__(self, before: Callable[[str], None], after: Callable[[str], None]) -> None:
        self._before, self._after = before, after
        self._sizes: dict[int, int] = {}
        self._names: dict[int, set[str]] = {}
        self.full = False

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """While this lasts, everything durable goes through here."""
        with mock.patch.object(durable, "sync", self._sync), mock.patch.object(tail, "os", _Full(self)):
            yield

    def _sync(self, descriptor: int) -> None:
        known = os.fstat(descriptor)
        if stat.S_ISDIR(known.st_mode):
            self._names[known.st_ino] = set(os.listdir(descriptor))
            return
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        self._before(name)
        self._sizes[known.st_ino] = os.fstat(descriptor).st_size
        self._after(name)

    def forget(self, folder: Path, torn: float = 0.0) -> None:
        """The machine died: cut every file of the folder back to what is durable, and drop names that are not.

        ``torn``: which share of the bytes that were on their way reached the medium all the same.
        """
        names = self._names.get(folder.stat().st_ino, set())
        for path in list(folder.iterdir()):
            known = path.stat()
            if path.name not in names:
                path.unlink()
                continue
            kept = min(self._sizes.get(known.st_ino, 0), known.st_size)
            os.truncate(path, kept + int((known.st_size - kept) * torn))


class _Full:
    """``os`` as the journal's file sees it: everything as it is, but a full disk takes nothing."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, content: Any) -> int:
        if self._disk.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, content)
