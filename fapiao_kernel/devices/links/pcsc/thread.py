"""A thread for calls that nothing can interrupt (专用线程): the caller waits as long as it will, and then leaves it to itself."""

from __future__ import annotations

import socket
import struct
import sys
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


class _End:
    """One end of the pair. Its wait is the system's own where it can be (``SO_RCVTIMEO``): with Python's, which asks before each
    call, a round trip takes a fifth longer (measured)."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._waits: float | None = None

    def patience(self, seconds: float | None) -> None:
        """How long ``heard`` waits; None: for ever."""
        if seconds == self._waits:
            return
        if sys.platform == "win32":
            self.socket.settimeout(seconds)
        else:
            waits = 0 if seconds is None else max(1, int(seconds * 1e6))  # none at all means for ever
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", *divmod(waits, 1_000_000)))
        self._waits = seconds

    def heard(self) -> bool:
        """Whether the other end rang; False: it has closed. Raises ``TimeoutError``, or another ``OSError`` when this end is closed."""
        try:
            return bool(self.socket.recv(1))
        except BlockingIOError as error:
            raise TimeoutError from error


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
        self._near, self._far = (_End(end) for end in socket.socketpair())
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
                    self._near.socket.close()
            result, error, self._result, self._error = self._result, self._error, None, None
        if error is not None:
            raise error
        found: T = result
        return found

    def _ask(self, work: Callable[[], Any], seconds: float) -> None:
        self._work = work
        try:
            self._near.patience(seconds)
            self._near.socket.send(GO)
        except OSError as error:
            raise Ended from error

    def _wait(self) -> None:
        try:
            if self._near.heard():
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
            self._near.socket.shutdown(socket.SHUT_WR)
        self._thread.join(seconds)
        if self._asking.acquire(timeout=0):  # else whoever asks closes it
            self._near.socket.close()
            self._asking.release()

    def _run(self) -> None:
        with self._far.socket:
            while self._next():
                pass
        self._last()

    def _next(self) -> bool:
        """Make one call, or be idle; False when there is nobody left to ask."""
        try:
            if not self._far.heard() or self._work is None:
                return False
        except TimeoutError:
            self._idle()
            self._far.patience(None)
            return True
        except OSError:
            return False
        work, self._work = self._work, None
        try:
            self._result = work()
        except Exception as raised:  # noqa: BLE001 it is raised where the call was asked for
            self._error = raised
        try:
            self._far.socket.send(GO)
        except OSError:
            return False  # nobody waits for it any more
        self._far.patience(self._linger)
        return True
