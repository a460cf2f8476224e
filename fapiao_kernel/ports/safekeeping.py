"""What is kept of a clear (留存): backups, records, evidence bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from fapiao_kernel.ports.common import Progress


@dataclass(frozen=True)
class BackupCopy:
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Backup:
    """One backup set (备份): the same encrypted archive in every folder, each read back, decrypted and compared.

    ``devices``: machine numbers (机器编号) whose invoices the ledger in it holds.
    """

    id: str
    time: datetime
    copies: tuple[BackupCopy, ...]
    files: int
    journal_head: str
    proven: bool
    devices: tuple[str, ...] = ()


class BackupStore(Protocol):
    """Where backups go. ``make`` ends only when every copy was read back; raises ``FapiaoError`` when one was not."""

    def make(self, reason: str, progress: Progress | None = None) -> Backup: ...

    def latest(self) -> Backup | None: ...


@dataclass(frozen=True)
class RunFiles:
    """What a finished run leaves: the clear record (清卡记录) as HTML, xlsx and JSON, and the evidence bundle (zip)."""

    record: Path
    bundle: Path
    sheet: Path | None = None
    data: Path | None = None


class Recorder(Protocol):
    """Writes the record and the bundle of a run from its facts."""

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        """``facts`` (JSON values): see ``records.proof.facts`` for the keys."""
        ...
