"""XfrBlock at each exchange level (交换层次): how a command comes in parts, how its answer goes out. Note: docs/protocol/usb-token.md,
sections 3 and 4."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from fapiao_kernel.simulator.card.t1_peer import Command, Peer, Send
from fapiao_kernel.simulator.token.behind import Behind
from fapiao_kernel.simulator.token.descriptors import HEADER, Level, Model
from fapiao_kernel.simulator.token.t0_peer import T0Peer

BAD_LENGTH, BAD_LEVEL, MUTE = 0x01, 0x08, 0xFE
BEGINS, ENDS, GOES_ON, EMPTY = 1, 2, 3, 0x10


@dataclass(frozen=True)
class Part:
    """What one XfrBlock brings: data and bChainParameter, or ``error`` (bError). ``last``: the card's answer ends with it."""

    data: bytes = field(default=b"", repr=False)
    chain: int = 0
    error: int | None = None
    last: bool = False


class Exchange(Protocol):
    """One session at one level."""

    def given(self, level: int, data: bytes) -> Part:
        """One XfrBlock: wLevelParameter and abData. Raises ``behind.PowerLost``."""
        ...


def exchange_of(model: Model, behind: Behind) -> Exchange:
    """A new session."""
    match model.level:
        case Level.EXTENDED_APDU:
            return _Extended(behind, model.longest - HEADER)
        case Level.SHORT_APDU:
            return _Short(behind)
        case Level.TPDU_T1:
            return _TpduT1(behind)
        case Level.TPDU_T0:
            return _TpduT0(behind)


class _Extended:
    def __init__(self, behind: Behind, room: int) -> None:
        self._behind = behind
        self._room = room
        self._command: bytes | None = None
        self._rest = b""

    def given(self, level: int, data: bytes) -> Part:
        if level in (0, BEGINS):
            self._command, self._rest = b"", b""
        match level:
            case 0:
                return self._answered(data)
            case 1 | 2 | 3 if self._command is not None:
                self._command += data
                return Part(chain=EMPTY) if level != ENDS else self._answered(self._command)
            case 0x10 if not data and self._rest:
                part, self._rest = self._rest[: self._room], self._rest[self._room :]
                return Part(part, GOES_ON if self._rest else ENDS, last=not self._rest)
        return Part(error=BAD_LEVEL)

    def _answered(self, apdu: bytes) -> Part:
        self._command = None
        answer = self._behind.ask(apdu)
        if answer is None:
            return Part(error=MUTE)
        self._rest = answer[self._room :]
        return Part(answer[: self._room], BEGINS if self._rest else 0, last=not self._rest)


class _Short:
    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    def given(self, level: int, data: bytes) -> Part:
        if level:
            return Part(error=BAD_LEVEL)
        if len(data) > 5 and (not data[4] or len(data) - 5 not in (data[4], data[4] + 1)):
            return Part(error=BAD_LENGTH)
        answer = self._behind.ask(data)
        return Part(error=MUTE) if answer is None else Part(answer, last=True)


class _TpduT0:
    def __init__(self, behind: Behind) -> None:
        self._peer = T0Peer(behind.ask)

    def given(self, level: int, data: bytes) -> Part:
        if level:
            return Part(error=BAD_LEVEL)
        answer = self._peer.feed(data)
        return Part(error=MUTE) if answer is None else Part(answer, last=not self._peer.holds)


class _TpduT1:
    """T=1 blocks, one in a message. A card that wants more time says so in a block of its own, S(WTX)."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._peer = Peer()
        self._held: bytes | None = None

    def given(self, level: int, data: bytes) -> Part:
        if level:
            return Part(error=BAD_LEVEL)
        send: Send | None = None
        events = self._peer.feed(data)
        for event in events:
            if isinstance(event, Command):
                send = self._asked(event.apdu)
            elif isinstance(event, Send):
                send = event
        if not events and self._held is not None and data[1:2] == b"\xe3":
            send = self._reply(self._held)
        if self._peer.half:
            self._peer.silence()
        return Part(error=MUTE) if send is None else Part(send.block, last=send.last)

    def _asked(self, apdu: bytes) -> Send | None:
        reply = self._behind.ask(apdu)
        if reply is None:
            self._peer.mute()
            return None
        times = self._behind.waits()
        if times:
            self._held = reply
            return self._peer.ask_for_time(min(255, times + 1))
        return self._reply(reply)

    def _reply(self, reply: bytes) -> Send | None:
        self._held = None
        send = self._peer.reply(reply)
        match self._behind.spoil():
            case "drop_reply":
                return None
            case "corrupt_reply":
                return Send(send.block[:-1] + bytes([send.block[-1] ^ 0xFF]), send.last)
        return send
