"""A simulated card in this process as a link, and what may stand between it and the driver: T=0, or a card that answers anything."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.card.image import load
from fapiao_kernel.simulator.card.memory import Memory

ADDRESS = "gb18240+sim://novice"


class InMemory:
    """A card's image that no file holds."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def load(self) -> Memory:
        return copy.deepcopy(self.memory)

    def save(self, memory: Memory) -> None:
        self.memory = memory


class AtHand:
    """``plug.Link`` to a simulated card without a line. ``sent``: what was handed to it."""

    name = "at hand"

    def __init__(self, image: Path, change: Callable[[Memory], None] = lambda memory: None) -> None:
        memory = load(image)
        change(memory)
        self.image = InMemory(memory)
        self.card = SimulatedCard(image, image=self.image)
        self.sent: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        outcome = self.card.carry_out(*self.card.arrived(apdu))
        assert outcome.reply is not None
        return outcome.reply

    def close(self) -> None:
        return None


class LikeT0:
    """A link that leaves T=0's 61xx and 6Cxx to the driver, as PC/SC does: an answer waits, at most 256 bytes at a time."""

    name = "like T=0"

    def __init__(self, link: Link) -> None:
        self.link = link
        self.waiting = b""
        self.sent: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        if apdu[1] == 0xC0:
            wanted = apdu[4] or 256
            part, self.waiting = self.waiting[:wanted], self.waiting[wanted:]
            return part + self._left()
        reply = self.link.transmit(apdu)
        data, status = reply[:-2], reply[-2:]
        if not data or status != b"\x90\x00":
            return reply
        le = apdu[4] or 256
        if len(apdu) == 5 and le > len(data):
            return bytes([0x6C, len(data)])
        if len(apdu) == 5 and le == len(data):
            return reply
        self.waiting = data
        return self._left()

    def _left(self) -> bytes:
        return bytes([0x61, min(len(self.waiting), 256) % 256]) if self.waiting else b"\x90\x00"

    def close(self) -> None:
        return None


def opened(link: Link) -> Gb18240Card:
    """The driver over a link."""
    card = DRIVER.open(link, ADDRESS)
    assert isinstance(card, Gb18240Card)
    return card
