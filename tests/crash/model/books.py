"""What an agent keeps beside its journal (账本): ledger, backups and records, each with a disk that can be full.

A ledger and a backup set are transactions: what was not committed is not there, whatever happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Backup, Journal, RunFiles, UnitPreview
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.proof import facts as facts_form
from fapiao_kernel.records.proof import html_record
from tests.operations.fakes import FakeBackups, FakeLedger

FULL = "No space left on device"


class Ledger(FakeLedger):
    """``committed``: every row that was ever written, in order: a unit that stands there twice was closed twice."""

    def __init__(self) -> None:
        super().__init__()
        self.committed: list[tuple[ClearUnit, str]] = []
        self.full = False

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        """One transaction."""
        if self.full:
            raise Refused("ledger_unwritable", path="ledger", original=FULL)
        before = dict(self.rows)
        new = super().close_units(previews, run=run, at=at)
        self.committed += [(unit, by) for unit, by in self.rows.items() if before.get(unit) != by]
        return new


class Backups(FakeBackups):
    """Sets are made whole or not at all."""

    full = False

    def make(self, reason: str, progress: object = None) -> Backup:
        """See ``ports.BackupStore``."""
        if self.full:
            raise Refused("backup_disk_full", folder="a")
        return super().make(reason, progress)


class Recorder:
    """The shipped form of the facts and the shipped page; ``kept``: run → facts and page as they were last written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kept: dict[str, tuple[Mapping[str, Any], str]] = {}
        self.full = False
        self.journal: Journal | None = None

    def write(self, run: str, facts: Mapping[str, Any]) -> RunFiles:
        """As ``records.proof.recorder`` does it, without the bundle."""
        known = chain.writable(plain(facts))
        facts_form.check(known)
        if self.full:
            raise FapiaoError("proof_unwritable", folder=str(self._folder), reason=FULL)
        assert self.journal is not None
        first, last = int(known["journal_first"]), int(known["journal_last"])
        own = [dict(vars(r)) for r in self.journal.records(run=run, since=first - 1) if r.seq <= last]
        page = html_record.render(known, own, own[-1]["hash"])
        self.kept[run] = known, page
        file = self._folder / f"{run}.html"
        file.write_text(page, encoding="utf-8")
        return RunFiles(file, file)
