"""Keeping originals (原件): each under its SHA-256, whole and on the disk before anything is read from it.

Many at once are written first and then made durable together: the waits for the disk overlap, and each folder is synced once.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, TypeVar

from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.durable import PARTIAL, finish, make_folder, sync_folder
from fapiao_kernel.records.intake.limits import FILE_SIZE, TABLE_SIZE, is_text
from fapiao_kernel.records.language import either

T = TypeVar("T")
_CHUNK = 1 << 20
_TICK = 16
"""MB of one file between two words about it."""
_TOGETHER = 8
"""Files that wait for the disk at one time: a file system writes what came meanwhile in one go."""


def keep(path: Path, folder: Path) -> tuple[str, Path]:
    """SHA-256 of the file and where its copy is. What is read later is the copy: the user may change the file meanwhile.

    Raises ``Refused`` (``intake_too_large``: nothing is kept), ``OSError`` when the file cannot be read, and ``FapiaoError``
    (``intake_not_kept``) when the copy cannot be written.
    """
    with Keeping(folder) as originals:
        sha256 = originals.add_file(path)
        originals.settle()
    return sha256, place(folder, sha256)


def place(folder: Path, sha256: str) -> Path:
    """Where the original of that SHA-256 lies."""
    return folder / sha256[:2] / sha256


class Keeping:
    """Originals on their way into the folder. What is not settled when it closes was never there."""

    def __init__(self, folder: Path, progress: Progress | None = None) -> None:
        self._folder = folder
        self._progress = progress
        self._waiting: dict[str, Path] = {}

    def __enter__(self) -> Keeping:
        return self

    def __exit__(self, *_: object) -> None:
        for partial in self._waiting.values():
            partial.unlink(missing_ok=True)
        self._waiting.clear()

    def add_file(self, path: Path) -> str:
        """Copy a file, and its SHA-256. Raises as ``keep``."""
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise Refused("intake_folder_empty" if path.is_dir() else "intake_unreadable")
        with path.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size > FILE_SIZE:
                most = TABLE_SIZE if is_text(source.read(_CHUNK)) else FILE_SIZE
                if size > most:
                    raise Refused("intake_too_large", size=size >> 20, most=most >> 20)
                source.seek(0)
            if (
                path == place(self._folder, path.name) and self._digest(source) == path.name
            ):  # out of a zip: it lies here
                return path.name
            source.seek(0)
            return self.add(source)

    def add(self, source: BinaryIO) -> str:
        """Copy what the stream gives, and its SHA-256. Raises ``FapiaoError`` (``intake_not_kept``), or what the stream raises."""
        first = source.read(_CHUNK)
        digest = hashlib.sha256(first)
        if len(first) < _CHUNK and self._there(digest.hexdigest()):  # small, and kept before: nothing to write
            return digest.hexdigest()
        partial, copy = self._open()
        try:
            with copy, ThreadPoolExecutor(1, thread_name_prefix="hashing") as hasher:
                chunk, done = first, 0
                hashed = None
                while chunk:
                    _put(copy.write, chunk)
                    done += 1
                    self._tell(done)
                    if chunk := source.read(_CHUNK):
                        if hashed is not None:
                            hashed.result()
                        hashed = hasher.submit(digest.update, chunk)  # beside the writing: hashlib lets go of the lock
                if hashed is not None:
                    hashed.result()
                _put(_flush, copy)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sha256 = digest.hexdigest()
        if self._there(sha256):
            partial.unlink(missing_ok=True)
        else:
            self._waiting[sha256] = partial
        return sha256

    def _digest(self, source: BinaryIO) -> str:
        digest, done = hashlib.sha256(), 0
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            done += 1
            self._tell(done)
        return digest.hexdigest()

    def _tell(self, done: int) -> None:
        if self._progress and done % _TICK == 0:
            self._progress(either("保存原件，MB", "Keeping originals, MB"), done, 0)

    def where(self, sha256: str) -> Path:
        """Where the copy can be read now."""
        return self._waiting.get(sha256) or place(self._folder, sha256)

    def settle(self) -> None:
        """Make everything durable under its name. Raises ``FapiaoError`` (``intake_not_kept``); nothing half has a name then."""
        try:
            self._settle()
        except OSError as error:
            raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error

    def _settle(self) -> None:
        _each(_sync_file, list(self._waiting.values()))
        folders = {place(self._folder, sha256).parent for sha256 in self._waiting}
        if missing := [folder for folder in folders if not folder.exists()]:
            for folder in missing:
                folder.mkdir(exist_ok=True)
            sync_folder(self._folder)
        for sha256 in list(self._waiting):  # named only when whole on the disk: a name is believed for ever
            os.replace(self._waiting[sha256], place(self._folder, sha256))
            del self._waiting[sha256]
        _each(sync_folder, sorted(folders))

    def _there(self, sha256: str) -> bool:
        return sha256 in self._waiting or place(self._folder, sha256).exists()

    def _open(self) -> tuple[Path, BinaryIO]:
        try:
            make_folder(self._folder)
            descriptor, name = tempfile.mkstemp(suffix=PARTIAL, dir=self._folder)
        except OSError as error:
            raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error
        return Path(name), os.fdopen(descriptor, "wb")


def _flush(file: BinaryIO) -> None:
    file.flush()


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        finish(file)


def _each(act: Callable[[Path], None], paths: list[Path]) -> None:
    if len(paths) < 2:
        for path in paths:
            act(path)
        return
    with ThreadPoolExecutor(min(_TOGETHER, len(paths)), thread_name_prefix="keeping") as pool:
        for done in [pool.submit(act, path) for path in paths]:
            done.result()


def _put(act: Callable[[T], object], what: T) -> None:
    """Write to our copy: trouble there is ours, not the user's file's."""
    try:
        act(what)
    except OSError as error:
        raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error
