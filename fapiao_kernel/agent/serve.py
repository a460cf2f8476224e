"""The HTTP server: uvicorn on a loopback socket of our own, woken by events and never by a timer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI

GRACE = 30
"""Seconds that requests under way have when the agent stops; acts of a run are waited for without a limit."""


def listen() -> socket.socket:
    """A socket on a free loopback port."""
    # Named TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an acknowledgement.
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.bind(("127.0.0.1", 0))
    return opened


class Server(uvicorn.Server):
    """Uvicorn without its ten ticks a second; ``ready`` is called once the socket listens, ``ending`` before requests are waited for."""

    def __init__(self, app: FastAPI, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                lifespan="off",
                ws="none",
                loop="asyncio",
                http="h11",
                timeout_graceful_shutdown=GRACE,
                timeout_keep_alive=60,
            )
        )
        self._ready = ready
        self._ending = ending
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """End soon; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        """Say that the socket listens, then sleep until somebody ends us."""
        self._loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(
                NotImplementedError
            ):  # Windows: the event loop takes no signals; POST /stop serves
                self._loop.add_signal_handler(name, self._end.set)
        self._ready()
        await self._end.wait()
        self._ending()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are set in ``main_loop``: they end the server, and the process ends with exit code 0."""
        yield
