"""The token on USB/IP (经 USB/IP 接入): Linux's vhci_hcd takes it for a device on a port of its own.

Only the second half of the protocol, after a device has been imported (Linux, Documentation/usb/usbip_protocol.rst): a header of 48 bytes,
big-endian, and the data of the transfer.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fapiao_kernel.simulator.token.errors import Broken, Gone, Overflow, Stall, UsbFault
from fapiao_kernel.simulator.token.token import Token

HEADER = 48
CMD_SUBMIT, CMD_UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
OUT, IN = 0, 1
INTERRUPT = 3
"""Number of the token's interrupt endpoint; its other IN endpoint is bulk."""
_STATUS: dict[type[UsbFault], int] = {Stall: -errno.EPIPE, Overflow: -errno.EOVERFLOW, Broken: -errno.EPROTO}
_CANCELLED = -errno.ECONNRESET


@dataclass(frozen=True)
class Request:
    """One header of the host's: a transfer (URB), or another's cancelling."""

    command: int
    number: int
    direction: int
    endpoint: int
    length: int
    """Bytes that follow it (OUT) or are wanted at most (IN); of a cancelling, the number of the transfer."""
    setup: bytes

    @classmethod
    def parse(cls, header: bytes) -> Request:
        """Raises ``ValueError`` for what no host says."""
        command, number, _device, direction, endpoint, first, second = struct.unpack(
            ">7I", header[:28].ljust(28, b"\0")
        )
        if len(header) != HEADER or command not in (CMD_SUBMIT, CMD_UNLINK):
            raise ValueError(f"not a USB/IP request: {header[:8].hex()}")
        return cls(command, number, direction, endpoint, first if command == CMD_UNLINK else second, header[40:])

    @property
    def follows(self) -> int:
        """How many bytes of data come behind the header."""
        return self.length if (self.command, self.direction) == (CMD_SUBMIT, OUT) else 0


class Transfers:
    """The host's transfers to one token. One that the token has nothing for yet waits, until it has or the host cancels it."""

    def __init__(self, token: Token) -> None:
        self._token = token
        self._waiting: dict[int, Request] = {}

    def arrived(self, request: Request, data: bytes = b"") -> Iterator[bytes]:
        """The answers that this brings about. Raises ``Gone`` after the last of them when the token is not plugged in any more."""
        if request.command == CMD_UNLINK:
            yield self._cancelled(request)
        elif request.endpoint and request.direction == IN:
            self._waiting[request.number] = request
        else:
            yield self._carried_out(request, data)
        yield from self._due()

    def _cancelled(self, request: Request) -> bytes:
        waited = self._waiting.pop(request.length, None)
        if waited is None:  # done before the host changed its mind
            return _answer(RET_UNLINK, request.number, 0)
        if waited.endpoint != INTERRUPT:
            self._token.given_up()
        return _answer(RET_UNLINK, request.number, _CANCELLED)

    def _carried_out(self, request: Request, data: bytes) -> bytes:
        try:
            if request.endpoint:
                self._token.bulk_out(data)
                return _answer(RET_SUBMIT, request.number, 0, len(data))
            kind, what, value, index, length = struct.unpack("<BBHHH", request.setup)
            answer = self._token.control(kind, what, value, index, data if request.direction == OUT else length)
        except tuple(_STATUS) as fault:
            return _answer(RET_SUBMIT, request.number, _STATUS[type(fault)])
        return _answer(RET_SUBMIT, request.number, 0, len(answer) or len(data), answer)

    def _due(self) -> Iterator[bytes]:
        """Answers to waiting transfers, in their order at each endpoint."""
        dry: set[int] = set()
        for number, request in list(self._waiting.items()):
            if request.endpoint in dry:
                continue
            try:
                data = (
                    self._token.interrupt_in() if request.endpoint == INTERRUPT else self._token.bulk_in(request.length)
                )
            except tuple(_STATUS) as fault:
                answer = _answer(RET_SUBMIT, number, _STATUS[type(fault)])
            else:
                if data is None:
                    dry.add(request.endpoint)
                    continue
                answer = _answer(RET_SUBMIT, number, 0, len(data), data)
            del self._waiting[number]
            yield answer


def _answer(command: int, number: int, status: int, length: int = 0, data: bytes = b"") -> bytes:
    return struct.pack(">5I2i", command, number, 0, 0, 0, status, length).ljust(HEADER, b"\0") + data


def serve(connection: socket.socket, token: Token) -> None:
    """Serve a host until it lets the device go, or the token is pulled out, which hangs up. Closes the connection."""
    transfers = Transfers(token)
    with connection, contextlib.suppress(Gone, ConnectionError, EOFError):
        while True:
            request = Request.parse(_exactly(connection, HEADER))
            for answer in transfers.arrived(request, _exactly(connection, request.follows)):
                connection.sendall(answer)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        if not (more := connection.recv(length - len(data))):
            raise EOFError
        data += more
    return bytes(data)
