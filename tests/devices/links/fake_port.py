"""A serial port without a line: the card's peer stands right behind it, and a wait passes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fapiao_kernel.devices.links.serial_t1 import SerialLink
from fapiao_kernel.protocol.t1_block import Edc
from fapiao_kernel.simulator.card.t1_peer import Command, Peer, Send

Way = Callable[[bytes], Iterator[bytes | None]]
"""What becomes of a block on its way: pieces that arrive, None where the reader waits in vain."""


def well(block: bytes) -> Iterator[bytes | None]:
    """It arrives."""
    yield block


class FakePort:
    """What ``SerialLink`` uses of a port. ``cut_out``/``cut_in``: bytes that still pass towards the card and back, then ``error``."""

    def __init__(self, *, crc: bool = False, ifsc: int = 32) -> None:
        self.timeout = 1.0
        self.closed = False
        self.carried_out: list[bytes] = []
        self.reply: Callable[[bytes], bytes] = lambda apdu: apdu[::-1] + b"\x90\x00"
        self.towards_card: Way = well
        self.towards_us: Way = well
        self.cut_out: int | None = None
        self.cut_in: int | None = None
        self.error: Exception = OSError(5, "")
        self.blocks_written = 0
        self._edc = Edc.CRC if crc else Edc.LRC
        self._peer = Peer(crc=crc, ifsc=ifsc)
        self._coming: list[bytes | None] = []

    def open(self) -> SerialLink:
        link = SerialLink(self, "fake", self._edc)  # type: ignore[arg-type]  # what the link uses of a port, no more
        link.open_session()
        return link

    def write(self, data: bytes) -> int:
        self.blocks_written += 1
        for piece in self.towards_card(data):
            if piece is None:
                self._peer.silence()
                continue
            passing = piece if self.cut_out is None else piece[: self.cut_out]
            if self.cut_out is not None:
                self.cut_out -= len(passing)
            self._arrive(passing)
            if self.cut_out == 0:
                raise self.error
        return len(data)

    def _arrive(self, data: bytes) -> None:
        for event in self._peer.feed(data):
            if isinstance(event, Command):
                self.carried_out.append(event.apdu)
                event = self._peer.reply(self.reply(event.apdu))
            if isinstance(event, Send):
                self._coming += self.towards_us(event.block)

    def read(self, size: int) -> bytes:
        if self.cut_in == 0:
            raise self.error
        if not self._coming:
            self._peer.silence()
            return b""
        piece = self._coming.pop(0)
        if piece is None:
            return b""
        take = size if self.cut_in is None else min(size, self.cut_in)
        if len(piece) > take:
            self._coming.insert(0, piece[take:])
        if self.cut_in is not None:
            self.cut_in -= len(piece[:take])
        return piece[:take]

    def reset_input_buffer(self) -> None:
        if self.cut_in == 0 or self.cut_out == 0:
            raise self.error
        self._coming.clear()

    def close(self) -> None:
        self.closed = True
