"""The bundle: the same bytes for the same facts, nothing of other taxpayers in it, and any tampering found offline."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.proof.bundle import NAMES
from fapiao_kernel.records.proof.recorder import ProofRecorder
from fapiao_kernel.records.proof.verify import verify_bundle


@pytest.fixture
def bundle(story):
    return ProofRecorder(story.home, story.journal).write(story.facts["run"], story.facts).bundle


def contents(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, files: dict[str, bytes], *, relist: bool = True) -> None:
    """Put a changed bundle together; ``relist``: with a manifest that fits, as a forger would."""
    if relist:
        manifest = json.loads(files["manifest.json"])
        for name in manifest["files"].keys() & files.keys():
            manifest["files"][name]["sha256"] = hashlib.sha256(files[name]).hexdigest()
        files = {**files, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def codes(path) -> list[str]:
    return [finding.code for finding in verify_bundle(path).findings]


def change(path, name: str, edit) -> None:
    """Edit one JSON part and relist it."""
    files = contents(path)
    part = json.loads(files[name])
    edit(part)
    pack(path, {**files, name: json.dumps(part, ensure_ascii=False).encode()})


def test_a_bundle_left_alone_holds_and_says_what_it_cannot_know(bundle):
    check = verify_bundle(bundle)
    assert (check.ok, check.findings) == (True, ())
    assert any("签名" in sentence for sentence in check.not_known)
    assert any("模拟设备" in sentence for sentence in check.not_known)
    assert set(contents(bundle)) == {*NAMES, "manifest.json"}


def test_writing_again_gives_the_same_bytes(story, bundle):
    first = bundle.read_bytes()
    story.journal.append("agent.stopped", {})
    assert ProofRecorder(story.home, story.journal).write(story.facts["run"], story.facts).bundle.read_bytes() == first


def test_nothing_of_another_run_is_in_it_but_the_chain_goes_on(bundle):
    journal = contents(bundle)["journal.jsonl"]
    assert "别家公司".encode() not in journal
    assert "王会计".encode() not in journal
    links = [json.loads(line) for line in journal.splitlines() if b'"data"' not in line]
    assert [set(link) for link in links] == [{"hash", "prev", "seq"}] * 2


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_named(bundle, name):
    files = contents(bundle)
    pack(bundle, {**files, name: files[name] + b" "}, relist=False)
    check = verify_bundle(bundle)
    assert not check.ok
    assert "bundle_file_changed" in [f.code for f in check.findings]
    assert any(name in f.message for f in check.findings)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(bundle, name):
    files = contents(bundle)
    del files[name]
    pack(bundle, files)
    check = verify_bundle(bundle)
    assert ("bundle_file_missing", True) in [(f.code, name in f.message) for f in check.findings]


def test_a_file_that_the_manifest_does_not_list_is_named(bundle):
    pack(bundle, {**contents(bundle), "extra.txt": b"x"})
    assert codes(bundle) == ["bundle_file_unlisted"]


@pytest.mark.parametrize(
    "old", ["李会计", '"outcome":"cleared"', '"revision":"r1-5c20e1"', '"device_tail":"7890"', '"seq":7']
)
def test_a_changed_journal_record_breaks_the_chain_though_the_manifest_fits(bundle, old):
    files = contents(bundle)
    changed = files["journal.jsonl"].replace(
        old.encode(), old.replace("7", "8").replace("r", "s").replace("李", "张").encode(), 1
    )
    assert changed != files["journal.jsonl"]
    pack(bundle, {**files, "journal.jsonl": changed})
    assert "bundle_chain_broken" in codes(bundle)


def test_a_journal_line_taken_out_breaks_the_chain(bundle):
    files = contents(bundle)
    lines = files["journal.jsonl"].splitlines(keepends=True)
    for index in range(1, len(lines) - 1):
        pack(bundle, {**files, "journal.jsonl": b"".join(lines[:index] + lines[index + 1 :])})
        assert "bundle_chain_broken" in codes(bundle)


@pytest.mark.parametrize("keep", [slice(0, -1), slice(1, None)])
def test_a_journal_cut_at_an_end_is_not_what_the_manifest_says(bundle, keep):
    files = contents(bundle)
    pack(bundle, {**files, "journal.jsonl": b"".join(files["journal.jsonl"].splitlines(keepends=True)[keep])})
    assert codes(bundle) == ["bundle_disagrees"]


def test_a_preview_with_another_digest_than_the_journal_froze_is_found(bundle):
    change(bundle, "preview.json", lambda preview: preview["units"][0].update(digest="0" * 64))
    assert codes(bundle) == ["bundle_disagrees"]


def test_a_preview_of_another_revision_is_found(bundle):
    change(bundle, "preview.json", lambda preview: preview.update(revision="r2"))
    assert set(codes(bundle)) == {"bundle_disagrees"}


@pytest.mark.parametrize("name", ["device-before.json", "device-after.json"])
def test_a_device_state_that_the_journal_never_read_is_found(bundle, name):
    change(bundle, name, lambda card: card["monitoring"][0].update(lock_date="2027-01-15"))
    assert codes(bundle) == ["bundle_disagrees"]


def test_other_receipts_than_the_journal_has_are_found(bundle):
    change(bundle, "authority.json", lambda part: part["authority"].update(receipts=["QK-made-up"]))
    assert codes(bundle) == ["bundle_disagrees"]


def test_a_backup_that_the_journal_does_not_know_is_found(bundle):
    change(bundle, "backup.json", lambda backups: backups[0].update(id="made-up"))
    assert codes(bundle) == ["bundle_disagrees"]


@pytest.mark.usefixtures("reasons_in_english")
def test_a_unit_that_was_sent_and_never_answered_is_found(story):
    run = story.facts["run"]
    groups = [[{"invoice_type": "005", "period": "2026-10"}]]
    intent = {"revision": story.facts["preview"]["revision"], "groups": groups, "card": story.facts["card_before"]}
    last = story.journal.append("clear.intent", intent, run=run).seq
    path = ProofRecorder(story.home, story.journal).write(run, {**story.facts, "journal_last": last}).bundle
    said = " ".join(finding.message for finding in verify_bundle(path).findings)
    assert "2 × clear.intent" in said
    assert "005 2026-10 has no outcome" in said
    assert "005 2026-10 is not in the preview" in said


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damaged_bundle_makes_the_check_fall_over_or_pass_with_other_content(story, bundle, tmp_path, data):
    whole = bundle.read_bytes()
    damaged = bytearray(whole)
    at = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        damaged[at] ^= data.draw(st.integers(1, 255))
    else:
        del damaged[at:]
    (tmp_path / "damaged.zip").write_bytes(damaged)
    if verify_bundle(tmp_path / "damaged.zip").ok:
        assert contents(tmp_path / "damaged.zip") == contents(bundle), "only zip's own wrapping may differ"


def test_a_bundle_cut_anywhere_is_a_finding(tmp_path, bundle):
    whole = bundle.read_bytes()
    for length in range(0, len(whole), 41):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        assert codes(tmp_path / "cut.zip") == ["bundle_unreadable"]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_what_is_no_zip_is_a_finding(tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    assert codes(tmp_path / "b.zip") == ["bundle_unreadable"]
    assert codes(tmp_path / "absent.zip") == ["bundle_unreadable"]


@pytest.mark.usefixtures("reasons_in_english")
def test_a_zip_bomb_is_not_unpacked(tmp_path, bundle):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("journal.jsonl", "w") as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    (tmp_path / "bomb.zip").write_bytes(out.getvalue())
    assert "too large" in verify_bundle(tmp_path / "bomb.zip").findings[0].message


def test_a_manifest_that_is_no_manifest_is_a_finding(bundle):
    for content in (b"[]", b"null", b"{}", b"{", b'{"files":[],"run":1}'):
        pack(bundle, {**contents(bundle), "manifest.json": content}, relist=False)
        assert codes(bundle) == ["bundle_unreadable"]


def test_the_verifier_imports_nothing_heavy():
    code = "import sys, fapiao_kernel.records.proof.verify; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"filelock", "duckdb", "pyrage", "cryptography", "pydantic", "zstandard"} & set(loaded)
