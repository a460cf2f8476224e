from datetime import datetime, timedelta

import pytest

from fapiao_kernel.simulator import clock
from fapiao_kernel.simulator.clock import CHINA, LEASE_SECONDS, ClockKeeper, PracticeClock, last_kept, offset_to

START = datetime(2026, 11, 5, 9, tzinfo=CHINA)


@pytest.fixture
def seconds(monkeypatch):
    """The machine's clock, set by hand."""
    hand = [1_000_000.0]
    monkeypatch.setattr(clock, "machine_seconds", lambda: hand[0])
    return hand


def test_practice_time_begins_where_it_is_set_and_runs_with_the_machine(seconds):
    shown = PracticeClock(offset_to(START))
    assert shown.now() == START
    seconds[0] += 90
    assert shown.now() == START + timedelta(seconds=90)


def test_after_an_orderly_end_the_exact_time_is_kept(seconds, tmp_path):
    with ClockKeeper(tmp_path / "state", PracticeClock(offset_to(START))):
        seconds[0] += 5
    assert last_kept(tmp_path / "state") == START + timedelta(seconds=5)


def test_while_it_runs_the_kept_time_is_never_behind(seconds, tmp_path):
    with ClockKeeper(tmp_path / "state", PracticeClock(offset_to(START))):
        assert last_kept(tmp_path / "state") == START + timedelta(seconds=LEASE_SECONDS)


def test_nobody_kept_anything_of_a_world_that_never_ran(tmp_path):
    assert last_kept(tmp_path / "state") is None
