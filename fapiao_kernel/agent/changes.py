"""The change counter that the long poll waits on."""

from __future__ import annotations

import threading
import time

from fapiao_kernel.api.shapes import Changes as Answer

LONGEST = 2.0
"""Seconds after which a long poll is answered at the latest (DESIGN §1)."""


class Changes:
    """Grows with every change of anything; remembers at which number each run changed last."""

    def __init__(self, boot_id: str) -> None:
        self._boot_id = boot_id
        self._count = 0
        self._runs: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closed = False

    @property
    def count(self) -> int:
        """Where the counter stands."""
        return self._count

    @property
    def closed(self) -> bool:
        """Whether the agent is ending."""
        return self._closed

    def bump(self, run: str = "") -> None:
        """Something changed; ``run`` when it belongs to a run."""
        with self._changed:
            self._count += 1
            if run:
                self._runs[run] = self._count
            self._changed.notify_all()

    def wait(self, since: int, timeout: float = LONGEST) -> Answer:
        """Answered at once when the counter is not at ``since`` (a number of another boot included), else on the next change."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._count == since and not self._closed and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            known = since <= self._count
            runs = [run for run, at in self._runs.items() if not known or at > since]
            return Answer(boot_id=self._boot_id, changes=self._count, runs=runs)

    def close(self) -> None:
        """Answer everyone who waits, and nobody waits from here on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
