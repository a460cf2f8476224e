"""A trial backup is a real one that never meets the real ones."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.records.backup.trial import TrialBackups, look_at
from tests.records.backup.conftest import Yard, copy


def test_it_is_made_proven_and_found_in_its_folder_and_nowhere_else(yard: Yard, tmp_path: Path) -> None:
    trial = TrialBackups(yard.home, yard.clock, yard.keys, tmp_path / "scratch", copy)  # type: ignore[arg-type]  # a test's clock
    made = trial.make("before-clear")
    assert made.proven and len(made.copies) == 2 and trial.latest() == made
    assert all(one.path.is_relative_to(tmp_path / "scratch") and one.path.is_file() for one in made.copies)
    assert yard.backups.latest() is None and not any(folder.exists() for folder in yard.home.backups)
    assert list((tmp_path / "scratch").glob("staging-*")) == []


def test_it_does_not_disturb_a_real_backup_that_is_under_way(yard: Yard, tmp_path: Path) -> None:
    trial = TrialBackups(yard.home, yard.clock, yard.keys, tmp_path / "scratch", copy)  # type: ignore[arg-type]  # a test's clock
    copying, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> None:
        copying.set()
        assert go_on.wait(20)
        copy(path)

    made: list[bool] = []
    real = yard.another(*yard.home.backups, copy_ledger=slow)
    thread = threading.Thread(target=lambda: made.append(real.make("monthly").proven))
    thread.start()
    assert copying.wait(20)
    assert trial.make("before-clear").proven
    go_on.set()
    thread.join(20)
    assert made == [True]


def test_places_that_can_take_a_backup_are_only_looked_at(tmp_path: Path) -> None:
    there, to_be_made = tmp_path / "disk", tmp_path / "disk" / "fapiao" / "a"
    there.mkdir()
    assert look_at([there, to_be_made], 1000) == ()
    assert list(there.iterdir()) == []


def test_a_place_that_is_no_folder_or_too_small_is_a_blocker(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    told = look_at([tmp_path / "file" / "a", tmp_path], 1 << 62)
    assert [f.code for f in told] == ["rehearsal_place_bad", "rehearsal_place_full"]
    assert {f.severity for f in told} == {Severity.BLOCKER}


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0,
    reason="a folder's mode binds no administrator; enable: run as a plain user",
)
def test_a_place_without_permission_is_a_blocker(tmp_path: Path) -> None:
    place = tmp_path / "locked"
    place.mkdir(0o500)
    assert [f.code for f in look_at([place], 1)] == ["rehearsal_place_bad"]
