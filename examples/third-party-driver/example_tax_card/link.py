"""Link ``example-socket``: APDUs over TCP, each with its length in two bytes before it. ``where`` is ``HOST:PORT``."""

from __future__ import annotations

import contextlib
import socket

from fapiao_kernel.devices.plug import LinkCan, LinkSpec
from fapiao_kernel.domain.errors import NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect

PATIENCE = 10.0
"""Seconds that the card may take for an answer."""
LARGEST = 0xFFFF


class SocketLink:
    """``plug.Link``. After an error, or ``close``, it sends nothing more."""

    def __init__(self, line: socket.socket, where: str) -> None:
        self.name = where
        self._line = line
        self._broken = False

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``. One write, one answer; never sent again."""
        if self._broken:
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT)
        if len(apdu) > LARGEST:
            raise ProtocolError("protocol_apdu", effect=Effect.NOT_SENT, length=len(apdu))
        self._broken = True  # until the exchange has ended well
        try:
            self._line.sendall(len(apdu).to_bytes(2, "big") + apdu)
            answer = self._take(int.from_bytes(self._take(2), "big"))
        except OSError as error:  # from ``sendall`` on, some of it may have left
            raise NotReachable(
                "device_gone", effect=Effect.UNKNOWN, original=type(error).__name__, where=self.name
            ) from error
        self._broken = False
        return answer

    def close(self) -> None:
        """Ends a reading in another thread, too: ``shutdown`` wakes it, ``close`` alone would not."""
        self._broken = True
        with contextlib.suppress(OSError):  # it was gone already
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _take(self, length: int) -> bytes:
        taken = b""
        while len(taken) < length:
            more = self._line.recv(length - len(taken))
            if not more:
                raise ConnectionResetError
            taken += more
        return taken


def open_socket(where: str) -> SocketLink:
    """Raises ``NotReachable`` (``device_unopenable``, ``device_absent``): nothing was sent."""
    host, _, port = where.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise NotReachable("device_unopenable", effect=Effect.NOT_SENT, where=where)
    try:
        line = socket.create_connection((host, int(port)), timeout=PATIENCE)
    except OSError as error:
        raise NotReachable(
            "device_absent", effect=Effect.NOT_SENT, original=type(error).__name__, where=where
        ) from error
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return SocketLink(line, where)


LINK = LinkSpec("example-socket", 1, open_socket, can=frozenset({LinkCan.EXTENDED}))
