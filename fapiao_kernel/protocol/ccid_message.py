"""Messages between host and reader (消息): USB CCID rev. 1.1, section 6. Bytes in, values out, no I/O."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.ccid_descriptor import HEADER

POWER_ON, POWER_OFF, SLOT_STATUS = 0x62, 0x63, 0x65
SET_PARAMETERS, GET_PARAMETERS, TRANSFER = 0x61, 0x6C, 0x6F
"""PC_to_RDR_IccPowerOn, _IccPowerOff, _GetSlotStatus; _SetParameters, _GetParameters, _XfrBlock (6.1)."""
DATA, STATUS, PARAMETERS = 0x80, 0x81, 0x82
"""RDR_to_PC_DataBlock, _SlotStatus, _Parameters (6.2)."""
SLOT_CHANGE, HARDWARE_ERROR = 0x50, 0x51
"""RDR_to_PC_NotifySlotChange, _HardwareError (6.3)."""
NO_DETAIL = b"\0\0\0"

MUTE = 0xFE
"""bError: the card did not answer (table 6.2-2)."""
GARBLED = frozenset({0xFD, 0xFC})
"""bError: parity error, overrun: what the card sent did not come soundly (table 6.2-2)."""
UNCOUNTED = frozenset({(PARAMETERS, 0, 5), (PARAMETERS, 0, 7)})
"""Kind, dwLength and true length of what QEMU 7.2's reader sends: protocol data of T=0 and T=1 that it does not count."""
NOT_SUPPORTED = 0x00
"""bError of a failed command: the reader does not know the command (table 6.2-2)."""

_HEAD = struct.Struct("<BIBBBBB")


class Icc(IntEnum):
    """bmICCStatus (table 6.2-3): the card in the slot."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2
    RESERVED = 3


class Answer(NamedTuple):
    """A message of the reader on bulk-in. ``data`` may hold a card's secret answer: it stays out of ``repr``."""

    kind: int
    slot: int
    seq: int
    status: int
    error: int
    detail: int
    """bChainParameter, bClockStatus or bProtocolNum, by kind."""
    data: bytes

    @property
    def icc(self) -> Icc:
        """The card, as of this answer."""
        return Icc(self.status & 0x03)

    @property
    def failed(self) -> bool:
        """bmCommandStatus 1: the reader did not do it, ``error`` says why. Some say "done" of a block for a card that is not there
        (QEMU 7.2): a block without data from an empty slot is no answer either."""
        status = self.status
        return status & 0xC0 == 0x40 or (status == Icc.ABSENT and self.kind == DATA and not self.data)

    @property
    def wants_time(self) -> bool:
        """bmCommandStatus 2: still at it; ``error`` times the block waiting time more."""
        return self.status & 0xC0 == 0x80

    def __repr__(self) -> str:
        return f"Answer({self.kind:02X} seq {self.seq} status {self.status:02X} error {self.error:02X}, {len(self.data)} bytes)"


def message(kind: int, slot: int, seq: int, detail: bytes = NO_DETAIL, data: bytes = b"") -> bytes:
    """A message of ours on bulk-out. ``detail`` is the three bytes that each kind has for itself."""
    return b"%c%b%c%c%b%b" % (kind, len(data).to_bytes(4, "little"), slot, seq, detail, data)


def parse(raw: bytes) -> Answer:
    """The reader's message that these bytes are. Raises ``ProtocolError`` (``ccid_message``) for anything else."""
    if len(raw) < HEADER:
        raise ProtocolError("ccid_message", length=len(raw))
    kind, length, slot, seq, status, error, detail = _HEAD.unpack_from(raw)
    if not 0x80 <= kind <= 0x84 or status & 0xC0 == 0xC0:
        raise ProtocolError("ccid_message", length=len(raw))
    if length != len(raw) - HEADER and (kind, length, len(raw) - HEADER) not in UNCOUNTED:
        raise ProtocolError("ccid_message", length=len(raw))
    return Answer(kind, slot, seq, status, error, detail, raw[HEADER:])


class Change(NamedTuple):
    """A slot's part of a notice on interrupt-in (6.3.1): whether there is a card now, and whether that changed."""

    present: bool
    changed: bool


def parse_notice(raw: bytes, slot: int = 0) -> Change | None:
    """What a notice says of a slot; None when it says nothing of it. Raises ``ProtocolError`` (``ccid_message``)."""
    if not raw or raw[0] not in (SLOT_CHANGE, HARDWARE_ERROR):
        raise ProtocolError("ccid_message", length=len(raw))
    at = 1 + slot // 4
    if raw[0] == HARDWARE_ERROR or at >= len(raw):
        return None
    bits = raw[at] >> 2 * (slot % 4)
    return Change(bool(bits & 1), bool(bits & 2))
