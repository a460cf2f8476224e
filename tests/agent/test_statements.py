"""Keeping what cards tell: beside the reading, and never in its way."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from fapiao_kernel.agent.statements import StatementKeeper
from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period

AT = datetime(2026, 11, 5, 9, tzinfo=timezone(timedelta(hours=8)))
TOLD = (MonthStatistics(InvoiceType.SPECIAL, Period(2026, 10), 3),)


class Clock:
    def now(self) -> datetime:
        return AT


class Place:
    """Where statements are kept; ``busy`` holds the writer up until it is set."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.busy = threading.Event()
        self.busy.set()
        self.error: Exception | None = None

    def keep_statistics(self, device_number: str, statistics: Any, *, source: Source, at: datetime) -> int:
        self.busy.wait(5)
        if self.error:
            raise self.error
        self.kept.append((device_number, statistics, source, at))
        return len(statistics)


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_a_card_told_is_kept_with_its_time(place: Place) -> None:
    keeper = StatementKeeper(lambda: place, Clock())  # type: ignore[arg-type,return-value] # a stand-in for the ledger's part
    keeper.told("661", Source.READ, TOLD)
    keeper.close()
    assert place.kept == [("661", TOLD, Source.READ, AT)]


def test_a_reading_does_not_wait_for_the_ledgers_writer(place: Place) -> None:
    place.busy.clear()
    keeper = StatementKeeper(lambda: place, Clock())  # type: ignore[arg-type,return-value] # as above
    keeper.told("661", Source.READ, TOLD)
    assert place.kept == [], "told has returned although nothing is kept yet"
    place.busy.set()
    keeper.settle()
    assert len(place.kept) == 1
    keeper.close()


def test_a_home_without_a_ledger_gets_none_by_looking() -> None:
    keeper = StatementKeeper(lambda: None, Clock())  # type: ignore[arg-type] # as above
    keeper.told("661", Source.READ, TOLD)
    keeper.close()


def test_what_cannot_be_kept_is_said_in_the_log_and_nothing_else_happens(place: Place, caplog: Any) -> None:
    place.error = Refused("ledger_unwritable", path="ledger.duckdb")
    keeper = StatementKeeper(lambda: place, Clock())  # type: ignore[arg-type,return-value] # as above
    with caplog.at_level(logging.WARNING):
        keeper.told("661", Source.READ, TOLD)
        keeper.close()
    assert "could not be kept: Refused" in caplog.text
