"""A month's signed head: made once the next month has begun, never in an act's way, and it shows a file that was replaced."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import heads
from fapiao_kernel.records.journal import verify as verifying
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify

pytestmark = pytest.mark.usefixtures("reasons_in_english")


class Key:
    """A home's signing key."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        return self.key.sign(content).hex()


@pytest.fixture
def key():
    return Key()


def month(clock, number: int) -> None:
    clock.time = datetime.fromisoformat(f"2026-{number:02}-05T09:00:00+08:00")


def write(folder, clock, key, months=(9, 10, 11), each=3, word="青禾"):
    journal = FileJournal(folder, clock, lambda: key)
    for number in months:
        month(clock, number)
        for n in range(each):
            journal.append("unit.sent", {"n": n, "名": word}, run="r")
    journal.close()
    return [folder / f"2026-{number:02}.jsonl" for number in months]


def test_a_finished_month_has_a_head_that_sha256sum_and_the_key_confirm(tmp_path, clock, key):
    first, _, last = write(tmp_path, clock, key)
    told = json.loads(heads.head_path(first).read_text("utf-8"))
    assert (told["file"], told["records"], told["first_seq"], told["last_seq"]) == ("2026-09.jsonl", 3, 1, 3)
    assert told["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert told["head"] == json.loads(first.read_bytes().splitlines()[-1])["hash"]
    assert told["public_key"] == key.public
    assert not heads.head_path(last).exists(), "the running month is not finished"
    seen = verify(tmp_path, [key.public])
    assert (seen.ok, seen.records, seen.signed) == (True, 9, ("2026-09.jsonl", "2026-10.jsonl"))


def test_the_head_says_how_the_second_file_went_on(tmp_path, clock, key):
    second = write(tmp_path, clock, key)[1]
    head = heads.read_head(heads.head_path(second))
    assert (head.first_seq, head.last_seq, head.sound()) == (4, 6, True)


def test_without_a_key_nothing_is_signed_and_the_next_opening_makes_up_for_it(tmp_path, clock, key):
    write(tmp_path, clock, None)
    assert heads.head_files(tmp_path) == []
    assert "no signed head: 2026-09.jsonl, 2026-10.jsonl" in verify(tmp_path).not_known
    FileJournal(tmp_path, clock, lambda: key).close()
    assert verify(tmp_path).signed == ("2026-09.jsonl", "2026-10.jsonl")


def test_no_key_is_asked_for_while_there_is_nothing_to_sign(tmp_path, clock):
    def never():
        raise AssertionError("asked")

    journal = FileJournal(tmp_path, clock, never)
    journal.append("a", {})
    journal.append("b", {})
    journal.close()
    FileJournal(tmp_path, clock, never).close()


@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), Refused("keys_unreadable", file="x", reason="y")]
)
def test_a_signature_that_fails_never_costs_the_record_and_is_made_up_for(tmp_path, clock, key, monkeypatch, failure):
    journal = FileJournal(tmp_path, clock, lambda: key)
    month(clock, 10)
    journal.append("a", {})

    def fails(*_, **__):
        raise failure

    monkeypatch.setattr(durable, "write_atomic", fails)
    month(clock, 11)
    record = journal.append("b", {})
    assert record.seq == 2
    assert journal.append("c", {}).seq == 3
    journal.close()
    monkeypatch.undo()
    assert verify(tmp_path).records == 3
    assert heads.head_files(tmp_path) == []
    FileJournal(tmp_path, clock, lambda: key).close()
    assert verify(tmp_path).signed == ("2026-10.jsonl",)


def test_the_record_of_the_new_month_is_durable_before_the_old_month_is_signed(tmp_path, clock, key):
    seen = []

    class Watching(Key):
        def sign(self, content):
            seen.append((tmp_path / "2026-11.jsonl").read_bytes().count(b"\n"))
            return super().sign(content)

    write(tmp_path, clock, Watching(), months=(10, 11), each=1)
    assert seen == [1]


def test_a_clock_that_jumped_ahead_and_back_leaves_one_finished_file_and_a_true_head(tmp_path, clock, key):
    journal = FileJournal(tmp_path, clock, lambda: key)
    for number in (10, 11, 10, 10):
        month(clock, number)
        journal.append("a", {})
    journal.close()
    seen = verify(tmp_path)
    assert (seen.ok, seen.records, seen.signed) == (True, 4, ("2026-10.jsonl",))


def reseal(folder, clock, key, **other):
    """The same journal written anew with other content: valid in itself."""
    write(folder, clock, key, **other)
    return folder


def test_a_journal_replaced_by_another_valid_chain_is_caught_by_the_old_head(tmp_path, clock, key):
    files = write(tmp_path / "a", clock, key)
    other = reseal(tmp_path / "b", clock, None, word="别的")
    assert verify(other).ok
    for file in files:
        file.write_bytes((other / file.name).read_bytes())
    bad = verify(tmp_path / "a").first_bad
    assert (bad["file"], bad["line"]) == (str(files[0]), 3)
    assert "replaced" in bad["reason"]
    with pytest.raises(Refused) as caught:
        FileJournal(tmp_path / "a", clock, lambda: key)
    assert caught.value.code == "journal_chain_broken"


def test_a_signed_month_cut_short_is_named_at_its_first_missing_line(tmp_path, clock, key):
    files = write(tmp_path, clock, key)
    files[2].unlink()
    heads.head_path(files[1]).unlink()
    files[1].unlink()
    files[0].write_bytes(b"".join(files[0].read_bytes().splitlines(keepends=True)[:2]))
    bad = verify(tmp_path).first_bad
    assert (bad["file"], bad["line"]) == (str(files[0]), 3)
    assert "cut off" in bad["reason"]


def test_the_last_months_file_removed_whole_is_missed_by_the_head_before_it(tmp_path, clock, key):
    files = write(tmp_path, clock, key)
    files[2].unlink()
    bad = verify(tmp_path).first_bad
    assert (bad["file"], bad["line"]) == (str(files[1]), 4)
    assert "missing" in bad["reason"]


def test_a_head_without_its_file_names_the_file(tmp_path, clock, key):
    files = write(tmp_path, clock, key)
    heads.head_path(files[0]).unlink()
    files[1].unlink()
    files[2].unlink()
    bad = verify(tmp_path).first_bad
    assert (bad["file"], bad["line"]) == (str(files[1]), 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"records":3', '"records":2'),
        lambda text: text.replace('"signed_at":"2026', '"signed_at":"2025'),
        lambda text: text[:-20],
        lambda text: "{}\n",
        lambda text: text.replace(",", ", "),
        lambda text: text.replace('"signature":"', '"signature":"00'),
    ],
)
def test_a_head_that_was_changed_is_the_first_bad_thing(tmp_path, clock, key, change):
    place = heads.head_path(write(tmp_path, clock, key)[0])
    text = place.read_text("utf-8")
    place.write_text(change(text), "utf-8")
    assert place.read_text("utf-8") != text
    seen = verify(tmp_path)
    assert (seen.first_bad["file"], seen.first_bad["line"]) == (str(place), 1)
    assert "does not hold" in seen.first_bad["reason"]


def test_a_head_signed_by_a_key_that_is_not_ours_is_told_not_condemned(tmp_path, clock, key):
    write(tmp_path, clock, key)
    seen = verify(tmp_path, [Key().public])
    assert seen.ok
    assert any("not known: 2026-09.jsonl, 2026-10.jsonl" in said for said in seen.not_known)
    assert not any("not known" in said for said in verify(tmp_path, [key.public]).not_known)


def test_a_crash_between_the_new_months_file_and_the_head_is_made_up_for(tmp_path, clock, key):
    files = write(tmp_path, clock, key, months=(10, 11))
    heads.head_path(files[0]).unlink()
    (tmp_path / "2026-10.head.json.part").write_text("half")
    FileJournal(tmp_path, clock, lambda: key).close()
    assert verify(tmp_path).signed == ("2026-10.jsonl",)


def test_a_month_that_was_begun_and_never_written_to_needs_no_head(tmp_path, clock, key):
    write(tmp_path, clock, key, months=(9,))
    (tmp_path / "2026-10.jsonl").touch()
    journal = FileJournal(tmp_path, clock, lambda: key)
    month(clock, 11)
    journal.append("a", {})
    journal.close()
    seen = verify(tmp_path)
    assert (seen.ok, seen.signed) == (True, ("2026-09.jsonl",))
    FileJournal(tmp_path, clock, lambda: key).close()


def test_a_head_is_whole_and_durable_or_not_there(tmp_path, clock, key, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: (synced.append(os.readlink(f"/proc/self/fd/{descriptor}")), real(descriptor))[-1],
    )
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("reads /proc")
    write(tmp_path, clock, key, months=(10, 11), each=1)
    assert synced[-2:] == [str(tmp_path / "2026-10.head.json.part"), str(tmp_path)]


def test_a_month_that_turns_while_it_is_being_verified_is_no_alarm(tmp_path, clock, key, monkeypatch):
    files = write(tmp_path, clock, key, months=(9, 10))
    real, listings = verifying.journal_files, iter([files[:1]])
    monkeypatch.setattr(verifying, "journal_files", lambda folder: next(listings, None) or real(folder))
    assert verify(tmp_path).ok, "listed before the second month began, read after its head was there"
