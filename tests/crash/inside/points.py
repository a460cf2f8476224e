"""Where things break (断点): counts journal appends, acts, other APDUs and messages, and begins each planned fault at its point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tests.crash.inside.faults import Break, Crash, Fault, Point


class Points:
    """``begin`` is told of a fault that lasts beyond its point. ``passed``: every point so far, in order."""

    def __init__(self, begin: Callable[[str, Fault], None]) -> None:
        self._begin = begin
        self._counts: Counter[str] = Counter()
        self._plan: list[Break] = []
        self._dies_next = False
        self._dies_sent = False
        self.passed: list[Point] = []
        self.struck: list[Break] = []

    def plan(self, breaks: Sequence[Break]) -> None:
        """What is to break."""
        self._plan = list(breaks)

    @property
    def waits(self) -> bool:
        """Whether something planned has not struck yet."""
        return bool(self._plan)

    def restarted(self) -> None:
        """A new process: a death that was on its way has happened."""
        self._dies_next = self._dies_sent = False

    def reached(self, kind: str, label: str) -> Fault | None:
        """A point of the month, before anything happens at it; the fault that the exchange under way meets, if any."""
        if self._dies_next:
            raise Crash
        self._counts[kind] += 1
        point = Point(kind, self._counts[kind], label)
        self.passed.append(point)
        fault = self._struck(point)
        if fault is None:
            if self._dies_sent and kind != "journal":
                return Fault.KILL_SENT
            return None
        if fault is Fault.KILL_BEFORE:
            raise Crash
        if fault is Fault.KILL_AFTER:
            self._dies_next = True
        elif fault is Fault.KILL_SENT:
            self._dies_sent = True
        else:
            self._begin(kind, fault)
        return fault

    def done(self) -> None:
        """The append under way is durable."""
        if self._dies_next:
            raise Crash

    def _struck(self, point: Point) -> Fault | None:
        for one in self._plan:
            if (one.point.kind, one.point.number) == (point.kind, point.number):
                self._plan.remove(one)
                self.struck.append(Break(point, one.fault))
                return one.fault
        return None
