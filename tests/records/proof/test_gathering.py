"""What a bundle takes from the ledger and from beside the backups: the real ones' own forms, end to end."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.backup.backup import Backups
from fapiao_kernel.records.backup.folder_store import STORE
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.proof import gathering
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.records.ledger.conftest import make
from tests.records.proof.conftest import lines_of
from tests.records.proof.forging import Forger, codes, contents

DEVICE = "661000012345"
UNIT = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))
AT = datetime(2026, 11, 5, 9, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def ledger(tmp_path):
    made = DuckLedger(tmp_path / "ledger.duckdb", practice=True)
    made.add([make(n) for n in range(1, 40)], original="o", file="f", at=AT, cards={DEVICE: ()}, card=DEVICE)
    yield made
    made.close()


def test_the_ledgers_lines_hash_to_its_own_digest_also_after_the_unit_is_closed(ledger, tmp_path):
    (frozen,) = ledger.preview([UNIT])
    ledger.close_units([frozen], run="r1", at=AT)
    ledger.add([make(99)], original="p", file="late", at=AT, cards={DEVICE: ()}, card=DEVICE)
    ledger.write_lines(UNIT, frozen.watermark, tmp_path / "unit.d1")
    content = (tmp_path / "unit.d1").read_bytes()
    assert content.count(b"\n") == frozen.count == 39
    assert hashlib.sha256(content).hexdigest() == frozen.digest


def test_a_unit_without_invoices_has_an_empty_file(ledger, tmp_path):
    empty = ClearUnit(DEVICE, InvoiceType.ORDINARY, Period(2026, 10))
    (frozen,) = ledger.preview([empty])
    ledger.write_lines(empty, frozen.watermark, tmp_path / "unit.d1")
    assert (tmp_path / "unit.d1").read_bytes() == b""
    assert frozen.digest == hashlib.sha256().hexdigest()


def test_lines_that_cannot_be_written_are_an_os_error(ledger, tmp_path):
    with pytest.raises(OSError):
        ledger.write_lines(UNIT, 1, tmp_path / "absent" / "unit.d1")


def test_more_lines_than_a_bundle_takes_stay_out(story, tmp_path, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_LINES", len(lines_of("004")))
    with gathering.lines_of(story.facts, story.ledger, tmp_path) as lines:
        assert list(lines) == [("004", "2026-10")]
    assert list(tmp_path.glob("*.part")) == []


class Backed:
    """The story with one real backup in place of the told ones."""

    def __init__(self, story, clock) -> None:
        self.keys, _ = KeyBox.ensure(story.home.keys)
        story.signer = self.keys
        stores = [STORE.open(str(folder)) for folder in story.home.backups]
        backup = Backups(story.home, clock, self.keys, stores, lambda path: path.write_bytes(b"ledger")).make("x")
        self.id = backup.id
        self.facts = [
            {
                "id": backup.id,
                "time": backup.time.isoformat(),
                "copies": [{"path": str(c.path), "sha256": c.sha256, "size": c.size} for c in backup.copies],
                "files": backup.files,
                "journal_head": backup.journal_head,
                "proven": backup.proven,
                "reason": "x",
            }
        ]
        self.copies = backup.copies


@pytest.fixture
def backed(story, clock) -> Backed:
    return Backed(story, clock)


def notes(story, backed) -> dict[str, bytes]:
    return gathering.sidecars({**story.facts, "backups": backed.facts})


def test_a_backups_own_signed_note_is_taken_as_it_lies_there(story, backed):
    assert json.loads(notes(story, backed)[backed.id])["sha256"] == backed.copies[0].sha256


def test_a_place_that_is_gone_is_passed_over_for_the_next(story, backed):
    (backed.copies[0].path.parent / f"{backed.id}.json").unlink()
    assert backed.id in notes(story, backed)
    (backed.copies[1].path.parent / f"{backed.id}.json").write_text("{}")
    assert notes(story, backed) == {}


def test_a_name_that_is_no_file_name_is_not_looked_for(story, backed):
    backed.facts[0]["id"] = "../x"
    assert notes(story, backed) == {}


@pytest.mark.usefixtures("reasons_in_english")
def test_a_note_is_checked_against_key_run_and_journal(story, backed):
    path = story.record(backups=backed.facts).bundle
    name = f"backups/{backed.id}.json"
    said = [f.message for f in verify_bundle(path).findings]
    assert all("backup.json" in text for text in said), "the told journal knows another backup; the note itself holds"
    assert name in contents(path)
    for key, value in (("sha256", "0" * 64), ("journal_head", "1" * 64)):
        note = json.loads(contents(path)[name])
        del note["signature"]
        note[key] = value
        note["signature"] = backed.keys.sign(json.dumps(note, ensure_ascii=False, sort_keys=True, indent=1).encode())
        Forger(backed.keys).pack(path, {**contents(path), name: json.dumps(note).encode()})
        assert any(f"{name} ≠ {backed.id}" in f.message for f in verify_bundle(path).findings)
        path = story.record(backups=backed.facts).bundle


@pytest.mark.usefixtures("reasons_in_english")
def test_a_note_that_another_key_signed_is_found(story, backed, stranger):
    path = story.record(backups=backed.facts).bundle
    name = f"backups/{backed.id}.json"
    note = {k: v for k, v in json.loads(contents(path)[name]).items() if k != "signature"} | {"key": stranger.public}
    note["signature"] = stranger.sign(json.dumps(note, ensure_ascii=False, sort_keys=True, indent=1).encode())
    Forger(backed.keys).pack(path, {**contents(path), name: json.dumps(note).encode()})
    assert "bundle_disagrees" in codes(path)
    assert any(f"{name}: not signed with this key" in f.message for f in verify_bundle(path).findings)
