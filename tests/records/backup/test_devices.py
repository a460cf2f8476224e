"""Whose invoices a backup holds (备份里的设备): in the signed manifest and beside it, and silent in backups older than that."""

from __future__ import annotations

import json
from pathlib import Path

from fapiao_kernel.records.backup.backup import Backups
from fapiao_kernel.records.backup.folder_store import STORE
from fapiao_kernel.records.backup.keys import signed
from fapiao_kernel.records.backup.manifest import Manifest, Stored
from fapiao_kernel.records.backup.restore import restore
from fapiao_kernel.records.backup.sidecar import Sidecar


def backups(yard, devices, copy_ledger) -> Backups:
    stores = [STORE.open(str(folder)) for folder in yard.home.backups]
    return Backups(yard.home, yard.clock, yard.keys, stores, copy_ledger, devices)


def test_a_backup_names_the_devices_that_were_in_the_ledger_before_it_was_copied(yard):
    known = ["661000012345"]

    def copy(path: Path) -> None:
        path.write_bytes(b"ledger")
        known.append("661000099999")  # comes in behind the copy

    store = backups(yard, lambda: known, copy)
    made = store.make("x")
    assert made.devices == ("661000012345",)
    assert store.latest() == made


def test_a_backup_of_a_home_without_ledger_names_none(yard):
    assert yard.backups.make("x").devices == ()


def test_devices_are_under_the_signature_of_the_sidecar(yard):
    store = backups(yard, lambda: ["661000012345"], lambda path: path.write_bytes(b"ledger"))
    store.make("x")
    for note in (path for folder in yard.home.backups for path in folder.glob("*.json")):
        told = json.loads(note.read_text("utf-8"))
        assert told["devices"] == ["661000012345"]
        told["devices"] = ["661000099999"]
        note.write_text(json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1), "utf-8")
    assert store.latest() is None


def test_a_sidecar_of_before_is_read_and_names_none(yard):
    fields = {
        "id": "b", "time": "2026-11-05T09:00:00+08:00", "sha256": "00", "size": 1, "files": 1,
        "journal_head": "", "journal_seq": 0, "reason": "x", "key": yard.keys.public,
    }  # fmt: skip
    body = json.dumps(fields, ensure_ascii=False, sort_keys=True, indent=1)
    written = json.dumps({**fields, "signature": yard.keys.sign(body.encode())}, ensure_ascii=False)
    found = Sidecar.parse(written.encode(), yard.keys.public)
    assert found is not None
    assert found.devices == ()


def test_a_manifest_of_before_is_written_as_it_was_signed(yard):
    old = Manifest("b", "2026-11-05T09:00:00+08:00", "x", "", 0, yard.keys.public, {"a": Stored("00", 1)})
    written = old.written()
    assert b"devices" not in written
    signature = yard.keys.sign(written)
    assert signed(Manifest.parse(written).written(), signature, yard.keys.public)


def test_a_manifest_comes_back_with_its_devices(yard):
    one = Manifest("b", "t", "x", "", 0, yard.keys.public, {}, ("661000012345",))
    assert Manifest.parse(one.written()) == one


def test_a_backup_with_devices_is_restored(yard, tmp_path):
    store = backups(yard, lambda: ["661000012345"], lambda path: path.write_bytes(b"ledger"))
    made = store.make("x")
    assert restore(made.copies[0].path, yard.secret, tmp_path / "new").files == made.files
