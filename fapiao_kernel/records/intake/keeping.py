"""Keeping originals (原件): each under its SHA-256, whole and on the disk before anything is read from it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.records.durable import PARTIAL, finish, make_folder, sync_folder
from fapiao_kernel.records.intake.limits import FILE_SIZE

T = TypeVar("T")
_CHUNK = 1 << 20


def keep(path: Path, folder: Path) -> tuple[str, Path]:
    """SHA-256 of the file and where its copy is. What is read later is the copy: the user may change the file meanwhile.

    Raises ``Refused`` (``intake_too_large``: nothing is kept), ``OSError`` when the file cannot be read, and ``FapiaoError``
    (``intake_not_kept``) when the copy cannot be written.
    """
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise Refused("intake_unreadable")
    with path.open("rb") as source:
        if (size := os.fstat(source.fileno()).st_size) > FILE_SIZE:
            raise Refused("intake_too_large", size=size >> 20, most=FILE_SIZE >> 20)
        try:
            make_folder(folder)
            descriptor, partial = tempfile.mkstemp(suffix=PARTIAL, dir=folder)
        except OSError as error:
            raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error
        try:
            digest = hashlib.sha256()
            with os.fdopen(descriptor, "wb") as copy:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    _put(copy.write, chunk)
                _put(finish, copy)
            return digest.hexdigest(), _name(Path(partial), folder, digest.hexdigest())
        finally:
            Path(partial).unlink(missing_ok=True)


def place(folder: Path, sha256: str) -> Path:
    """Where the original of that SHA-256 lies."""
    return folder / sha256[:2] / sha256


def _name(partial: Path, folder: Path, sha256: str) -> Path:
    kept = place(folder, sha256)
    if not kept.exists():  # the same content is the same original
        try:
            make_folder(kept.parent)
            os.replace(partial, kept)
            sync_folder(kept.parent)
        except OSError as error:
            raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error
    return kept


def _put(act: Callable[[T], object], what: T) -> None:
    """Write to our copy: trouble there is ours, not the user's file's."""
    try:
        act(what)
    except OSError as error:
        raise FapiaoError("intake_not_kept", original=str(error.strerror)) from error
