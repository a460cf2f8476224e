"""A folder as a place for backups: another disk, a USB stick, a mounted share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fapiao_kernel.records import durable
from fapiao_kernel.records.backup.store import StoreSpec


class FolderDraft:
    """``store.Draft`` as a ``.part`` file, renamed when it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_name(path.name + durable.PARTIAL)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(self._partial, flags, 0o600), "wb", buffering=1 << 20)

    def write(self, data: bytes, /) -> int:
        return self._file.write(data)

    def commit(self) -> None:
        durable.finish(self._file)
        self._file.close()
        os.replace(self._partial, self._path)
        durable.sync_folder(self._path.parent)

    def abort(self) -> None:
        with contextlib.suppress(OSError):  # the buffered rest of a full disk
            self._file.close()
        self._partial.unlink(missing_ok=True)


@dataclass(frozen=True)
class FolderStore:
    """``store.Store`` over one folder, made private (0700) when it is ours to make."""

    where: Path

    def prepare(self) -> None:
        durable.make_folder(self.where, 0o700)
        for left in self.where.glob(f"*{durable.PARTIAL}"):
            left.unlink(missing_ok=True)

    def draft(self, name: str) -> FolderDraft:
        return FolderDraft(self.where / name)

    def open(self, name: str) -> BinaryIO:
        """Drops the file from the page cache first (where the system can), so that the medium itself is read back."""
        file = (self.where / name).open("rb")
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file

    def size(self, name: str) -> int:
        return (self.where / name).stat().st_size

    def names(self) -> Sequence[str]:
        return sorted(path.name for path in self.where.iterdir()) if self.where.is_dir() else ()

    def remove(self, name: str) -> None:
        (self.where / name).unlink(missing_ok=True)


def open_folder(where: str) -> FolderStore:
    """The store for a folder's path; ``~`` is the user's own."""
    return FolderStore(Path(where).expanduser().absolute())


STORE = StoreSpec(id="folder", api_version=1, open=open_folder)
