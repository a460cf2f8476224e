"""Points (断点): every journal append and every wire exchange, numbered through, and the faults that begin there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from tests.crash.model.faults import APDU, APPEND, MESSAGE, Fault, Strike

_OF_APDU = frozenset({Fault.UNPLUGGED_SENDING, Fault.POWER_LOSS, Fault.POWER_DIP})
_OF_MESSAGE = frozenset({Fault.TWICE, Fault.RESENT, Fault.STALE})
_OF_APPEND = frozenset({Fault.KILL_TORN, Fault.KILL_UNSYNCED})
_OF_ANY = frozenset({Fault.KILL_BEFORE, Fault.KILL_AFTER})


class Points:
    """``begin(fault)`` starts one that lasts. ``passed``: kind and label of every point so far."""

    def __init__(
        self, strikes: Iterable[Strike], begin: Callable[[Fault], None], passed: Iterable[tuple[str, str]] = ()
    ):
        self._plan: dict[int, list[Fault]] = defaultdict(list)
        for strike in strikes:
            self._plan[strike.at].append(strike.fault)
        self._begin = begin
        self._waiting: list[Fault] = []
        self.passed = list(passed)
        self.struck = 0
        """Faults that have begun since everything was last restarted."""

    def reach(self, kind: str, label: str) -> Fault | None:
        """One more point. What strikes at it, if it is of that point's kind; what lasts has begun when this returns."""
        self.passed.append((kind, label))
        for fault in self._plan.pop(len(self.passed), ()):
            self.struck += 1
            if fault in _OF_APDU | _OF_MESSAGE | _OF_APPEND | _OF_ANY or fault is Fault.KILL_SENT:
                self._waiting.append(fault)
            else:
                self._begin(fault)
        for fault in self._waiting:
            if _strikes(fault, kind):
                self._waiting.remove(fault)
                return fault
        return None

    def restarted(self) -> None:
        """Everything was switched off: what waited for its point does not come any more."""
        self._waiting.clear()
        self.struck = 0

    def end(self) -> None:
        """The month is over: nothing breaks any more."""
        self._plan.clear()
        self.restarted()

    @property
    def left(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._plan or self._waiting)


def _strikes(fault: Fault, kind: str) -> bool:
    if fault in _OF_ANY:
        return True
    if fault is Fault.KILL_SENT:
        return kind != APPEND
    return fault in {APPEND: _OF_APPEND, APDU: _OF_APDU, MESSAGE: _OF_MESSAGE}[kind]
