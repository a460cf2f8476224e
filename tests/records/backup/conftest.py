"""A home with something in every place that a backup takes, and in every place that it must leave alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from fapiao_kernel.domain.home import Home
from fapiao_kernel.records.backup.backup import Backups
from fapiao_kernel.records.backup.folder_store import STORE
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.journal.store import FileJournal

TAKEN = ("ledger.duckdb", "intake/ab/原件.xlsx", "records/r1/清卡记录.html", "settings.json", "journal/2026-11.jsonl")
LEDGER = b"ledger as copied" * 5000


@dataclass
class Yard:
    home: Home
    keys: KeyBox
    secret: str
    journal: FileJournal
    backups: Backups
    clock: object

    def another(self, *folders: Path, copy_ledger=None) -> Backups:
        """Backups of the same home to other places."""
        stores = [STORE.open(str(folder)) for folder in folders]
        return Backups(self.home, self.clock, self.keys, stores, copy_ledger or copy)


def copy(path: Path) -> None:
    path.write_bytes(LEDGER)


@pytest.fixture
def yard(tmp_path: Path, clock):
    home = Home(tmp_path / "home")
    for name, content in {
        "intake/ab/原件.xlsx": os.urandom(300_000),
        "intake/empty": b"",
        "records/r1/清卡记录.html": "<p>记录".encode(),
        "settings.json": b"{}",
        "agent.token": b"the-bearer-token",
        "practice/card.json": b"practice image",
    }.items():
        path = home.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    keys, secret = KeyBox.ensure(home.keys)
    assert secret is not None
    journal = FileJournal(home.journal, clock)
    for n in range(5):
        journal.append("run.checked", {"n": n}, run="r1")
    backups = Backups(home, clock, keys, [STORE.open(str(f)) for f in home.backups], copy)
    yield Yard(home, keys, secret, journal, backups, clock)
    journal.close()
