"""``fapiao verify bundle``: the contract of DESIGN §10, offline, with a key to hold it to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fapiao_kernel.cli.main import main
from fapiao_kernel.domain.home import Home
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.proof.signature import fingerprint, grouped
from tests.records.conftest import CHINA, FixedClock
from tests.records.proof.conftest import Story, tell


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    home = Home(tmp_path / "made")
    journal = FileJournal(home.journal, FixedClock(datetime(2026, 11, 5, 9, tzinfo=CHINA), timedelta(seconds=17)))
    yield Story(home, journal, tell(journal))
    journal.close()


def verify(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict, str]:
    code = main(["verify", "bundle", *arguments, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out), told.err


def test_a_bundle_holds_without_the_home_it_came_from(story, capsys, monkeypatch, tmp_path):
    bundle = story.record().bundle.rename(tmp_path / "handed-over.zip")
    monkeypatch.setenv("FAPIAO_HOME", str(tmp_path / "nobody"))
    code, value, _ = verify(capsys, str(bundle))
    assert (code, value["ok"], value["findings"]) == (0, True, [])
    assert set(value) == {"ok", "findings", "not_known"}
    assert all(isinstance(sentence, str) for sentence in value["not_known"])
    assert not (tmp_path / "nobody").exists()


def test_the_right_key_passes_and_another_is_a_blocker(story, capsys):
    bundle, mark = str(story.record().bundle), fingerprint(story.signer.public)
    assert verify(capsys, bundle, "--key", grouped(mark))[0] == 0
    code, value, said = verify(capsys, bundle, "--key", "0" * 64)
    assert (code, value["ok"]) == (1, False)
    finding = value["findings"][0]
    assert (finding["code"], finding["severity"]) == ("bundle_key_other", "blocker")
    assert finding["message"] and finding["remedy"] and finding["message"] in said


def test_what_is_no_fingerprint_is_wrong_use(story, capsys):
    code, value, _ = verify(capsys, str(story.record().bundle), "--key", "abc")
    assert (code, value["error"]["code"]) == (2, "bundle_key_malformed")


def test_a_file_that_is_not_there_is_a_finding(capsys, tmp_path):
    code, value, _ = verify(capsys, str(tmp_path / "absent.zip"))
    assert (code, value["ok"], value["findings"][0]["code"]) == (1, False, "bundle_unreadable")
