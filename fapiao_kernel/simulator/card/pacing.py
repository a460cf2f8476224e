"""A line as slow as a real one (限速): each byte takes its ten bit times, both ways, on one schedule of absolute times.

A pty and TCP carry bytes at once. Here each piece arrives when its last byte would have. Neither what the system wakes us too
late nor what this process computes is time of the line: both are taken off the next transfer's beginning. What remains beside the
bytes is what the other end takes, and what the card waits on purpose.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fapiao_kernel.simulator.card.lines import Line

BITS = 10
"""A byte on an 8N1 line: start bit, eight data bits, stop bit."""

PIECE = 64
"""Bytes that a USB adapter hands over at once: a full-speed bulk packet (USB 2.0, 5.8.3)."""


class PacedLine:
    """``lines.Line`` at ``baud`` bits a second. ``sleep``, ``now`` and ``worked`` (seconds) are for tests."""

    def __init__(
        self,
        line: Line,
        baud: int,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        if baud <= 0:
            raise ValueError("baud is a positive number")
        self.where = line.where
        self._line = line
        self._byte = BITS / baud
        self._sleep = sleep
        self._now = now
        self._free = now()  # when the last transfer ended
        self._worked = worked
        self._late = 0.0  # how much later than that we were woken
        self._spent = worked()  # what we had computed by then

    def read(self, seconds: float | None) -> bytes:
        """What came, once it would all have arrived. The wait for its first byte is the underlying line's."""
        data = self._line.read(seconds)
        if data:
            self._begin()
            self._cross(len(data))
        return data

    def write(self, data: bytes) -> None:
        self._begin()
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            self._cross(len(piece))
            self._line.write(piece)

    def close(self) -> None:
        self._line.close()

    def _begin(self) -> None:
        """The next transfer. The line is half duplex: one begins when the other has ended, at the earliest."""
        computed = self._worked() - self._spent
        self._free = max(self._free, self._now() - self._late - computed)

    def _cross(self, count: int) -> None:
        """Wait while ``count`` bytes cross the line."""
        self._free += count * self._byte
        wait = self._free - self._now()
        if wait > 0:
            self._sleep(wait)
        self._late = max(0.0, self._now() - self._free)
        self._spent = self._worked()
