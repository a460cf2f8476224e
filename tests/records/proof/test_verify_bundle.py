"""Verifying a bundle offline: whoever changes a part is found, and what the file cannot prove is said."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile

import pytest

from fapiao_kernel.records.proof import json_record, signature
from fapiao_kernel.records.proof.bundle import NAMES, UNSIGNED_NAMES
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.records.proof.forging import LINES, Forger, codes, contents


def test_a_bundle_left_alone_holds_and_says_what_it_cannot_know(bundle):
    check = verify_bundle(bundle)
    assert (check.ok, check.findings) == (True, ())
    assert any("签名" in sentence for sentence in check.not_known)
    assert any("模拟设备" in sentence for sentence in check.not_known)
    assert set(contents(bundle)) == {*NAMES, *LINES, "manifest.json", "manifest.sig"}


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_named(bundle, name, pack):
    files = contents(bundle)
    pack(bundle, {**files, name: files[name] + b" "}, relist=False)
    check = verify_bundle(bundle)
    assert not check.ok
    assert "bundle_file_changed" in [f.code for f in check.findings]
    assert any(name in f.message for f in check.findings)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(bundle, name, pack):
    files = contents(bundle)
    del files[name]
    pack(bundle, files)
    check = verify_bundle(bundle)
    assert ("bundle_file_missing", True) in [(f.code, name in f.message) for f in check.findings]


def test_a_file_that_the_manifest_does_not_list_is_named(bundle, pack):
    pack(bundle, {**contents(bundle), "extra.txt": b"x"})
    assert codes(bundle) == ["bundle_file_unlisted"]


@pytest.mark.parametrize(
    "old", ["李会计", '"outcome":"cleared"', '"revision":"r1-5c20e1"', '"device_tail":"7890"', '"seq":7']
)
def test_a_changed_journal_record_breaks_the_chain_though_the_manifest_fits(bundle, old, pack):
    files = contents(bundle)
    changed = files["journal.jsonl"].replace(
        old.encode(), old.replace("7", "8").replace("r", "s").replace("李", "张").encode(), 1
    )
    assert changed != files["journal.jsonl"]
    pack(bundle, {**files, "journal.jsonl": changed})
    assert "bundle_chain_broken" in codes(bundle)


def test_a_journal_line_taken_out_breaks_the_chain(bundle, pack):
    files = contents(bundle)
    lines = files["journal.jsonl"].splitlines(keepends=True)
    for index in range(1, len(lines) - 1):
        pack(bundle, {**files, "journal.jsonl": b"".join(lines[:index] + lines[index + 1 :])})
        assert "bundle_chain_broken" in codes(bundle)


@pytest.mark.parametrize("keep", [slice(0, -1), slice(1, None)])
def test_a_journal_cut_at_an_end_is_not_what_the_manifest_says(bundle, keep, pack):
    files = contents(bundle)
    pack(bundle, {**files, "journal.jsonl": b"".join(files["journal.jsonl"].splitlines(keepends=True)[keep])})
    assert "bundle_disagrees" in codes(bundle)


def test_a_preview_with_another_digest_than_the_journal_froze_is_found(bundle, change):
    change(bundle, "preview.json", lambda preview: preview["units"][0].update(digest="0" * 64))
    assert set(codes(bundle)) == {"bundle_disagrees", "bundle_lines_wrong"}


def test_a_preview_of_another_revision_is_found(bundle, change):
    change(bundle, "preview.json", lambda preview: preview.update(revision="r2"))
    assert set(codes(bundle)) == {"bundle_disagrees"}


@pytest.mark.parametrize("name", ["device-before.json", "device-after.json"])
def test_a_device_state_that_the_journal_never_read_is_found(bundle, name, change):
    change(bundle, name, lambda card: card["monitoring"][0].update(lock_date="2027-01-15"))
    assert set(codes(bundle)) == {"bundle_disagrees"}


def test_other_receipts_than_the_journal_has_are_found(bundle, change):
    change(bundle, "authority.json", lambda part: part["authority"].update(receipts=["QK-made-up"]))
    assert set(codes(bundle)) == {"bundle_disagrees"}


def test_a_backup_that_the_journal_does_not_know_is_found(bundle, change):
    change(bundle, "backup.json", lambda backups: backups[0].update(id="made-up"))
    assert set(codes(bundle)) == {"bundle_disagrees"}


def test_a_bundle_signed_anew_with_another_key_shows_only_in_the_fingerprint(story, bundle, stranger):
    Forger(stranger).pack(bundle, contents(bundle) | {})
    assert "bundle_disagrees" in codes(bundle), "the record inside still names the company's key"
    files = contents(bundle)
    record = json.loads(files["record.json"])
    record["signing_key"] = signature.fingerprint(stranger.public)
    Forger(stranger).pack(bundle, {**files, "record.json": json_record.written(record)})
    check = verify_bundle(bundle)
    mark = signature.grouped(signature.fingerprint(stranger.public))
    assert (check.ok, check.signed_by) == (True, signature.fingerprint(stranger.public))
    assert mark in check.not_known[0]
    pinned = verify_bundle(bundle, signature.fingerprint(story.signer.public))
    assert ([f.code for f in pinned.findings], pinned.findings[0].severity) == (["bundle_key_other"], "blocker")


def test_the_right_key_is_told_as_the_one_that_was_asked_for(story, bundle):
    check = verify_bundle(bundle, signature.fingerprint(story.signer.public))
    assert check.ok
    assert "与您给的一致" in check.not_known[0]


def test_a_manifest_signed_by_nobody_that_it_names_is_found(bundle, stranger):
    files = contents(bundle)
    files["manifest.sig"] = stranger.sign(files["manifest.json"]).encode() + b"\n"
    Forger(stranger).pack(bundle, files, relist=False)
    assert "bundle_signature_wrong" in codes(bundle)


def test_taking_the_signature_away_does_not_pass(bundle):
    files = contents(bundle)
    del files["manifest.sig"]
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert set(codes(bundle)) == {"bundle_unsigned", "bundle_rewrapped"}


def test_a_bundle_packed_anew_says_so_and_that_the_contents_hold(bundle):
    with zipfile.ZipFile(io.BytesIO(bundle.read_bytes())) as old, zipfile.ZipFile(bundle, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    check = verify_bundle(bundle)
    assert [(f.code, f.severity) for f in check.findings] == [("bundle_rewrapped", "warning")]
    assert check.signed_by


def test_an_old_unsigned_bundle_is_checked_and_called_unsigned(bundle):
    files = contents(bundle)
    old = {name: files[name] for name in UNSIGNED_NAMES}
    told = {name: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for name, c in old.items()}
    manifest = json.loads(files["manifest.json"])
    form_1 = {"form": 1, "run": manifest["run"], "journal": manifest["journal"], "files": told}
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, content in {**old, "manifest.json": json_record.written(form_1)}.items():
            archive.writestr(name, content)
    check = verify_bundle(bundle)
    assert [(f.code, f.severity) for f in check.findings] == [("bundle_unsigned", "warning")]
    assert "没有有效的签名" in check.not_known[0]
    assert verify_bundle(bundle, "0" * 64).findings[0].severity == "blocker"


def test_two_members_swapped_are_both_named(bundle, pack):
    files = contents(bundle)
    files["preview.json"], files["backup.json"] = files["backup.json"], files["preview.json"]
    pack(bundle, files, relist=False)
    said = [f.message for f in verify_bundle(bundle).findings if f.code == "bundle_file_changed"]
    assert any("preview.json" in text for text in said) and any("backup.json" in text for text in said)


def test_the_verifier_imports_nothing_heavy():
    code = "import sys, fapiao_kernel.records.proof.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"filelock", "duckdb", "pyrage", "cryptography", "pydantic", "zstandard"} & set(loaded)
