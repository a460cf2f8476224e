"""What the token says that it is (描述符): USB 2.0 section 9.6, USB CCID 1.1 section 5.1. Note: docs/protocol/usb-token.md, section 1."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

VENDOR, PRODUCT = 0x1209, 0x0001
"""pid.codes' number for tests."""
BULK_OUT, BULK_IN, INTERRUPT_IN = 0x01, 0x82, 0x83
LANGUAGE = 0x0409
"""English (United States): the one language of the strings."""
HEADER = 10
"""Bytes of a CCID message before its data."""


class Level(StrEnum):
    """Exchange level (交换层次)."""

    EXTENDED_APDU = "extended_apdu"
    SHORT_APDU = "short_apdu"
    TPDU_T1 = "tpdu_t1"
    TPDU_T0 = "tpdu_t0"


class Speed(StrEnum):
    """Full is 12 Mbit/s, high 480 Mbit/s."""

    FULL = "full"
    HIGH = "high"


@dataclass(frozen=True)
class Model:
    """The token's make: what differs between one token and another."""

    serial: str = "PRACTICE0001"
    level: Level = Level.EXTENDED_APDU
    max_message: int = 0
    """dwMaxCCIDMessageLength in bytes; 0: as the note has it for the level."""
    speed: Speed = Speed.HIGH
    vendor: int = VENDOR
    product: int = PRODUCT
    maker_name: str = "fapiao-kernel"
    product_name: str = "Practice tax token (simulated)"

    @property
    def longest(self) -> int:
        """Longest message in either direction, bytes."""
        return self.max_message or (65544 + HEADER if self.level is Level.EXTENDED_APDU else 261 + HEADER)

    @property
    def packet(self) -> int:
        """wMaxPacketSize of the bulk endpoints."""
        return 512 if self.speed is Speed.HIGH else 64

    @property
    def protocol(self) -> int:
        """The T of the card inside."""
        return 0 if self.level is Level.TPDU_T0 else 1


_FEATURES = {
    Level.EXTENDED_APDU: 0x000404BA,
    Level.SHORT_APDU: 0x000204BA,
    Level.TPDU_T1: 0x000100BA,
    Level.TPDU_T0: 0x000100BA,
}


@dataclass(frozen=True)
class Descriptors:
    """All of one token, as GET_DESCRIPTOR gives them."""

    device: bytes
    configuration: bytes
    """With interface, class and endpoint descriptors."""
    ccid: bytes
    """The class descriptor alone, 54 bytes."""
    strings: tuple[str, ...]
    """From index 1."""

    def string(self, index: int) -> bytes | None:
        """The string descriptor; None where there is none."""
        if index == 0:
            return struct.pack("<BBH", 4, 3, LANGUAGE)
        if index > len(self.strings):
            return None
        text = self.strings[index - 1].encode("utf-16-le")[:252]
        return bytes([len(text) + 2, 3]) + text


def descriptors_of(model: Model) -> Descriptors:
    """What a token of this make answers."""
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, model.vendor, model.product, 0x0100, 1, 2, 3, 1)
    interface = struct.pack("<9B", 9, 4, 0, 0, 3, 0x0B, 0, 0, 0)
    interval = 8 if model.speed is Speed.HIGH else 16  # both 16 ms
    endpoints = b"".join(
        struct.pack("<BBBBHB", 7, 5, address, kind, size, wait)
        for address, kind, size, wait in (
            (BULK_OUT, 2, model.packet, 0),
            (BULK_IN, 2, model.packet, 0),
            (INTERRUPT_IN, 3, 8, interval),
        )
    )
    ccid = _class_descriptor(model)
    body = interface + ccid + endpoints
    configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body
    return Descriptors(device, configuration, ccid, (model.maker_name, model.product_name, model.serial))


def _class_descriptor(model: Model) -> bytes:
    return struct.pack(
        "<BBHBBIIIBIIBIIIIIBBHBB",
        54,
        0x21,
        0x0110,  # bcdCCID
        0,  # bMaxSlotIndex
        7,  # bVoltageSupport: 5, 3, 1.8 V
        1 << model.protocol,
        CLOCK,
        CLOCK,
        0,
        DATA_RATE,
        DATA_RATE,
        0,
        254,  # dwMaxIFSD
        0,
        0,
        _FEATURES[model.level],
        model.longest,
        0xFF,  # bClassGetResponse: as the command
        0xFF,  # bClassEnvelope: as the command
        0,
        0,
        1,  # bMaxCCIDBusySlots
    )


CLOCK = 3580
"""dwDefaultClock and dwMaximumClock, kHz."""
DATA_RATE = 9624
"""dwDataRate, bit/s: CLOCK / 372."""
