from __future__ import annotations

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from fapiao_kernel.agent.clock import PracticeClock
from fapiao_kernel.agent.files import read_json, token, write_json
from fapiao_kernel.agent.importing import status_of
from fapiao_kernel.agent.settings import PRACTICE, PRODUCTION, Settings
from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.ports import Added, Reading


def test_a_file_is_replaced_whole_and_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    write_json(file, {"url": "a"})
    write_json(file, {"url": "b"})
    assert read_json(file) == {"url": "b"}
    assert [f.name for f in tmp_path.iterdir()] == ["agent.json"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text('{"url": ')
    assert read_json(tmp_path / "x") is None
    assert read_json(tmp_path / "absent") is None


def test_the_token_is_made_once_and_long(tmp_path: Path) -> None:
    made = token(tmp_path / "t")
    assert len(made) >= 32
    assert token(tmp_path / "t") == made


def test_a_home_takes_its_kind_by_first_use_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    assert settings.fresh and not settings.practice
    settings.claim(PRACTICE)
    settings.claim(PRACTICE)
    kept = Settings(tmp_path / "settings.json")
    assert kept.practice
    with pytest.raises(Refused) as refused:
        kept.claim(PRODUCTION)
    assert refused.value.code == "home_is_practice"


def test_a_settings_file_of_another_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    write_json(tmp_path / "settings.json", {"kind": "production", "cards": ["a"], "later": 1})
    settings = Settings(tmp_path / "settings.json")
    assert (settings.values.kind, settings.values.cards) == ("production", ("a",))


def test_practice_time_runs_beside_the_machines() -> None:
    offset = [0.0]
    clock = PracticeClock(lambda: offset[0])
    before = clock.now()
    offset[0] = -86400.0
    assert timedelta(hours=23, minutes=59) < before - clock.now() <= timedelta(days=1)
    assert before.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("read", "new", "bad", "codes", "status"),
    [
        (0, 0, 0, ["path_missing"], "rejected"),
        (3, 3, 0, [], "imported"),
        (3, 1, 0, [], "imported"),
        (3, 0, 0, [], "duplicate"),
        (3, 3, 1, [], "partial"),
        (3, 3, 0, ["plugin_broken"], "imported"),
        (3, 3, 0, ["path_missing"], "partial"),
    ],
)
def test_what_became_of_a_file(read: int, new: int, bad: int, codes: list[str], status: str) -> None:
    reading = Reading("a", "", "", (), tuple(finding(code, group="", id="", source="") for code in codes))
    assert status_of(reading, Added(1, new, read - new, (), bad=bad)) == status
