"""The card behind QEMU's own reader (ccid-card-passthru): QEMU's VSCard messages on a socket, a T=0 card's answers.

A message is a header of three 32-bit numbers, big-endian (type, reader, length), and so many bytes. QEMU 7.2 drops an answer of more than
374 bytes without a word; T=0 never has more than 258.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path

from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.slot import atr_of
from fapiao_kernel.simulator.token.t0_peer import T0Peer

INIT, ATR, CARD_REMOVE, APDU = 1, 5, 6, 7
VERSION = 2
READER = 0
AWAITED = 0.3
"""Seconds until QEMU's reader certainly waits for the card: drawn while the command still is on its way, it never answers at all."""


class PassedThrough:
    """A practice card in QEMU's reader, until QEMU goes."""

    def __init__(self, image: Path) -> None:
        self._card = CardInside(image)
        self._out = threading.Lock()
        self._connection: socket.socket | None = None
        self.apdus = 0
        """Commands that have come so far."""
        self._draws = False

    def serve(self, connection: socket.socket) -> None:
        self._connection = connection
        self._say(INIT, b"VSCD" + struct.pack(">II", VERSION, 0), 0xFFFFFFFF)
        self.insert()
        with contextlib.suppress(EOFError):
            while True:
                kind, _, length = struct.unpack(">III", _exactly(connection, 12))
                data = _exactly(connection, length)
                if kind == APDU:
                    self.apdus += 1
                    if self._draws:
                        self._draws = False
                        threading.Timer(AWAITED, self.draw).start()
                    elif (answer := self._peer.feed(data)) is not None:
                        self._say(APDU, answer)

    def draw_at_next(self) -> None:
        """Draw the card when the next command is with it: not carried out, not answered."""
        self._draws = True

    def insert(self) -> None:
        """Put the card in (插卡): QEMU learns of it by its ATR."""
        self._card.reset()
        self._peer = T0Peer(self._card.answer)
        self._say(ATR, atr_of(0))

    def draw(self) -> int:
        """Draw the card (拔卡); returns how many commands had come by then."""
        self._say(CARD_REMOVE, b"")
        return self.apdus

    def _say(self, kind: int, data: bytes, reader: int = READER) -> None:
        assert self._connection is not None, "QEMU has not connected yet"
        with self._out:
            self._connection.sendall(struct.pack(">III", kind, reader, len(data)) + data)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        if not (more := connection.recv(length - len(data))):
            raise EOFError
        data += more
    return data
