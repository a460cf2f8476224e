"""The journal's promises: durable before it returns, never backwards, closed when in doubt, repaired when torn."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify


@pytest.fixture
def journal(tmp_path, clock):
    with_lock = FileJournal(tmp_path / "journal", clock)
    yield with_lock
    with_lock.close()


def lines(folder: Path) -> list[bytes]:
    return b"".join(p.read_bytes() for p in sorted(folder.glob("*.jsonl"))).splitlines()


def test_an_append_is_written_and_then_fsynced_before_it_returns(tmp_path, clock, monkeypatch):
    journal = FileJournal(tmp_path / "journal", clock)
    real, synced = os.fsync, []

    def spy(descriptor: int) -> None:
        stat = os.fstat(descriptor)
        synced.append((stat.st_ino, stat.st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    journal.append("run.opened", {"n": 1}, run="r")
    file = tmp_path / "journal" / "2026-11.jsonl"
    folder = (tmp_path / "journal").stat().st_ino
    assert synced[0][0] == folder, "a new file's name is made durable"
    assert synced[-1] == (file.stat().st_ino, file.stat().st_size), "the whole line was there when it was synced"
    synced.clear()
    journal.append("run.checked", {"n": 2}, run="r")
    assert synced == [(file.stat().st_ino, file.stat().st_size)]
    journal.close()


def test_the_record_returned_is_the_record_on_disk(journal, tmp_path):
    given = journal.append("run.opened", {"名称": "青禾", "amount": "1.00"}, run="r", who="李会计")
    line = lines(tmp_path / "journal")[0]
    assert chain.parse(line + b"\n")["hash"] == given.hash == chain.record_hash(chain.parse(line + b"\n"))
    assert "青禾".encode() in line
    assert b": " not in line
    assert journal.head() == (1, given.hash)


def test_records_of_a_run_are_found_among_others_and_after_a_reopening(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    for n in range(20):
        journal.append("unit.sent", {"n": n}, run=f"r{n % 3}")
    journal.append("agent.started", {})
    before = journal.records()
    journal.close()
    again = FileJournal(tmp_path, clock)
    assert again.records() == before
    assert [r.data["n"] for r in again.records(run="r1")] == [1, 4, 7, 10, 13, 16, 19]
    assert [r.seq for r in again.records(run="r1", since=14)] == [17, 20]
    assert [r.kind for r in again.records(run="")] == ["agent.started"]
    assert again.records(run="nobody") == ()
    again.close()


def test_a_new_month_begins_a_new_file_and_the_chain_runs_on(journal, clock, tmp_path):
    first = journal.append("a", {})
    clock.time = datetime.fromisoformat("2026-12-01T08:00:00+08:00")
    second = journal.append("b", {})
    assert second.prev == first.hash
    assert sorted(p.name for p in (tmp_path / "journal").glob("*.jsonl")) == ["2026-11.jsonl", "2026-12.jsonl"]
    assert verify(tmp_path / "journal").records == 2


def test_a_clock_that_went_back_never_leads_to_an_earlier_file(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    journal.append("a", {})
    clock.time = datetime.fromisoformat("2026-09-01T08:00:00+08:00")
    journal.append("b", {})
    journal.close()
    journal = FileJournal(tmp_path, clock)
    journal.append("c", {})
    journal.close()
    assert [p.name for p in tmp_path.glob("*.jsonl")] == ["2026-11.jsonl"]
    assert verify(tmp_path).ok


def test_a_second_opener_is_refused_while_the_first_holds_the_journal(journal, clock, tmp_path):
    with pytest.raises(Refused) as caught:
        FileJournal(tmp_path / "journal", clock)
    assert caught.value.code == "journal_in_use"
    journal.close()
    FileJournal(tmp_path / "journal", clock).close()


def test_bytes_are_refused_and_nothing_is_written(journal, tmp_path):
    with pytest.raises(TypeError):
        journal.append("authorisation.fetched", {"x": {"y": [b"\x01"]}})
    assert lines(tmp_path / "journal") == []


@pytest.mark.parametrize("key", ["pin", "PIN", "payload", "token"])
def test_a_key_that_names_a_secret_is_refused(journal, tmp_path, key):
    with pytest.raises(ValueError, match=key):
        journal.append("x", {"deep": [{key: "12345678"}]})
    assert lines(tmp_path / "journal") == []


def test_threads_append_side_by_side_without_breaking_the_chain(journal, tmp_path):
    def work(name: int) -> None:
        for n in range(25):
            journal.append("unit.sent", {"n": n}, run=f"r{name}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(tmp_path / "journal").records == 100
    assert [r.data["n"] for r in journal.records(run="r2")] == list(range(25))


def test_a_torn_last_line_is_cut_off_kept_beside_and_told(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    journal.append("a", {})
    journal.append("b", {})
    journal.close()
    file = tmp_path / "2026-11.jsonl"
    torn = b'{"data":{"half'
    file.write_bytes(file.read_bytes() + torn)
    assert not verify(tmp_path).ok
    journal = FileJournal(tmp_path, clock)
    told = journal.records()[-1]
    journal.close()
    assert told.kind == "journal.repaired"
    assert told.data["bytes"] == len(torn)
    assert (tmp_path / told.data["evidence"]).read_bytes() == torn
    assert verify(tmp_path).records == 3


def test_pages_of_zeros_from_a_power_cut_count_as_torn(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    journal.append("a", {})
    journal.close()
    file = tmp_path / "2026-11.jsonl"
    file.write_bytes(file.read_bytes() + bytes(4096) + b'"who":""}\n')
    journal = FileJournal(tmp_path, clock)
    assert [r.kind for r in journal.records()] == ["a", "journal.repaired"]
    journal.close()


def test_a_journal_that_was_changed_is_not_built_upon(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    for n in range(3):
        journal.append("a", {"n": n})
    journal.close()
    file = tmp_path / "2026-11.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"n":1', b'"n":7'))
    with pytest.raises(Refused) as caught:
        FileJournal(tmp_path, clock)
    assert caught.value.code == "journal_chain_broken"
    assert caught.value.facts["line"] == 2


class Failing:
    """Stands for an os call that fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def __call__(self, *_: object) -> int:
        raise self.error


def test_a_full_disk_refuses_and_leaves_no_half_line_and_the_next_append_may_work(journal, tmp_path, monkeypatch):
    journal.append("a", {})
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) > 40:
            return real(descriptor, bytes(data[:40]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Refused) as caught:
        journal.append("b", {"text": "x" * 17})
    assert caught.value.code == "journal_unwritable"
    monkeypatch.undo()
    assert verify(tmp_path / "journal").records == 1
    assert journal.append("c", {}).seq == 2
    assert verify(tmp_path / "journal").records == 2


def test_after_a_failed_fsync_nothing_more_is_accepted(journal, tmp_path, monkeypatch):
    journal.append("a", {})
    monkeypatch.setattr(os, "fsync", Failing(OSError(5, "Input/output error")))
    with pytest.raises(Refused):
        journal.append("b", {})
    monkeypatch.undo()
    with pytest.raises(Refused) as caught:
        journal.append("c", {})
    assert caught.value.code == "journal_unwritable"
    assert journal.head()[0] == 1
    assert verify(tmp_path / "journal").records == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let an open file be removed")
def test_a_file_removed_under_the_journal_refuses_the_next_act(journal, tmp_path):
    journal.append("a", {})
    (tmp_path / "journal" / "2026-11.jsonl").unlink()
    with pytest.raises(Refused) as caught:
        journal.append("b", {})
    assert caught.value.code == "journal_unwritable"


def test_a_line_written_by_somebody_else_refuses_the_next_act(journal, tmp_path):
    journal.append("a", {})
    with (tmp_path / "journal" / "2026-11.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(Refused):
        journal.append("b", {})


def test_a_closed_journal_refuses(journal):
    journal.append("a", {})
    journal.close()
    with pytest.raises(Refused):
        journal.append("b", {})


def test_a_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path, clock):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Refused) as caught:
        FileJournal(tmp_path / "file" / "journal", clock)
    assert caught.value.code == "journal_unwritable"


def test_an_odd_file_name_in_the_data_is_written_as_its_escape(journal, tmp_path):
    record = journal.append("import.done", {"file": "bad\udcff.xlsx"})
    assert record.data["file"] == "bad\\udcff.xlsx"
    assert verify(tmp_path / "journal").ok
