"""The system's smart card service (智能卡服务, PC/SC): its library when it is there, and its result codes as our errors.

Names and numbers of the codes: PC/SC part 10 and pcsc-lite's ``pcsclite.h``; Windows has the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Any, Protocol

from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect


class Result(IntEnum):
    """What a call came to, where it makes a difference to us."""

    DONE = 0
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_CARD = 0x8010000C
    PROTOCOL_MISMATCH = 0x8010000F
    READER_GONE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_ACCESS = 0x80100027
    NO_READERS = 0x8010002E
    UNSUPPORTED_CARD = 0x80100065
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069
    SECURITY_VIOLATION = 0x8010006A


class State(IntFlag):
    """What the service knows of a reader and its card (``SCARD_STATE_…``)."""

    UNAWARE = 0x0000
    UNAVAILABLE = 0x0008
    EMPTY = 0x0010
    PRESENT = 0x0020
    EXCLUSIVE = 0x0080
    MUTE = 0x0200


USER, SHARED, LEAVE_CARD = 0, 2, 0
"""Scope of a context, mode of sharing, what becomes of the card afterwards."""
T0, T1 = 1, 2
"""Protocols between reader and card, as bits."""


class Scard(Protocol):
    """What we use of ``smartcard.scard``: the service's own calls. Each gives its result code, alone or first of a list.

    pyscard's classes above it take more for granted than we may: they power the card off when they leave, and wait for ever.
    """

    def SCardEstablishContext(self, scope: int) -> Sequence[Any]: ...
    def SCardReleaseContext(self, context: int) -> int: ...
    def SCardListReaders(self, context: int, groups: list[str]) -> Sequence[Any]: ...
    def SCardGetStatusChange(
        self, context: int, milliseconds: int, readers: list[tuple[str, int]]
    ) -> Sequence[Any]: ...
    def SCardConnect(self, context: int, reader: str, sharing: int, protocols: int) -> Sequence[Any]: ...
    def SCardDisconnect(self, card: int, disposition: int) -> int: ...
    def SCardBeginTransaction(self, card: int) -> int: ...
    def SCardEndTransaction(self, card: int, disposition: int) -> int: ...
    def SCardTransmit(self, card: int, protocol: int, command: list[int]) -> Sequence[Any]: ...


def scard() -> Scard:
    """The library. Raises ``NotReachable`` (``device_pcsc_missing``) where pyscard is not installed, or cannot be loaded."""
    try:
        import smartcard.scard as library
    except ImportError as error:
        raise NotReachable("device_pcsc_missing", original=type(error).__name__) from error
    found: Scard = library
    return found


def plain(result: int) -> int:
    """A result code as Linux has it: Windows gives the same 32 bits with a sign."""
    return result & 0xFFFFFFFF


_CODES = {
    Result.UNKNOWN_READER: "device_reader_absent",
    Result.NO_READERS: "device_reader_absent",
    Result.READER_GONE: "device_gone",
    Result.TIMEOUT: "device_busy",
    Result.SHARING_VIOLATION: "device_busy",
    Result.NO_CARD: "device_card_absent",
    Result.PROTOCOL_MISMATCH: "device_card_mute",
    Result.UNSUPPORTED_CARD: "device_card_mute",
    Result.UNRESPONSIVE_CARD: "device_card_mute",
    Result.UNPOWERED_CARD: "device_card_mute",
    Result.RESET_CARD: "device_card_reset",
    Result.REMOVED_CARD: "device_gone",
    Result.NO_SERVICE: "device_pcsc_down",
    Result.SERVICE_STOPPED: "device_pcsc_down",
    Result.NO_ACCESS: "device_pcsc_denied",
    Result.SECURITY_VIOLATION: "device_pcsc_denied",
}


def refusal(result: int, where: str, effect: Effect = Effect.NOT_SENT) -> NotReachable:
    """The error that a result code is; after a command has left, one whose outcome is not known."""
    number = plain(result)
    code = _CODES.get(Result(number), "device_gone") if number in _NUMBERS else "device_gone"
    if effect is not Effect.NOT_SENT:
        code = "device_gone"  # whatever the reason, the sentence must be that of a lost answer
    return NotReachable(code, effect=effect, original=f"PC/SC {number:08X}", where=where)


_NUMBERS = frozenset(int(result) for result in Result)
