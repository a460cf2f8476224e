"""A thread for calls that nothing can interrupt (专用线程): the caller waits as long as it will, and then leaves it to itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
GO = b"\0"


class Overdue(Exception):
    """A call did not come back in time, and may yet do what it was asked to."""


class Ended(Exception):
    """A call was not begun: there is no thread to make it any more."""


class Caller:
    """One thread that makes calls one after the other. One thread at a time asks; ``end`` may come from another.

    ``idle`` runs in it when nothing has been asked for ``linger`` seconds after a call, ``last`` when it ends. After ``Overdue``
    it ends by itself as soon as the call comes back; if that never happens, it does not keep the process alive.

    The two wake each other over a pair of sockets: measured, that costs half of what a queue does, because both sleep in the system and
    neither has to wait for the interpreter's lock after it has been woken.
    """

    def __init__(
        self, name: str, last: Callable[[], None], idle: Callable[[], None] = lambda: None, linger: float | None = None
    ) -> None:
        self._last = last
        self._idle = idle
        self._linger = linger
        self._work: Callable[[], Any] | None = None
        self._result: Any = None
        self._error: Exception | None = None
        self._ended = False
        self._asking = threading.Lock()
        self._near, self._far = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], T], seconds: float) -> T:
        """What ``work`` gives, or raises. ``Ended``: it was not begun; ``Overdue``: not done after so many seconds, and no more
        can be asked."""
        with self._asking:
            try:
                self._ask(work, seconds)
                self._wait()
            finally:
                if self._ended:
                    self._near.close()
            result, error, self._result, self._error = self._result, self._error, None, None
        if error is not None:
            raise error
        found: T = result
        return found

    def _ask(self, work: Callable[[], Any], seconds: float) -> None:
        self._work = work
        try:
            if self._near.gettimeout() != seconds:
                self._near.settimeout(seconds)
            self._near.send(GO)
        except OSError as error:
            raise Ended from error

    def _wait(self) -> None:
        try:
            if self._near.recv(1):
                return
        except OSError as error:  # TimeoutError, or the thread closed its half
            self._ended = True
            raise Overdue from error
        self._ended = True
        raise Overdue

    def end(self, seconds: float) -> None:
        """Run ``last`` after what is under way, and end; wait so long for that and no longer. Twice is once."""
        self._ended = True
        with suppress(OSError):  # closed already
            self._near.shutdown(socket.SHUT_WR)
        self._thread.join(seconds)
        if self._asking.acquire(timeout=0):  # else whoever asks closes it
            self._near.close()
            self._asking.release()

    def _run(self) -> None:
        with self._far:
            while self._next():
                pass
        self._last()

    def _next(self) -> bool:
        """Make one call, or be idle; False when there is nobody left to ask."""
        try:
            if not self._far.recv(1) or self._work is None:
                return False
        except TimeoutError:
            self._idle()
            self._far.settimeout(None)
            return True
        except OSError:
            return False
        work, self._work = self._work, None
        try:
            self._result = work()
        except Exception as raised:  # noqa: BLE001 it is raised where the call was asked for
            self._error = raised
        try:
            self._far.send(GO)
        except OSError:
            return False  # nobody waits for it any more
        if self._far.gettimeout() != self._linger:
            self._far.settimeout(self._linger)
        return True
