"""A host for the token, written from the standard: packs messages, reads answers. And a card that repeats what it hears."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from fapiao_kernel.simulator.token.token import Token

ON, OFF, STATUS, XFR, GET, RESET, SET, ABORT = 0x62, 0x63, 0x65, 0x6F, 0x6C, 0x6D, 0x61, 0x72
ROOM = 65556


class Echo:
    """Answers each command with itself and 9000; counts what came."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.resets = 0
        self.told = 0
        self.extensions = 0
        self.reply: bytes | None = None

    def answer(self, apdu: bytes) -> bytes | None:
        self.heard.append(apdu)
        return (apdu if self.reply is None else self.reply) + b"\x90\x00"

    def reset(self) -> None:
        self.resets += 1

    def answered(self) -> None:
        self.told += 1


class Mute(Echo):
    def answer(self, apdu: bytes) -> bytes | None:
        super().answer(apdu)
        return None


@dataclass(frozen=True)
class Answer:
    type: int
    length: int
    slot: int
    seq: int
    card: int
    command: int
    error: int
    special: int
    data: bytes = field(repr=False)


def packed(kind: int, data: bytes = b"", seq: int = 0, special: bytes = b"\0\0\0", slot: int = 0) -> bytes:
    return struct.pack("<BIBB", kind, len(data), slot, seq) + special + data


def read(raw: bytes | None) -> Answer:
    assert raw is not None, "no answer"
    kind, length, slot, seq, status, error, special = struct.unpack_from("<BIBBBBB", raw)
    return Answer(kind, length, slot, seq, status & 3, status >> 6, error, special, raw[10:])


def ask(token: Token, kind: int, data: bytes = b"", seq: int = 0, special: bytes = b"\0\0\0", slot: int = 0) -> Answer:
    """One message, one answer."""
    token.bulk_out(packed(kind, data, seq, special, slot))
    return read(token.bulk_in(ROOM))


def xfr(token: Token, data: bytes, level: int = 0, seq: int = 0) -> Answer:
    return ask(token, XFR, data, seq, b"\0" + level.to_bytes(2, "little"))


def ready(token: Token) -> Token:
    """Configured, card powered."""
    token.control(0x00, 9, 1, 0)
    assert ask(token, ON).command == 0
    return token
