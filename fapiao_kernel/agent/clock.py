"""The clocks (时钟): the machine's own, and a practice world's, which runs beside it at a fixed distance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""Beijing time (北京时间), UTC+8 all year: the zone of every date that a device or the tax side deals in."""


class SystemClock:
    """The machine's clock, in China's zone."""

    def now(self) -> datetime:
        return datetime.now(CHINA)  # noqa: TID251 the one place of the program that reads the system clock


class PracticeClock:
    """The machine's clock moved by ``offset()`` seconds: nothing in a production home, the world's distance in practice."""

    def __init__(self, offset: Callable[[], float]) -> None:
        self._system = SystemClock()
        self._offset = offset

    def now(self) -> datetime:
        return self._system.now() + timedelta(seconds=self._offset())
