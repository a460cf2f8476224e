"""Making backups (备份): the same encrypted archive to every place, each copy read back and compared before it counts."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.home import Home
from fapiao_kernel.ports import Backup, BackupCopy, Clock, Progress
from fapiao_kernel.records.backup import archive, places
from fapiao_kernel.records.backup.keys import KeyBox, signed
from fapiao_kernel.records.backup.manifest import Manifest, Stored
from fapiao_kernel.records.backup.sidecar import ARCHIVE_SUFFIX, SUFFIX, Sidecar
from fapiao_kernel.records.backup.sources import Contents, gather
from fapiao_kernel.records.backup.store import Store
from fapiao_kernel.records.language import either

_STAGING = ".backup-"


class Backups:
    """``ports.BackupStore``. ``copy_ledger`` writes a whole, checkpointed copy of the ledger to the path it is given;
    ``devices`` tells whose invoices the ledger holds (机器编号).

    One backup at a time. A backup that fails, by a full disk or a bad copy, leaves nothing anywhere.
    """

    def __init__(
        self,
        home: Home,
        clock: Clock,
        keys: KeyBox,
        stores: Sequence[Store],
        copy_ledger: Callable[[Path], None],
        devices: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._home, self._clock, self._keys = home, clock, keys
        self._stores, self._copy_ledger, self._devices = tuple(stores), copy_ledger, devices
        self._guard = threading.Lock()

    def make(self, reason: str, progress: Progress | None = None) -> Backup:
        """Back up now. Returns only when every copy was read back, decrypted and compared with its manifest.

        Raises ``Refused``: ``backup_too_few_folders``, ``backup_same_folder``, ``backup_disk_full``, ``backup_unwritable``,
        ``backup_source_unreadable``, ``backup_copy_bad``.
        """
        with self._guard:
            places.prepare(self._stores)
            staging = self._staging()
            try:
                # Asked before the copy is made: what is there now is in the copy, for the ledger forgets nothing.
                devices = tuple(self._devices())
                try:
                    contents = gather(self._home, staging, self._copy_ledger)
                except OSError as error:
                    raise places.unwritable(error.filename or staging, error) from error
                return self._make(reason, contents, devices, progress or _silent)
            finally:
                shutil.rmtree(staging, ignore_errors=True)

    def latest(self) -> Backup | None:
        """The newest backup that still lies somewhere; ``proven`` only when every place has its copy."""
        found: dict[str, list[tuple[Sidecar, BackupCopy]]] = {}
        for store in self._stores:
            for sidecar, copy in self._newest(store):
                found.setdefault(sidecar.id, []).append((sidecar, copy))
        if not found:
            return None
        copies = found[max(found)]
        return _backup(copies[0][0], [copy for _, copy in copies], proven=len(copies) == len(self._stores))

    def findings(self) -> tuple[Finding, ...]:
        """What is not good about the places, short of a refusal."""
        return places.findings(self._stores)

    def _make(self, reason: str, contents: Contents, devices: tuple[str, ...], progress: Progress) -> Backup:
        now = self._clock.now()
        time = now.isoformat(timespec="seconds")
        name = self._free_name(f"{contents.journal_seq:08d}-{now:%Y%m%d-%H%M%S}")

        def describe(files: dict[str, Stored]) -> tuple[Manifest, str]:
            head, seq = contents.journal_head, contents.journal_seq
            manifest = Manifest(name, time, reason, head, seq, self._keys.public, files, devices)
            return manifest, self._keys.sign(manifest.written())

        everywhere = places.Everywhere(self._stores, name + ARCHIVE_SUFFIX)
        notes: places.Everywhere | None = None
        try:
            step = _steps(progress, either("写入备份", "Writing the backup"), contents.size)
            try:
                manifest = archive.write(contents.sources, describe, everywhere, self._keys.recipients, step)
            except OSError as error:
                reason_text = error.strerror or str(error)
                raise Refused("backup_source_unreadable", file=str(error.filename), reason=reason_text) from error
            everywhere.commit()
            for store in self._stores:
                self._prove(store, everywhere.sha256, manifest, contents.size, progress)
            sidecar = Sidecar(
                name,
                time,
                everywhere.sha256,
                everywhere.size,
                len(manifest.files),
                contents.journal_head,
                contents.journal_seq,
                reason,
                self._keys.public,
                devices,
            )
            notes = places.Everywhere(self._stores, name + SUFFIX)
            notes.write(sidecar.written(self._keys))
            notes.commit()
        except BaseException:
            everywhere.abort()
            if notes is not None:
                notes.abort()
            raise
        return _backup(sidecar, [_copy(store, sidecar) for store in self._stores], proven=True)

    def _prove(self, store: Store, sha256: str, manifest: Manifest, size: int, progress: Progress) -> None:
        path = store.where / (manifest.id + ARCHIVE_SUFFIX)
        label = either("读回核对", "Reading back") + f" {store.where}"
        try:
            with store.open(path.name) as file:
                hashed = _Hashed(file)
                found, signature = archive.read(hashed, self._keys.identity, step=_steps(progress, label, size))
                whole = hashed.sha256 == sha256
        except (archive.ArchiveBad, OSError) as error:
            raise Refused("backup_copy_bad", copy=str(path), reason=str(error)) from error
        if not whole or found != manifest:
            raise Refused(
                "backup_copy_bad",
                copy=str(path),
                reason=either("与写入的不是同一份", "not the archive that was written"),
            )
        if not signed(manifest.written(), signature, self._keys.public):
            raise Refused(
                "backup_copy_bad",
                copy=str(path),
                reason=either("清单签名不符", "the manifest's signature does not hold"),
            )

    def _newest(self, store: Store) -> list[tuple[Sidecar, BackupCopy]]:
        """The newest sidecar of ours whose archive is there; ids begin with the journal's sequence, so names sort by age."""
        with contextlib.suppress(OSError):  # a disk that is not there has no copies: `proven` then says no
            names = store.names()
            ids = sorted((n.removesuffix(SUFFIX) for n in names if n.endswith(SUFFIX)), reverse=True)
            for name in (f"{id_}{SUFFIX}" for id_ in ids):
                with store.open(name) as file:
                    sidecar = Sidecar.parse(file.read(1 << 16), self._keys.public)
                if sidecar is None or sidecar.id + SUFFIX != name or sidecar.archive not in names:
                    continue
                if store.size(sidecar.archive) == sidecar.size:
                    return [(sidecar, _copy(store, sidecar))]
        return []

    def _free_name(self, stem: str) -> str:
        taken = {name for store in self._stores for name in store.names()}
        number, name = 1, stem
        while name + SUFFIX in taken or name + ARCHIVE_SUFFIX in taken:
            number += 1
            name = f"{stem}-{number:02d}"
        return name

    def _staging(self) -> Path:
        """A private folder for the ledger's copy; those of earlier crashes go first."""
        try:
            for left in self._home.root.glob(_STAGING + "*"):
                shutil.rmtree(left)
            return Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._home.root))
        except OSError as error:
            raise places.unwritable(self._home.root, error) from error


class _Hashed:
    """A file that is hashed while it is read, so that one reading proves both what it is and what it holds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(count)
        self._digest.update(data)
        return data

    @property
    def sha256(self) -> str:
        self.read()
        return self._digest.hexdigest()


def _copy(store: Store, sidecar: Sidecar) -> BackupCopy:
    return BackupCopy(store.where / sidecar.archive, sidecar.sha256, sidecar.size)


def _backup(sidecar: Sidecar, copies: Sequence[BackupCopy], *, proven: bool) -> Backup:
    at, files, head = sidecar.at, sidecar.files, sidecar.journal_head
    return Backup(sidecar.id, at, tuple(copies), files, head, proven, sidecar.devices)


def _steps(progress: Progress, label: str, total: int) -> Callable[[int], None]:
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        progress(label, min(done, total), total)

    return step


def _silent(label: str, done: int, total: int) -> None:
    """Nobody asked to be told."""
