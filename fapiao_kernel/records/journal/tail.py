"""The end of the journal (日志末尾): one open file, appended to, fsynced, and never trusted after a failure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fapiao_kernel.records import durable
from fapiao_kernel.records.language import either


@dataclass
class Tail:
    """A file open for appending. ``size`` is how much of it is known to be durable."""

    path: Path
    descriptor: int
    size: int
    broken: str = ""

    @classmethod
    def open(cls, path: Path) -> Tail:
        """Open, or create durably (the folder is fsynced too). Raises ``OSError``."""
        fresh = not path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            if fresh:
                durable.sync_folder(path.parent)
            return cls(path, descriptor, os.fstat(descriptor).st_size)
        except BaseException:
            os.close(descriptor)
            raise

    def write(self, line: bytes) -> int:
        """Append a line durably; returns where it starts. Raises ``OSError``, and then the line is not part of the file.

        After a failed fsync the kernel may have dropped the dirty pages, and a later fsync would say all is well:
        so this file is not written to again by this process.
        """
        if self.broken:
            raise OSError(self.broken)
        self._unchanged()
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError as error:
            self._take_back(error)
            raise
        try:
            durable.sync(self.descriptor)
        except OSError as error:
            self._take_back(error)
            self.broken = either("先前一次落盘失败", "an earlier fsync failed") + f": {error.strerror}"
            raise
        start, self.size = self.size, self.size + len(line)
        return start

    def close(self) -> None:
        os.close(self.descriptor)

    def _unchanged(self) -> None:
        """A file that was removed, replaced, cut or written by another is not ours any more: better no act than no record."""
        there, ours = os.stat(self.path), os.fstat(self.descriptor)
        if (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev) or ours.st_size != self.size:
            raise OSError(either("日志文件被别的程序改动过", "the journal file was changed by another program"))

    def _take_back(self, cause: OSError) -> None:
        try:
            os.ftruncate(self.descriptor, self.size)
        except OSError:
            self.broken = either("写了一半的行撤不回来", "half a line could not be taken back") + f": {cause.strerror}"
