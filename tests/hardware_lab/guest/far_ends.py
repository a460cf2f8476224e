"""What stands at the other end of the guest's devices, on this side: the practice card behind a serial adapter and in a reader."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.card.lines import Ended
from fapiao_kernel.simulator.card.serve import Server
from tests.hardware_lab.guest.machine import listening


class SocketLine:
    """``lines.Line`` over a connected socket; ended when the other side is."""

    def __init__(self, connection: socket.socket) -> None:
        self.where = "socket"
        self._connection = connection

    def read(self, seconds: float | None) -> bytes:
        if not select.select([self._connection], [], [], seconds)[0]:
            return b""
        data = self._connection.recv(4096)
        if not data:
            raise Ended
        return data

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def close(self) -> None:
        self._connection.close()


def serve_line(connection: socket.socket, image: Path) -> None:
    """A practice card on a serial line, until the line is gone."""
    with contextlib.suppress(Ended):
        Server(SimulatedCard(image), SocketLine(connection)).run()


@contextlib.contextmanager
def at(path: Path, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Serve the one connection that QEMU will make to a socket; it ends when QEMU does."""
    door = listening(path)

    def once() -> None:
        with contextlib.suppress(OSError):  # the door was closed before anyone came, or QEMU was killed
            connection, _ = door.accept()
            with connection:
                serve(connection)

    thread = threading.Thread(target=once, name=path.name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # nobody may have come
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(5)
