"""The card's half of T=1 (ISO/IEC 7816-3), without I/O. From docs/protocol/practice-card.md, section 2, alone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Send:
    """A block to put on the line. ``last``: with it the whole reply has gone out."""

    block: bytes = field(repr=False)
    last: bool = False


@dataclass(frozen=True)
class Command:
    """A whole command arrived; answer it with ``Peer.reply``."""

    apdu: bytes = field(repr=False)


@dataclass(frozen=True)
class Opened:
    """The terminal resynchronised: a new session."""


Event = Send | Command | Opened


DEFAULT_IFS = 32


class Peer:
    """One card on one line. ``crc``: blocks end in a CRC and not in an LRC. ``ifsc``: bytes of INF that it takes, 1 to 254."""

    def __init__(self, *, crc: bool = False, ifsc: int = DEFAULT_IFS) -> None:
        self._check = _crc if crc else _lrc
        self._around = 3 + (2 if crc else 1)  # bytes of a block that are not INF
        self._ifsc = ifsc
        self._buffer = b""
        self._mute = False
        self._reset()

    def _reset(self) -> None:
        self._wanted = 0  # N(S) that we wait for
        self._next = 0  # N(S) of our next I-block
        self._ifsd = DEFAULT_IFS
        self._told_ifsc = self._ifsc == DEFAULT_IFS
        self._held: list[Event] = []  # what the first block of the session wants, until the terminal knows our IFSC
        self._command = b""
        self._busy = False
        self._parts: list[bytes] = []
        self._sent: Send | None = None  # what an R-block may ask for again
        self._sent_number: int | None = None  # its N(S) when it is an I-block

    @property
    def half(self) -> bool:
        """Whether a block has begun and is not whole."""
        return bool(self._buffer)

    def silence(self) -> None:
        """The line fell silent in mid-block: what came is dropped."""
        self._buffer = b""

    def mute(self) -> None:
        """Say nothing more until the line is opened anew."""
        self._mute = True

    def reply(self, apdu: bytes) -> Send:
        """The first block of the reply to the command under way."""
        self._busy = False
        size = self._ifsd
        self._parts = [apdu[at : at + size] for at in range(0, len(apdu), size)] or [b""]
        return self._send_part()

    def ask_for_time(self, times: int) -> Send:
        """S(WTX request)."""
        return self._request(0xC3, times)

    def _request(self, pcb: int, value: int) -> Send:
        self._sent, self._sent_number = Send(self._block(pcb, bytes([value]))), None
        return self._sent

    def feed(self, data: bytes) -> list[Event]:
        """What arrived, and what to do about it, in order."""
        self._buffer += data
        events: list[Event] = []
        while len(self._buffer) >= self._around and len(self._buffer) >= self._buffer[2] + self._around:
            end = self._buffer[2] + self._around
            raw, self._buffer = self._buffer[:end], self._buffer[end:]
            events += self._on_block(raw)
        return events

    def _on_block(self, raw: bytes) -> list[Event]:
        end = raw[2] + 3
        sound = self._check(raw[:end]) == raw[end:] and raw[0] == 0 and raw[2] <= 254
        if self._mute:
            if not (sound and raw[1] == 0xC0):
                return []
            self._mute = False
        if not sound:
            self._buffer = b""  # no telling where the next block begins: the terminal waits, then asks
            return [Send(self._want(1))]
        pcb, inf = raw[1], raw[3:end]
        if pcb & 0xC0 == 0xC0:
            return self._supervised(pcb, inf)
        if pcb & 0x80:
            return self._on_ready(pcb >> 4 & 1)
        return self._on_information(pcb, inf)

    def _on_information(self, pcb: int, inf: bytes) -> list[Event]:
        if pcb >> 6 & 1 != self._wanted or self._busy:
            return []  # a copy
        self._wanted ^= 1
        self._command += inf
        self._parts, self._sent, self._sent_number = [], None, None
        events: list[Event]
        if pcb & 0x20:
            events = [Send(self._want(0))]
        else:
            events = [Command(self._command)]
            self._command, self._busy = b"", True
        if self._told_ifsc:
            return events
        self._held = events
        return [self._request(0xC1, self._ifsc)]

    def _on_ready(self, number: int) -> list[Event]:
        if self._sent_number is not None and number == self._sent_number and self._sent is not None:
            return [self._sent]
        if self._parts and self._sent_number is not None:
            return [self._send_part()]
        if self._busy or self._held:
            return [self._sent] if self._sent is not None else []
        return [Send(self._want(0))]

    def _supervised(self, pcb: int, inf: bytes) -> list[Event]:
        match pcb:
            case 0xC0:
                self._reset()
                return [Opened(), Send(self._block(0xE0))]
            case 0xC1 if len(inf) == 1 and 1 <= inf[0] <= 254:
                self._ifsd = inf[0]
                return [Send(self._block(0xE1, inf))]
            case 0xC2:
                self._parts, self._command = [], b""
                return [Send(self._block(0xE2))]
            case 0xE1 if not self._told_ifsc and inf == bytes([self._ifsc]):
                held, self._held = self._held, []
                self._told_ifsc, self._sent = True, None
                return held
            case 0xE3 | 0xE1:
                return []  # the answer to ours
        return [Send(self._want(2))]

    def _send_part(self) -> Send:
        part = self._parts.pop(0)
        pcb = (self._next << 6) | (0x20 if self._parts else 0)
        self._sent_number = self._next
        self._next ^= 1
        self._sent = Send(self._block(pcb, part), last=not self._parts)
        return self._sent

    def _want(self, error: int) -> bytes:
        return self._block(0x80 | self._wanted << 4 | error)

    def _block(self, pcb: int, inf: bytes = b"") -> bytes:
        body = bytes([0, pcb, len(inf)]) + inf
        return body + self._check(body)


def _lrc(body: bytes) -> bytes:
    check = 0
    for byte in body:
        check ^= byte
    return bytes([check])


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x8408 if byte & 1 else 0)
    return byte


_REMAINDERS = [_remainder(byte) for byte in range(256)]


def _crc(body: bytes) -> bytes:
    register = 0xFFFF
    for byte in body:
        register = register >> 8 ^ _REMAINDERS[(register ^ byte) & 0xFF]
    return (register ^ 0xFFFF).to_bytes(2, "little")
