"""A death at any fsync whatever, also those of opening, repairing and signing, which are no points of a month."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify
from tests.crash.model.disk import Disk
from tests.crash.model.faults import Crash
from tests.crash.model.world import SIGNER, START

if os.name == "nt":
    pytest.skip("open files are replaced here as only POSIX lets them be", allow_module_level=True)

SHARES = (0.0, 0.6, 1.0, None)
TORN = b'{"data":{},"ha'


class Clock:
    """The month's clock; ``months``: how far it has jumped."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class Mortal(Disk):
    """Dies at its ``at``-th fsync, of files and folders alike, before it counts (``share``) or right after it."""

    def __init__(self, folder: Path, seed: int, at: int, share: float | None, *, after: bool) -> None:
        super().__init__(folder, random.Random(seed))
        self.at, self.share, self.after, self.syncs = at, share, after, 0

    def _sync(self, descriptor: int) -> None:
        self.syncs += 1
        if self.syncs == self.at and not self.after:
            self.die(self.share)
        super()._sync(descriptor)
        if self.syncs == self.at:
            self.die(self.share)


@contextlib.contextmanager
def _opened(disk: Disk, clock: Clock) -> Iterator[FileJournal]:
    journal = FileJournal(disk.folder, clock, lambda: SIGNER)
    try:
        yield journal
    finally:
        journal.close()


def _life(disk: Disk, acknowledged: list[str]) -> None:
    """Open (with a torn line to repair), write, let the month turn, write: what returned was acknowledged."""
    clock = Clock()
    with _opened(disk, clock) as journal:
        for name in ("a", "b", "c", "d"):
            if name == "c":
                clock.time += timedelta(days=31)
            journal.append("note", {"name": name})
            acknowledged.append(name)


def _begun(folder: Path) -> dict[str, bytes]:
    """A journal of three records with half a line after them."""
    disk = Disk(folder, random.Random(0))
    with disk.mounted(), _opened(disk, Clock()) as journal:
        for name in ("x", "y", "z"):
            journal.append("note", {"name": name})
    files = disk.files()
    return {name: content + TORN for name, content in files.items()}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("share", SHARES)
def test_a_journal_opens_after_a_death_at_any_fsync_and_holds_all_that_it_acknowledged(
    tmp_path: Path, share: float | None, after: bool
) -> None:
    files = _begun(tmp_path)
    deaths = 0
    for at in range(1, 40):
        for seed in range(4 if share is None else 2):
            disk = Mortal(tmp_path, seed, at, share, after=after)
            disk.lay(files)
            acknowledged = ["x", "y", "z"]
            with disk.mounted():
                try:
                    _life(disk, acknowledged)
                except Crash:
                    deaths += 1
                    disk.restart()
                disk.at = 0
                clock = Clock()
                clock.time += timedelta(days=32)
                with _opened(disk, clock) as journal:
                    journal.append("note", {"name": "last"})
                    names = [r.data["name"] for r in journal.records() if r.kind == "note"]
            assert names[: len(acknowledged)] == acknowledged, f"fsync {at}, seed {seed}"
            assert len(names) - len(acknowledged) <= 2  # one that was not acknowledged may be there, and the last
            found = verify(tmp_path, (SIGNER.public,))
            assert found.ok, (at, seed, found.first_bad)
            assert found.signed == ("2026-11.jsonl",)
        if disk.syncs < at:
            break
    assert deaths > 20
