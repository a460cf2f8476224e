"""A backup counts when every copy was read back and compared; a failed one leaves nothing."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.backup import folder_store
from fapiao_kernel.records.backup.restore import restore
from fapiao_kernel.records.journal.verify import verify

NO_PERMISSIONS = os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0)


def everything(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_the_same_archive_lies_in_every_folder_and_is_proven(yard):
    made = yard.backups.make("清卡前")
    assert made.proven
    assert [copy.path.parent for copy in made.copies] == list(yard.home.backups)
    assert len({copy.path.read_bytes() for copy in made.copies}) == 1
    assert made.journal_head == yard.journal.head()[1]
    assert yard.backups.latest() == made


def test_what_comes_back_is_what_was_there(yard, tmp_path):
    made = yard.backups.make("清卡前")
    restored = restore(made.copies[1].path, yard.home.keys / "identity.age", tmp_path / "new")
    for name in (
        "intake/ab/原件.xlsx",
        "intake/empty",
        "records/r1/清卡记录.html",
        "settings.json",
        "journal/2026-11.jsonl",
    ):
        assert (tmp_path / "new" / name).read_bytes() == (yard.home.root / name).read_bytes()
    assert (tmp_path / "new" / "ledger.duckdb").read_bytes() == b"ledger as copied" * 5000
    assert restored.files == made.files == 6
    assert restored.journal_records == 5
    assert restored.signer == yard.keys.public


def test_keys_token_and_practice_world_stay_at_home(yard, tmp_path):
    restore(yard.backups.make("x").copies[0].path, yard.secret, tmp_path / "new")
    assert everything(tmp_path / "new") == ["intake", "journal", "ledger.duckdb", "records", "settings.json"]


def test_a_journal_line_being_written_is_left_out(yard, tmp_path):
    with (yard.home.journal / "2026-11.jsonl").open("ab") as file:
        file.write(b'{"data":{"half')
    made = yard.backups.make("x")
    restore(made.copies[0].path, yard.secret, tmp_path / "new")
    assert verify(tmp_path / "new" / "journal").records == 5


def test_an_empty_home_can_be_backed_up_too(yard, tmp_path):
    import shutil

    for name in ("intake", "records", "journal"):
        shutil.rmtree(yard.home.root / name)
    made = yard.another(tmp_path / "a", tmp_path / "b", copy_ledger=lambda path: None).make("x")
    assert (made.files, made.journal_head) == (1, "")


def test_the_clear_text_of_an_original_is_nowhere_in_an_archive(yard):
    made = yard.backups.make("x")
    original = (yard.home.root / "intake/ab/原件.xlsx").read_bytes()
    assert original[1000:1064] not in made.copies[0].path.read_bytes()


def test_nothing_is_left_in_the_home_but_the_copies(yard):
    before = set(everything(yard.home.root)) | {"backups"}
    yard.backups.make("x")
    assert set(everything(yard.home.root)) == before


def test_progress_is_measured_and_ends_at_its_total(yard):
    told: list[tuple[str, int, int]] = []
    yard.backups.make("x", lambda *step: told.append(step))
    labels = list(dict.fromkeys(label for label, _, _ in told))
    assert len(labels) == 3, "writing, and reading back from each of two folders"
    for label in labels:
        done = [(d, t) for name, d, t in told if name == label]
        assert done == sorted(done)
        assert done[-1][0] == done[-1][1] > 300_000


def test_the_newest_backup_is_the_latest_even_when_the_clock_went_back(yard):
    yard.backups.make("first")
    yard.journal.append("x", {})
    yard.clock.time = yard.clock.time.replace(year=2025)
    second = yard.backups.make("second")
    again = yard.backups.make("third, in the same second")
    assert yard.backups.latest() == again != second


def test_a_copy_that_is_gone_makes_the_latest_unproven(yard):
    made = yard.backups.make("x")
    made.copies[0].path.unlink()
    latest = yard.backups.latest()
    assert latest is not None
    assert not latest.proven
    assert [copy.path for copy in latest.copies] == [made.copies[1].path]


def test_a_sidecar_that_somebody_else_wrote_is_not_believed(yard):
    made = yard.backups.make("x")
    for folder in yard.home.backups:
        sidecar = folder / f"{made.id}.json"
        fields = json.loads(sidecar.read_text("utf-8"))
        sidecar.write_text(json.dumps({**fields, "time": "2030-01-01T00:00:00+08:00"}), "utf-8")
    assert yard.backups.latest() is None


def test_there_is_no_latest_before_the_first(yard):
    assert yard.backups.latest() is None


def test_one_folder_under_two_names_is_refused(yard, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(Refused) as caught:
        yard.another(tmp_path / "a", tmp_path / "link").make("x")
    assert caught.value.code == "backup_same_folder"


def test_a_single_folder_is_refused(yard, tmp_path):
    with pytest.raises(Refused) as caught:
        yard.another(tmp_path / "a").make("x")
    assert caught.value.code == "backup_too_few_folders"


def test_two_folders_on_one_disk_are_a_warning_only(yard):
    (found,) = yard.backups.findings()
    assert (found.code, found.severity.value) == ("backup_same_disk", "warning")
    assert not found.holds_up


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second file system")
def test_folders_on_two_disks_are_no_finding(yard, tmp_path):
    import tempfile

    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        if os.stat(other).st_dev == os.stat(tmp_path).st_dev:
            pytest.skip("the tests run on the same file system as /dev/shm")
        assert yard.another(tmp_path, Path(other)).findings() == ()


@pytest.mark.parametrize("at", [10, 200_000, -2])
def test_a_byte_that_the_medium_changed_is_found_and_the_set_is_removed(yard, monkeypatch, at):
    real = folder_store.FolderStore.open

    def rotten(self, name):
        if self.where.name == "b" and name.endswith(".age"):
            content = bytearray((self.where / name).read_bytes())
            content[at] ^= 1
            (self.where / name).write_bytes(content)
        return real(self, name)

    monkeypatch.setattr(folder_store.FolderStore, "open", rotten)
    with pytest.raises(Refused) as caught:
        yard.backups.make("x")
    assert caught.value.code == "backup_copy_bad"
    assert "backups/b" in caught.value.facts["copy"].replace("\\", "/")
    assert [everything(folder) for folder in yard.home.backups] == [[], []]
    assert yard.backups.latest() is None


def test_a_copy_that_the_medium_cut_is_found(yard, monkeypatch):
    real = folder_store.FolderStore.open

    def cut(self, name):
        if name.endswith(".age"):
            os.truncate(self.where / name, self.size(name) - 70_000)
        return real(self, name)

    monkeypatch.setattr(folder_store.FolderStore, "open", cut)
    with pytest.raises(Refused) as caught:
        yard.backups.make("x")
    assert caught.value.code == "backup_copy_bad"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "backup_disk_full"), (errno.EACCES, "backup_unwritable"), (errno.EIO, "backup_unwritable")],
)
def test_a_folder_that_fails_in_the_middle_is_named_and_leaves_nothing_half(yard, monkeypatch, number, code):
    real = folder_store.FolderDraft.write

    def fail(self, data):
        if self._path.parent.name == "b" and self._file.tell() > 100_000:
            raise OSError(number, os.strerror(number))
        return real(self, data)

    monkeypatch.setattr(folder_store.FolderDraft, "write", fail)
    with pytest.raises(Refused) as caught:
        yard.backups.make("x")
    assert caught.value.code == code
    assert caught.value.facts["folder"] == str(yard.home.backups[1])
    assert [everything(folder) for folder in yard.home.backups] == [[], []]
    assert not list(yard.home.root.glob(".backup-*"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_truly_full_disk_at_the_ledger_copy_is_a_clear_error(yard):
    def fill(path: Path) -> None:
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")

    with pytest.raises(Refused) as caught:
        yard.another(*yard.home.backups, copy_ledger=fill).make("x")
    assert caught.value.code == "backup_disk_full"
    assert not list(yard.home.root.glob(".backup-*"))


def test_a_place_that_is_no_folder_is_refused_by_name(yard, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused) as caught:
        yard.another(tmp_path / "a", tmp_path / "file").make("x")
    assert caught.value.code == "backup_unwritable"
    assert caught.value.facts["folder"] == str(tmp_path / "file")


@pytest.mark.skipif(NO_PERMISSIONS, reason="permissions do not bind this user")
def test_a_folder_without_write_permission_is_refused_by_name(yard, tmp_path):
    (tmp_path / "a").mkdir(mode=0o500)
    with pytest.raises(Refused) as caught:
        yard.another(tmp_path / "a", tmp_path / "b").make("x")
    assert caught.value.code == "backup_unwritable"


def test_what_a_crash_left_is_swept_by_the_next_backup(yard):
    for folder in yard.home.backups:
        folder.mkdir(parents=True)
        (folder / "old.tar.zst.age.part").write_bytes(b"half")
    (yard.home.root / ".backup-dead").mkdir()
    (yard.home.root / ".backup-dead" / "ledger.duckdb").write_bytes(b"plain")
    made = yard.backups.make("x")
    assert everything(yard.home.backups[0]) == sorted([f"{made.id}.json", f"{made.id}.tar.zst.age"])
    assert not (yard.home.root / ".backup-dead").exists()
