"""What a reader says of itself (读卡器描述符): the class descriptor of USB CCID rev. 1.1, section 5.1. Bytes in, values out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag

from fapiao_kernel.domain.errors import ProtocolError

CLASS = 0x0B
"""bInterfaceClass of a smart card reader (4.2)."""
LENGTH, TYPE = 54, 0x21
HEADER = 10
"""Bytes of a message before its data (6)."""
LONGEST = 65544 + HEADER
"""The longest message that any exchange needs: an extended APDU and its header (5.1, dwMaxCCIDMessageLength)."""
DEFAULT_CLOCK = 3580
"""kHz, for a reader that tells none (5.1, dwDefaultClock: 3.58 MHz is its example)."""

_FORM = struct.Struct("<BBHBBIIIBIIBIIIIIBBHBB")


class Features(IntFlag):
    """dwFeatures: what the reader does by itself."""

    PARAMETERS_FROM_ATR = 0x02
    ACTIVATION_ON_INSERT = 0x04
    VOLTAGE = 0x08
    PARAMETERS_NEGOTIATED = 0x40
    PPS = 0x80
    IFSD_EXCHANGE = 0x400
    TPDU = 0x10000
    SHORT_APDU = 0x20000
    EXTENDED_APDU = 0x40000


@dataclass(frozen=True)
class ClassDescriptor:
    """The values of the descriptor that matter to a host without keypad and display."""

    slots: int
    voltages: int
    """bVoltageSupport: bit 0 5 V, bit 1 3 V, bit 2 1.8 V."""
    protocols: int
    """dwProtocols: bit 0 T=0, bit 1 T=1."""
    clock_khz: int
    max_ifsd: int
    """Bytes of INF that the reader takes in a T=1 block of the card; one that tells none takes any."""
    features: Features
    max_message: int
    """dwMaxCCIDMessageLength, header included; never more than ``LONGEST``."""

    @property
    def level(self) -> Features | None:
        """The exchange level (交换层次); None is the character level, which carries no blocks."""
        for level in (Features.EXTENDED_APDU, Features.SHORT_APDU, Features.TPDU):
            if level in self.features:
                return level
        return None

    def speaks(self, protocol: int) -> bool:
        """Whether the reader can do T=``protocol``. One that claims none at all is taken at the card's word."""
        return not self.protocols & 0b11 or bool(self.protocols >> protocol & 1)


def parse(raw: bytes) -> ClassDescriptor:
    """The descriptor that these bytes are. Raises ``ProtocolError`` (``ccid_descriptor``)."""
    if len(raw) != LENGTH or raw[0] != LENGTH or raw[1] != TYPE:
        raise ProtocolError("ccid_descriptor", length=len(raw))
    fields = _FORM.unpack(raw)
    max_message = fields[16]
    if max_message <= HEADER + 4:
        raise ProtocolError("ccid_descriptor", length=len(raw))
    return ClassDescriptor(
        slots=fields[3] + 1,
        voltages=fields[4],
        protocols=fields[5],
        clock_khz=fields[6] or DEFAULT_CLOCK,
        max_ifsd=min(fields[12] or 254, 254),
        features=Features(fields[15]),
        max_message=min(max_message, LONGEST),
    )


def find(descriptors: bytes) -> bytes | None:
    """The class descriptor among the extra ones of an interface, one behind the other; None where there is none."""
    for one in _each(descriptors):
        if one[:2] == bytes((LENGTH, TYPE)):
            return one
    return None


def _each(descriptors: bytes) -> Iterator[bytes]:
    while len(descriptors) >= 2 and descriptors[0] >= 2:
        yield descriptors[: descriptors[0]]
        descriptors = descriptors[descriptors[0] :]
