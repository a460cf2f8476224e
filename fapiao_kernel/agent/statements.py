"""Keeping what cards tell of their months (月统计): beside the reading, so that no check ever waits for the ledger's writer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.ports import Clock
from fapiao_kernel.ports.statements import Statements

log = logging.getLogger("fapiao.agent")


class StatementKeeper:
    """``statements()``: where they are kept, None while this home has no ledger: looking at a card makes none.

    One that cannot be written (a full disk) is said in the log and lost: the card will tell it again.
    """

    def __init__(self, statements: Callable[[], Statements | None], clock: Clock) -> None:
        self._statements = statements
        self._clock = clock
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="statements")
        self._last: Future[None] | None = None

    def told(self, device_number: str, source: Source, statistics: Sequence[MonthStatistics]) -> None:
        """A card (or a person reading it off) told its statistics just now. Returns at once."""
        self._last = self._hands.submit(self._keep, device_number, source, tuple(statistics), self._clock.now())
        self._last.add_done_callback(_say)

    def settle(self) -> None:
        """Wait until all that was told is kept."""
        if self._last is not None:
            wait([self._last])

    def close(self) -> None:
        """Keep what was told, and take no more."""
        self._hands.shutdown()

    def _keep(self, device_number: str, source: Source, statistics: Sequence[MonthStatistics], at: datetime) -> None:
        place = self._statements()
        if place is not None:
            place.keep_statistics(device_number, statistics, source=source, at=at)


def _say(kept: Future[None]) -> None:
    error = None if kept.cancelled() else kept.exception()
    if error is not None:
        log.warning("a card's statistics could not be kept: %s", type(error).__name__)
