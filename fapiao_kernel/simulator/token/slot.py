"""The reader's half of CCID (读卡器): one slot, one message in, its answers out. Note: docs/protocol/usb-token.md, section 3."""

from __future__ import annotations

import struct

from fapiao_kernel.simulator.card.atr import HISTORICAL, sealed
from fapiao_kernel.simulator.token.behind import Behind, Inside
from fapiao_kernel.simulator.token.descriptors import HEADER, Model
from fapiao_kernel.simulator.token.exchange import Exchange, exchange_of

NAMES = {
    0x62: "power_on",
    0x63: "power_off",
    0x65: "slot_status",
    0x6F: "xfr",
    0x6C: "get_parameters",
    0x6D: "reset_parameters",
    0x61: "set_parameters",
    0x72: "abort",
}
_ANSWERS = {0x62: 0x80, 0x6F: 0x80, 0x69: 0x80, 0x6C: 0x82, 0x6D: 0x82, 0x61: 0x82, 0x6B: 0x83, 0x73: 0x84}
ACTIVE, INACTIVE, NO_CARD = 0, 1, 2
DONE, FAILED, MORE_TIME = 0x00, 0x40, 0x80
NOT_SUPPORTED, BAD_LENGTH, NO_SLOT, BAD_PARAMETER = 0x00, 0x01, 0x05, 0x07
HARDWARE, MUTE, ABORTED = 0xFB, 0xFE, 0xFF


def atr_of(protocol: int) -> bytes:
    """Answer to reset (ISO 7816-3 section 8) of a card with T=0 or T=1."""
    if protocol == 0:
        return bytes([0x3B, len(HISTORICAL)]) + HISTORICAL
    return sealed(bytes([0x3B, 0x80 | len(HISTORICAL), 0x81, 0x31, 0x20, 0x45]) + HISTORICAL)


class Slot:
    """The slot and what is in it."""

    def __init__(self, model: Model, card: Inside | None) -> None:
        self._model = model
        self.card = card
        self.powered = False
        self._parameters = self._defaults()
        self._session: tuple[Behind, Exchange] | None = None
        self._ends = False  # whether the last message ended the card's answer to a command
        self._aborting: int | None = None

    @property
    def state(self) -> int:
        """bmICCStatus."""
        return NO_CARD if self.card is None else ACTIVE if self.powered else INACTIVE

    def power_off(self) -> None:
        """The card loses its power."""
        if self.powered and self.card is not None:
            self.card.reset()
        self.powered, self._session = False, None

    def abort(self, seq: int) -> None:
        """The class request ABORT."""
        self._aborting = seq

    def reset(self) -> None:
        """As after plugging in."""
        self.power_off()
        self._aborting = None
        self._parameters = self._defaults()

    def answer(self, message: bytes) -> list[bytes]:
        """The answers to one whole message, in order. Raises ``behind.PowerLost``."""
        self._ends = False
        kind, length, number, seq = struct.unpack_from("<BIBB", message)
        data = message[HEADER:]
        if self._aborting is not None:
            if kind != 0x72 or seq != self._aborting:
                return [self._failed(kind, seq, ABORTED)]
            self._aborting = None
        if length != len(data) or length > self._model.longest - HEADER:
            return [self._failed(kind, seq, BAD_LENGTH)]
        if number != 0:
            return [self._failed(kind, seq, NO_SLOT, slot=number)]
        special = message[7:HEADER]
        match NAMES.get(kind):
            case "power_on":
                return [self._power_on(seq, special[0])]
            case "power_off":
                self.power_off()
                return [self._status(seq, clock=1)]
            case "slot_status" | "abort":
                return [self._status(seq, clock=0 if self.powered else 1)]
            case "xfr":
                return self._transfer(seq, int.from_bytes(special[1:], "little"), data)
            case "get_parameters" | "reset_parameters" as name:
                if name == "reset_parameters":
                    self._parameters = self._defaults()
                return [self._told_parameters(kind, seq)]
            case "set_parameters":
                return [self._set_parameters(seq, special[0], data)]
        return [self._failed(kind, seq, NOT_SUPPORTED)]

    def failed(self, message: bytes, error: int) -> bytes:
        """The answer that refuses this message with this bError."""
        head = message[:7].ljust(7, b"\0")
        return self._failed(head[0], head[6], error)

    def _power_on(self, seq: int, select: int) -> bytes:
        if select > 3:
            return self._failed(0x62, seq, BAD_PARAMETER)
        if self.card is None:
            return self._failed(0x62, seq, MUTE)
        self.card.reset()
        self.powered = True
        self._parameters = self._defaults()
        behind = Behind(self.card)
        self._session = behind, exchange_of(self._model, behind)
        return self._block(seq, atr_of(self._model.protocol))

    def _transfer(self, seq: int, level: int, data: bytes) -> list[bytes]:
        if self._session is None or self._session[0].mute:
            return [self._failed(0x6F, seq, MUTE)]
        behind, exchange = self._session
        part = exchange.given(level, data)
        self._ends = part.last
        extensions = [self.more_time(seq) for _ in range(behind.waits())]
        if part.error is not None:
            return [*extensions, self._failed(0x6F, seq, part.error)]
        return [*extensions, self._block(seq, part.data, part.chain)]

    def delivered(self) -> None:
        """The answers to the last message have left whole."""
        if self._ends and self._session is not None:
            self._ends = False
            self._session[0].answered()

    def _set_parameters(self, seq: int, protocol: int, data: bytes) -> bytes:
        if protocol != self._model.protocol:
            return self._failed(0x61, seq, BAD_PARAMETER)
        if len(data) != len(self._parameters):
            return self._failed(0x61, seq, BAD_LENGTH)
        if self.card is None:
            return self._failed(0x61, seq, MUTE)
        self._parameters = data
        return self._told_parameters(0x61, seq)

    def _told_parameters(self, kind: int, seq: int) -> bytes:
        if self.card is None:
            return self._failed(kind, seq, MUTE)
        return _message(0x82, self._parameters, seq, self.state | DONE, 0, self._model.protocol)

    def _defaults(self) -> bytes:
        """CCID 1.1 section 6.2.3: F and D 11; LRC, direct convention; guard time 0; waits 45 (T=1), 0A (T=0); IFSC 32."""
        return bytes.fromhex("1100000A00" if self._model.protocol == 0 else "11100045002000")

    def _block(self, seq: int, data: bytes, chain: int = 0) -> bytes:
        return _message(0x80, data, seq, self.state | DONE, 0, chain)

    def more_time(self, seq: int, multiplier: int = 1) -> bytes:
        """A time extension: the answer to ``seq`` takes longer."""
        return _message(0x80, b"", seq, self.state | MORE_TIME, multiplier, 0)

    def _status(self, seq: int, clock: int) -> bytes:
        return _message(0x81, b"", seq, self.state | DONE, 0, clock)

    def _failed(self, kind: int, seq: int, error: int, slot: int = 0) -> bytes:
        special = self._model.protocol if _ANSWERS.get(kind) == 0x82 else 0
        return _message(_ANSWERS.get(kind, 0x81), b"", seq, self.state | FAILED, error, special, slot)


def name_of(message: bytes) -> str:
    """The name of a message in a fault plan."""
    return NAMES.get(message[0], "other")


def _message(kind: int, data: bytes, seq: int, status: int, error: int, special: int, slot: int = 0) -> bytes:
    return struct.pack("<BIBBBBB", kind, len(data), slot, seq, status, error, special) + data
