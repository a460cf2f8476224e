"""The card's end of the line (线路): a pty where there is one, else TCP on 127.0.0.1. Clients come and go; the line stays."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from typing import Protocol

_CHUNK = 4096
_QUEUE = 16


class Ended(Exception):
    """The process was asked to end."""


class Line(Protocol):
    """``where`` is what a client opens. ``read`` gives what came within ``seconds`` (None: wait for ever), ``b""`` for nothing."""

    where: str

    def read(self, seconds: float | None) -> bytes: ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Bell:
    """Wakes the loop when SIGTERM or SIGINT arrives, between two steps and never within one."""

    def __init__(self) -> None:
        self._inner, self._outer = socket.socketpair()
        for end in (self._inner, self._outer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._outer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)

    def wait(self, sources: list[int], seconds: float | None) -> list[int]:
        """Which of the sources can be read. Raises ``Ended``."""
        ready = select.select([*sources, self._inner.fileno()], [], [], seconds)[0]
        if self._inner.fileno() in ready:
            raise Ended
        return ready


class PtyLine:
    """A pty. Its slave stays open in this process, so a client that leaves does not hang the line up."""

    def __init__(self, bell: Bell) -> None:
        if sys.platform == "win32":
            raise OSError("no pty here")
        import tty

        self._bell = bell
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.where = os.ttyname(self._slave)

    def read(self, seconds: float | None) -> bytes:
        if not self._bell.wait([self._master], seconds):
            return b""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._master, _CHUNK)
        return b""

    def write(self, data: bytes) -> None:
        # Nobody reads and the pty is full: the bytes are lost, as on a real line.
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


class TcpLine:
    """One client at a time; another that knocks meanwhile is turned away."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._door = socket.create_server(("127.0.0.1", 0), backlog=_QUEUE)
        self._client: socket.socket | None = None
        self.where = f"socket://127.0.0.1:{self._door.getsockname()[1]}"

    def read(self, seconds: float | None) -> bytes:
        client = self._client
        sources = [self._door.fileno()] + ([client.fileno()] if client else [])
        ready = self._bell.wait(sources, seconds)
        if client is not None and client.fileno() in ready:
            with contextlib.suppress(ConnectionError):
                if data := client.recv(_CHUNK):
                    return data
            self._leave()
        if self._door.fileno() in ready:
            self._welcome()
        return b""

    def _welcome(self) -> None:
        visitor, _ = self._door.accept()
        if self._client is not None:
            visitor.close()
            return
        visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = visitor

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def write(self, data: bytes) -> None:
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self._leave()

    def close(self) -> None:
        self._leave()
        self._door.close()


def open_line(bell: Bell, *, tcp: bool) -> Line:
    """A pty on POSIX unless TCP is asked for."""
    return TcpLine(bell) if tcp or sys.platform == "win32" else PtyLine(bell)
