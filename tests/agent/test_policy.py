"""The house's rules from its settings."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from fapiao_kernel.agent.policy import HousePolicy
from fapiao_kernel.agent.settings import Settings

NOON = datetime.fromisoformat("2026-11-05T12:00:00+08:00")


def policy(tmp_path: Path, *windows: list[str]) -> HousePolicy:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"maintenance": windows}), encoding="utf-8")
    return HousePolicy(Settings(path))


def test_without_windows_no_hour_is_closed_and_nothing_is_asked(tmp_path: Path) -> None:
    assert (policy(tmp_path).maintenance(NOON), policy(tmp_path).needs("999900001234")) == ("", ())


@pytest.mark.parametrize(
    ("begin", "end", "closed"),
    [
        ("2026-11-05T12:00:00+08:00", "2026-11-05T13:00:00+08:00", True),
        ("2026-11-05T11:00:00+08:00", "2026-11-05T12:00:00+08:00", False),
        ("2026-11-05T03:30:00+00:00", "2026-11-05T04:30:00+00:00", True),
        ("soon", "later", True),
        ("2026-11-05T11:00:00", "2026-11-05T13:00:00", True),
    ],
)
def test_a_window_is_closed_from_its_first_moment_until_its_last(
    tmp_path: Path, begin: str, end: str, closed: bool
) -> None:
    told = policy(tmp_path, [begin, end, "金税系统升级"]).maintenance(NOON)
    assert bool(told) is closed
    assert not closed or "金税系统升级" in told
