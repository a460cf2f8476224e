"""Searching: text, kind, run and days; newest first; values come back as they were written."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from time import perf_counter

import pytest

from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.search import search
from fapiao_kernel.records.journal.store import FileJournal


@pytest.fixture
def folder(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    for day in (1, 2, 3):
        clock.time = datetime.fromisoformat(f"2026-11-0{day}T23:30:00+08:00")
        journal.append("unit.sent", {"n": day, "invoice": "0044000001", "total": "1130.00"}, run="r1", who="李会计")
        journal.append("unit.settled", {"说明": '青禾"商贸"', "day": "2026-01-01"}, run=f"r{day}")
    clock.time = datetime.fromisoformat("2026-12-01T08:00:00+08:00")
    journal.append("agent.started", {"url": "http://LOCALHOST"})
    journal.close()
    return tmp_path


def seqs(found):
    return [record["seq"] for record in found.records]


def test_without_a_condition_every_record_is_found_newest_first(folder):
    assert seqs(search(folder)) == [7, 6, 5, 4, 3, 2, 1]


def test_text_is_found_in_data_names_and_kinds_in_capitals_or_not(folder):
    assert seqs(search(folder, "青禾")) == [6, 4, 2]
    assert seqs(search(folder, "李会计")) == [5, 3, 1]
    assert seqs(search(folder, "localhost")) == [7]
    assert seqs(search(folder, "AGENT.start")) == [7]
    assert seqs(search(folder, '"商贸"')) == [6, 4, 2], "quotes are found as they were, not as JSON escapes them"
    assert seqs(search(folder, "nothing like it")) == []


def test_kind_run_and_days_narrow_the_search_both_days_included(folder):
    assert seqs(search(folder, kind="unit.sent")) == [5, 3, 1]
    assert seqs(search(folder, kind="unit")) == [6, 5, 4, 3, 2, 1]
    assert seqs(search(folder, kind="uni")) == []
    assert seqs(search(folder, run="r1")) == [5, 3, 2, 1]
    assert seqs(search(folder, since=date(2026, 11, 2), until=date(2026, 11, 3))) == [6, 5, 4, 3]
    assert seqs(search(folder, "青禾", run="r2", kind="unit", since=date(2026, 11, 2))) == [4]


def test_values_come_back_as_they_were_written(folder):
    record = search(folder, run="r1", kind="unit.sent").records[-1]
    assert record["data"] == {"n": 1, "invoice": "0044000001", "total": "1130.00"}
    assert (record["time"], len(record["hash"])) == ("2026-11-01T23:30:00.000+08:00", 64)


def test_a_limit_shows_the_newest_and_says_how_many_more(folder):
    found = search(folder, kind="unit", limit=2)
    assert (seqs(found), found.more) == ([6, 5], 4)
    assert search(folder, kind="unit", limit=6).more == 0


@pytest.mark.parametrize("torn", [b'{"data":{"half', bytes(512)])
def test_a_torn_last_line_is_left_out_and_told(folder, torn):
    file = folder / "2026-12.jsonl"
    file.write_bytes(file.read_bytes() + torn)
    found = search(folder)
    assert (len(found.records), found.torn) == (7, str(file))
    assert search(folder, "half").records == ()


def test_text_is_never_taken_for_sql_or_a_pattern(folder):
    for text in ("' OR 1=1 --", "%", "_", "$limit", "\\", "*"):
        assert search(folder, text).records == ()


def test_an_absent_folder_holds_nothing(tmp_path):
    assert search(tmp_path / "none").records == ()


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    (tmp_path / "2026-11.jsonl").mkdir()
    with pytest.raises(FapiaoError) as caught:
        search(tmp_path)
    assert caught.value.code == "journal_not_searched"


def test_a_record_of_several_megabytes_is_found(tmp_path, clock):
    journal = FileJournal(tmp_path, clock)
    journal.append("preview.frozen", {"text": "x" * 20_000_000 + "needle"})
    journal.close()
    assert seqs(search(tmp_path, "needle")) == [1]


def test_twenty_thousand_records_are_searched_whole(tmp_path):
    previous, lines, start = "", [], datetime.fromisoformat("2026-11-01T00:00:00+08:00")
    for seq in range(1, 20_001):
        time = (start + timedelta(seconds=seq)).isoformat(timespec="milliseconds")
        body = {"seq": seq, "time": time, "kind": "unit.sent", "run": f"r{seq % 50}", "who": "李会计", "prev": previous}
        previous, line = chain.seal({**body, "data": {"number": f"{seq:08}", "pad": "票" * 60}})
        lines.append(line)
    (tmp_path / "2026-11.jsonl").write_bytes(b"".join(lines))
    begun = perf_counter()
    found = search(tmp_path, "票", run="r7")
    searched = perf_counter() - begun
    begun = perf_counter()
    plain = [record for line in lines if (record := chain.parse(line)) and record["run"] == "r7"]
    read = perf_counter() - begun
    print(f"20,000 records: DuckDB {searched:.3f} s, Python alone {read:.3f} s, ratio {searched / read:.2f}")
    assert (len(found.records), found.more, found.records[0]["seq"]) == (100, 300, plain[-1]["seq"])
    assert seqs(search(tmp_path, "00019999")) == [19_999]
