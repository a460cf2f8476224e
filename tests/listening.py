"""Waiting for a server that says its address a moment before it listens there (Jupyter), and has no event for us to wait on."""

from __future__ import annotations

import socket
import time

PATIENCE = 60.0
"""Seconds."""


def wait_until_it_listens(url: str) -> None:
    """Returns once ``http://host:port`` takes a connection; fails when it does not for a minute."""
    host, _, port = url.removeprefix("http://").partition("/")[0].rpartition(":")
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < until, f"{url} was said, and nobody listens there"
            time.sleep(0.1)
