"""A disk that forgets (会忘的磁盘): a crash leaves what was fsynced, and of the rest whatever chance leaves.

The shipped journal runs on real files in a folder in memory. One call is observed, ``records.durable.sync``: what a file held and
which names a folder had when it was last made durable is what surely survives.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import tail
from tests.crash.model.faults import Crash

LOCK = ".lock"
_ZEROS = 0.25
"""How often torn bytes are there as zeros: the file's length was kept, its content was not."""


class Disk:
    """One folder. ``kill``: what the next fsync of a file meets (``before``, ``torn``, ``unsynced``, ``after``).

    ``full``: where no room is found (``write``, ``fsync``). ``left``: what a death left."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance
        self.kill = self.full = ""
        self.dead = False
        self.left: dict[str, bytes] = {}
        self._kept: dict[int, bytes] = {}
        self._names: dict[str, int] = {}

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """While this lasts, what ``durable`` makes durable is made durable here."""
        with mock.patch.object(durable, "sync", self._sync), mock.patch.object(tail, "os", _Writing(self)):
            yield

    def _sync(self, descriptor: int) -> None:
        if self.dead:
            raise Crash
        known = os.fstat(descriptor)
        if stat.S_ISDIR(known.st_mode):
            self._names = {name: ino for name, (ino, _) in self._now().items()}
            return
        kill, self.kill = self.kill, ""
        if kill and kill != "after":
            self.die({"before": 0.0, "torn": None, "unsynced": 1.0}[kill])
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for ino, content in self._now().values():
            if ino == known.st_ino:
                self._kept[ino] = content
        if kill == "after":
            self.die(0.0)

    def die(self, share: float | None = 0.0) -> None:
        """The machine is gone. ``share``: how much of the bytes that were on their way are there all the same; None: by chance."""
        if not self.dead:
            self.dead = True
            self.left = self._survivors(share)
        raise Crash

    def restart(self) -> None:
        """Mount what is left."""
        for name in os.listdir(self.folder):
            os.unlink(self.folder / name)
        for name, content in self.left.items():
            (self.folder / name).write_bytes(content)
        self._adopt()
        self.dead, self.kill, self.full = False, "", ""

    def lay(self, files: dict[str, bytes]) -> None:
        """Begin with these files, durable."""
        self.left = files
        self.restart()

    def files(self) -> dict[str, bytes]:
        """Every file as it is now."""
        return {name: content for name, (_, content) in self._now().items()}

    def _adopt(self) -> None:
        now = self._now()
        self._names = {name: ino for name, (ino, _) in now.items()}
        self._kept = dict(now.values())

    def _now(self) -> dict[str, tuple[int, bytes]]:
        found = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.name != LOCK:
                    found[entry.name] = entry.inode(), Path(entry.path).read_bytes()
        return found

    def _survivors(self, share: float | None) -> dict[str, bytes]:
        """Of every name the old or the new file, of every file its durable bytes and some of those written since."""
        now, left = self._now(), {}
        for name in sorted({*now, *self._names}):
            new, old = now.get(name, (None, b""))[0], self._names.get(name)
            ino = new if new == old or self.chance.random() < 0.5 else old
            if ino is None:
                continue
            kept = self._kept.get(ino, b"")
            written = now[name][1] if ino == new else kept
            left[name] = self._torn(kept, written, share)
        return left

    def _torn(self, kept: bytes, written: bytes, share: float | None) -> bytes:
        if not written.startswith(kept):  # cut, or written over: the one or the other
            return self.chance.choice((kept, written))
        more = written[len(kept) :]
        if share is not None:
            return kept + more[: int(len(more) * share)]
        some = more[: self.chance.randint(0, len(more))]
        return kept + (bytes(len(some)) if self.chance.random() < _ZEROS else some)


class _Writing:
    """``os`` as the journal's file sees it: everything as it is, but a full disk takes half of the bytes, then none."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, content: Any) -> int:
        """``os.write``."""
        if self._disk.full == "write":
            if len(content) > 1:
                return os.write(descriptor, bytes(content)[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, content)
