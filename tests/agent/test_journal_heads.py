"""The agent signs finished months of the journal with the home's key, and makes no key for that alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.domain.home import Home
from fapiao_kernel.records.backup.keys import KeyBox
from fapiao_kernel.records.journal.heads import head_files, head_path, read_head
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify
from tests.records.conftest import CHINA, FixedClock


@pytest.fixture
def place(home: Path) -> Home:
    """A home whose journal has two months of 2025, unsigned."""
    clock = FixedClock(datetime(2025, 9, 30, 9, tzinfo=CHINA))
    journal = FileJournal(Home(home).journal, clock)
    journal.append("agent.started", {})
    clock.time = datetime(2025, 10, 5, 9, tzinfo=CHINA)
    journal.append("agent.started", {})
    journal.close()
    return Home(home)


def test_an_agent_that_starts_signs_what_is_finished_with_the_homes_key(place: Home) -> None:
    keys, _ = KeyBox.ensure(place.keys)
    House(place).close()  # its own last record begins a month of its own, and so ends October
    head = read_head(head_path(place.journal / "2025-09.jsonl"))
    assert head is not None and head.public_key == keys.public and head.sound()
    seen = verify(place.journal, [keys.public])
    assert (seen.ok, seen.signed) == (True, ("2025-09.jsonl", "2025-10.jsonl"))


def test_without_a_key_nothing_is_signed_and_none_is_made(place: Home) -> None:
    House(place).close()
    assert head_files(place.journal) == []
    assert not place.keys.exists()


def test_a_damaged_key_is_no_reason_not_to_start(place: Home) -> None:
    KeyBox.ensure(place.keys)
    (place.keys / "signing.pem").write_text("no key")
    House(place).close()
    assert head_files(place.journal) == []
    assert verify(place.journal).records == 3
