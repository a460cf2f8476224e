"""Restoring (恢复): an archive and a key, into an empty folder, everything proven before the folder gets its name."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.home import Home
from fapiao_kernel.records import durable
from fapiao_kernel.records.backup import archive
from fapiao_kernel.records.backup.keys import identity_of, signed
from fapiao_kernel.records.backup.manifest import Manifest
from fapiao_kernel.records.journal.verify import verify
from fapiao_kernel.records.language import either


@dataclass(frozen=True)
class Restored:
    """``signer`` is the key (hex) that signed the manifest; only who knows that key from elsewhere knows who wrote the backup."""

    folder: Path
    id: str
    time: str
    files: int
    journal_records: int
    journal_head: str
    signer: str


def restore(path: Path, secret: Path | str, folder: Path, *, signer: str | None = None) -> Restored:
    """``secret``: the file of an age identity, or the printed recovery secret itself. ``folder`` must be absent or empty.

    Proves every file against the manifest, the manifest's signature (by ``signer`` when given) and the journal's chain.
    Raises ``Refused`` ``restore_folder_not_empty``, ``restore_key_wrong``, ``restore_archive_bad``; the folder is then as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("restore_folder_not_empty", folder=str(folder))
    try:
        identity = identity_of(secret.read_text("ascii") if isinstance(secret, Path) else secret)
    except (ValueError, OSError):
        raise Refused("restore_key_wrong", archive=str(path)) from None
    try:
        durable.make_folder(folder.absolute().parent)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
        try:
            with path.open("rb") as file:
                restored = _into(file, identity, staging, folder, signer)
            if folder.exists():
                folder.rmdir()
            os.replace(staging, folder)
            durable.sync_folder(folder.absolute().parent)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except archive.WrongKey as error:
        raise Refused("restore_key_wrong", archive=str(path)) from error
    except archive.ArchiveBad as error:
        raise Refused("restore_archive_bad", archive=str(path), reason=str(error)) from error
    except OSError as error:
        raise Refused("restore_archive_bad", archive=str(path), reason=error.strerror or str(error)) from error
    return restored


def _into(file: BinaryIO, identity: object, staging: Path, folder: Path, signer: str | None) -> Restored:
    touched: set[Path] = {staging}

    def keep(name: str) -> IO[bytes]:
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        touched.update(p for p in target.parents if p.is_relative_to(staging))
        return target.open("xb")

    manifest, signature = archive.read(file, identity, keep)
    if not signed(manifest.written(), signature, signer or manifest.key):
        raise archive.ArchiveBad(either("清单签名不符", "the manifest's signature does not hold"))
    records = _journal(manifest, staging)
    for name in manifest.files:
        with (staging / name).open("r+b") as written:
            durable.finish(written)
    for place in sorted(touched, reverse=True):
        durable.sync_folder(place)
    return Restored(
        folder, manifest.id, manifest.time, len(manifest.files), records, manifest.journal_head, manifest.key
    )


def _journal(manifest: Manifest, staging: Path) -> int:
    journal = verify(Home(staging).journal)
    if not journal.ok or (journal.records, journal.head) != (manifest.journal_seq, manifest.journal_head):
        raise archive.ArchiveBad(either("其中的日志对不上", "the journal in it does not hold"))
    return journal.records
