"""A simulated token on a bus without time, for the tests of the USB link: what the card heard, and a clock that waiting alone moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fapiao_kernel.devices.links.usb_ccid import UsbLink, open_usb
from fapiao_kernel.protocol.apdu import Command
from fapiao_kernel.simulator.token.bus import Bus, Port
from fapiao_kernel.simulator.token.descriptors import Level, Model
from fapiao_kernel.simulator.token.token import Token

WHERE = "1209:0001"


class Card:
    """Answers each command with its own header and data backwards, so that no answer fits another command."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.extensions = 0

    def answer(self, apdu: bytes) -> bytes | None:
        self.heard.append(self.known(apdu))
        return answer_to(apdu)

    def known(self, apdu: bytes) -> bytes:
        """A command apart from its Le, which T=0 does not carry beside data."""
        command = Command.parse(apdu)
        return apdu[:4] + command.data

    def reset(self) -> None:
        pass


def answer_to(apdu: bytes) -> bytes:
    command = Command.parse(apdu)
    return apdu[:4] + command.data[::-1] + b"\x90\x00"


def apdu(number: int, length: int = 8) -> bytes:
    """A command unlike any other, with data, and all of its answer wanted."""
    return Command(
        0xC0, 0xF4, number >> 8, number & 0xFF, bytes(number + at & 0xFF for at in range(length)), 256
    ).encode()


class Lab:
    """A token, its card, the bus, and a clock."""

    def __init__(self, *faults: Mapping[str, Any], level: Level = Level.EXTENDED_APDU, **model: Any) -> None:
        self.card = Card()
        self.token = Token(self.card, Model(level=level, **model), faults)
        self.bus = Bus(self.token)
        self.bus.on_wait = self.pass_time
        self.now = 1000.0

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @property
    def port(self) -> Port:
        return self.bus.port_of(self.token)

    def open(self, where: str = WHERE) -> UsbLink:
        return open_usb(where, self.bus, lambda: self.now)
