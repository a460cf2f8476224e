"""One follower per kernel (跟随线程): it long-polls the agent and tells every living view when something changed.

It stops asking when nobody looks, wakes by events (never by sleeping), and a callback that fails is shown in its view and
tried again with back-off instead of being dropped. Only ids and plain data cross the threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

GRACE = 30.0
"""Seconds without a sign of life from a view's front end after which it counts as not looked at."""
BEAT = 1.0
"""Seconds between heartbeats to the front end; it greys itself after 3 s without one (DESIGN §8)."""
BACK_OFF = (0.5, 1.0, 2.0, 5.0)
"""Seconds to wait after the 1st, 2nd … failure in a row; the last one goes on."""


class Source(Protocol):
    """What the follower needs of the client."""

    def changes(self, since: int) -> Any: ...


@dataclass
class Watcher:
    """One view's ear. ``refresh(runs)`` redraws (``None``: everything), ``trouble(kind, text)`` shows why it cannot
    (``""`` clears it), ``beat(age)`` goes to its front end: seconds since the agent last answered."""

    refresh: Callable[[list[str] | None], None]
    trouble: Callable[[str, str], None]
    beat: Callable[[float], None]
    seen: float = field(default_factory=time.monotonic)
    failures: int = 0
    due: float = 0.0
    owed: list[str] | None = field(default_factory=list)
    """Runs whose change this view has not drawn yet; None: everything."""
    closed: bool = False

    @property
    def alive(self) -> bool:
        return not self.closed and time.monotonic() - self.seen < GRACE

    @property
    def owes(self) -> bool:
        return self.owed is None or bool(self.owed)


class Follower:
    """The one daemon thread that follows the agent, and its ticker."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._watchers: list[Watcher] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._started = False
        self._failures = 0
        self._since = 0
        self._boot = ""
        self._heard = 0.0

    def watch(self, watcher: Watcher) -> Watcher:
        """Follow for this view too; starts the threads on the first one."""
        with self._lock:
            self._watchers.append(watcher)
            if not self._started:
                self._started = True
                for name, work in (("follow", self._follow), ("tick", self._tick)):
                    threading.Thread(target=work, name=f"fapiao-{name}", daemon=True).start()
        self._wake.set()
        return watcher

    def alive(self, watcher: Watcher) -> None:
        """The front end showed a sign of life; a view that had been given up is brought up to date."""
        if not watcher.alive:
            watcher.owed = None
        watcher.seen = time.monotonic()
        self._wake.set()

    def close(self, watcher: Watcher) -> None:
        watcher.closed = True
        with self._lock:
            self._watchers = [w for w in self._watchers if w is not watcher]
        self._wake.set()

    def stop(self) -> None:
        """End both threads."""
        self._stop.set()
        self._wake.set()

    def _living(self) -> list[Watcher]:
        with self._lock:
            return [w for w in self._watchers if w.alive]

    # --- the following thread ---

    def _follow(self) -> None:
        while not self._stop.is_set():
            if not self._living():  # nobody looks: nothing is asked until a view shows a sign of life
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                self._ask()
            except Exception as error:  # noqa: BLE001 - whatever it is, the views show it and we try again
                self._failed(error)
            self._deliver()

    def _ask(self) -> None:
        answer = self._source.changes(self._since)
        restarted = bool(self._boot) and answer.boot_id != self._boot
        whole_home = answer.changes != self._since and not answer.runs  # a card, an import, a rehearsal: no run's own
        first, self._boot, self._since, self._heard = not self._boot, answer.boot_id, answer.changes, time.monotonic()
        recovered, self._failures = self._failures > 0, 0
        for watcher in self._living():
            if first or restarted or recovered or whole_home:
                watcher.owed = None
            elif watcher.owed is not None:
                watcher.owed += [run for run in answer.runs if run not in watcher.owed]
            if recovered:
                watcher.trouble("agent", "")

    def _failed(self, error: Exception) -> None:
        wait = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        for watcher in self._living():
            watcher.trouble("agent", str(getattr(error, "sentence", error)))
        self._stop.wait(wait)

    def _deliver(self) -> None:
        now = time.monotonic()
        for watcher in self._living():
            if not watcher.owes or now < watcher.due:
                continue
            owed, watcher.owed = watcher.owed, []
            try:
                watcher.refresh(owed)
            except Exception as error:  # noqa: BLE001 - a failing redraw is shown and tried again, never dropped
                watcher.owed = None
                watcher.due = now + BACK_OFF[min(watcher.failures, len(BACK_OFF) - 1)]
                watcher.failures += 1
                watcher.trouble("view", str(getattr(error, "sentence", error)))
            else:
                if watcher.failures:
                    watcher.failures = 0
                    watcher.trouble("view", "")

    # --- the ticker ---

    def _tick(self) -> None:
        while not self._stop.wait(BEAT):
            age = time.monotonic() - self._heard if self._heard else 0.0
            for watcher in self._living():
                watcher.beat(round(age, 1))


_followers: dict[int, Follower] = {}
_guard = threading.Lock()


def follower_of(source: Source) -> Follower:
    """The kernel's one follower of a door (which is itself kept one a home, so its identity is its name)."""
    with _guard:
        return _followers.setdefault(id(source), Follower(source))
