"""``fapiao journal``: the contract of DESIGN §10, and a search without an agent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from fapiao_kernel.cli.main import main
from fapiao_kernel.domain.home import Home
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.proof.signature import fingerprint, grouped
from tests.records.conftest import CHINA, FixedClock


@pytest.fixture
def written(home):
    """Two months, the first signed by the home's key."""
    keys, _ = KeyBox.ensure(Home(home).keys)
    clock = FixedClock(datetime(2026, 10, 31, 23, 59, tzinfo=CHINA), timedelta(seconds=40))
    journal = FileJournal(Home(home).journal, clock, lambda: keys)
    for n in range(4):
        journal.append("unit.sent", {"n": n, "名": "青禾"}, run="r1", who="李会计")
    journal.close()
    return keys


def fapiao(capsys, *arguments):
    code = main(["journal", *arguments, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out), told.err


def test_verify_prints_the_contract_and_tells_heads_and_what_is_not_known_beside_it(home, written, capsys):
    code, value, said = fapiao(capsys, "verify")
    assert (code, value) == (0, {"ok": True, "records": 4, "first_bad": None})
    assert "2026-10.jsonl" in said and "没有可对照的" in said
    mark = grouped(fingerprint(written.public))
    assert "没有可对照的" not in fapiao(capsys, "verify", "--key", mark)[2]
    assert "不是已知密钥签名的：2026-10.jsonl" in fapiao(capsys, "verify", "--key", "0" * 64)[2]
    assert fapiao(capsys, "verify", "--key", "abc")[0] == 2


def test_verify_names_the_place_of_the_first_bad_record(home, written, capsys):
    file = Home(home).journal / "2026-11.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"n":2', b'"n":9'))
    code, value, _ = fapiao(capsys, "verify")
    assert (code, value["ok"], set(value)) == (1, False, {"ok", "records", "first_bad"})
    assert set(value["first_bad"]) == {"file", "line", "reason"}
    assert value["first_bad"]["file"] == str(file)


def test_search_answers_with_records_and_how_many_more_and_starts_no_agent(home, written, capsys):
    code, value, _ = fapiao(capsys, "search", "青禾", "--kind", "unit.sent", "--limit", "3")
    assert (code, set(value), value["more"], value["torn"]) == (0, {"records", "more", "torn"}, 1, None)
    assert [record["seq"] for record in value["records"]] == [4, 3, 2]
    assert fapiao(capsys, "search", "--since", "2026-11-01", "--run", "r1")[1]["records"][-1]["data"]["n"] == 1
    assert fapiao(capsys, "search", "--until", "2026-10-31")[1]["more"] == 0
    assert not Home(home).agent.exists()


def test_a_day_that_is_none_is_wrong_use(home, capsys):
    code, value, _ = fapiao(capsys, "search", "--since", "2026-13-01")
    assert (code, value["error"]["code"]) == (2, "journal_day_wrong")


def test_verify_of_a_home_without_a_journal_says_that_it_cannot_know_whether_there_was_one(home, capsys):
    code, value, said = fapiao(capsys, "verify")
    assert (code, value) == (0, {"ok": True, "records": 0, "first_bad": None})
    assert "是否全被删去" in said and "备份" in said
