"""A clock that stands where a test puts it, and a whole run told to a real journal."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

CHINA = timezone(timedelta(hours=8))


class FixedClock:
    """Time as a value; ``tick`` moves it on at each reading."""

    def __init__(self, time: datetime, tick: timedelta = timedelta(0)) -> None:
        self.time, self.tick = time, tick

    def now(self) -> datetime:
        self.time += self.tick
        return self.time


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 5, 9, 0, tzinfo=CHINA))


@pytest.fixture
def reasons_in_english(monkeypatch):
    """For tests that read a reason's words."""
    monkeypatch.setenv("FAPIAO_LANG", "en")
