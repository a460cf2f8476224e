"""A trial backup (试备份): a real one in every respect, made into a scratch folder and thrown away with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.home import Home
from fapiao_kernel.ports import Clock
from fapiao_kernel.records import durable
from fapiao_kernel.records.backup.backup import Backups
from fapiao_kernel.records.backup.folder_store import FolderStore
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.language import either


class TrialBackups(Backups):
    """``ports.BackupStore`` over two folders below ``scratch``. What it stages lies there too, so that it never meets a
    real backup that is made at the same time."""

    def __init__(
        self,
        home: Home,
        clock: Clock,
        keys: KeyBox,
        scratch: Path,
        copy_ledger: Callable[[Path], None],
        devices: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        stores = [FolderStore(scratch / name) for name in ("a", "b")]
        super().__init__(home, clock, keys, stores, copy_ledger, devices)
        self._scratch = scratch

    def _staging(self) -> Path:
        durable.make_folder(self._scratch)
        return Path(tempfile.mkdtemp(prefix="staging-", dir=self._scratch))


def look_at(folders: Sequence[Path], size: int) -> tuple[Finding, ...]:
    """Whether each real place could take a backup of ``size`` bytes: looked at, and nothing written there."""
    told: list[Finding] = []
    for folder in folders:
        there = next((place for place in (folder, *folder.parents) if place.exists()), None)
        if there is None or not there.is_dir():
            told.append(finding("rehearsal_place_bad", folder=folder, why=either("不是文件夹", "not a folder")))
        elif not os.access(there, os.W_OK | os.X_OK):
            told.append(finding("rehearsal_place_bad", folder=folder, why=either("没有权限", "no permission")))
        elif (free := shutil.disk_usage(there).free) < size:
            told.append(finding("rehearsal_place_full", folder=folder, free=free // 2**20))
    return tuple(told)
