"""Registering a terminal and signing what it collected, the card's half (登记、采集签名). Rules from the note, section 3."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

from fapiao_kernel.simulator.card import codec
from fapiao_kernel.simulator.card.codec import Request
from fapiao_kernel.simulator.card.image import PIN_TRIES, pin_digest
from fapiao_kernel.simulator.card.memory import Memory
from fapiao_kernel.simulator.card.reply import MAC_FAULTS, OK, Reply

Draw = Callable[[int], bytes]
"""n → n random bytes."""
REGISTER_NUMBER = 0x10
COLLECTED = 0x41


def register_number(memory: Memory, request: Request, random: bytes) -> Reply:
    """Random, card number, MAC1."""
    if request.data:
        return Reply(0x6700)
    if request.p1 or request.p2:
        return Reply(0x6A86)
    if request.expected < REGISTER_NUMBER:
        return Reply(0x6C00 | REGISTER_NUMBER)
    number = bytes.fromhex(memory.identity["card_number"])
    return Reply(OK, random + number + _mac(memory, b"mac1", random))


def register_terminal(memory: Memory, request: Request, random: bytes, draw: Draw) -> Reply:
    """MAC2 over the random of this session (empty: none was asked for); gives the terminal its PIN."""
    if len(request.data) != 4:
        return Reply(0x6700)
    if memory.mac_faults >= MAC_FAULTS:
        return Reply(0x9303)
    if not random or memory.registered:
        return Reply(0x6985)
    if not hmac.compare_digest(request.data, _mac(memory, b"terminal", random)):
        memory.mac_faults += 1
        return Reply(0x9302)
    memory.mac_faults = 0
    memory.registered = True
    memory.count("register", memory.identity["card_number"], "applied")
    return Reply(OK, new_pin(memory, draw), ("register", memory.identity["card_number"]))


def collect(memory: Memory, request: Request, now: datetime) -> Reply:
    """The signature under what was collected, once a day of the card's own clock."""
    if len(request.data) != COLLECTED:
        return Reply(0x6700)
    if codec.ended(request.data[:-1]) != request.data:
        return Reply(0x6A80)
    if memory.mac_faults >= MAC_FAULTS:
        return Reply(0x9303)
    if not memory.registered:
        return Reply(0x6985)
    day = f"{now:%Y-%m-%d}"
    if memory.collected.get(request.name) == day:
        return Reply(0x6901)
    memory.collected[request.name] = day
    memory.count(request.name, day, "applied")
    what = request.name.encode() + bytes.fromhex(f"{now:%Y%m%d}") + request.data
    parts = [hmac.digest(memory.shared_key, b"collect" + bytes([n]) + what, "sha256") for n in range(4)]
    return Reply(OK, codec.ended(b"".join(parts)), (request.name, day))


def new_pin(memory: Memory, draw: Draw) -> bytes:
    """Eight digits in the place of the PIN, and all tries."""
    pin = f"{int.from_bytes(draw(8), 'big') % 10**8:08d}".encode()
    memory.pin_digest, memory.pin_left = pin_digest(memory.pin_salt, pin), PIN_TRIES
    return pin


def _mac(memory: Memory, what: bytes, random: bytes) -> bytes:
    """MAC1 or MAC2 of a registering (note, section 3)."""
    return hmac.digest(memory.shared_key, what + random + bytes.fromhex(memory.identity["card_number"]), "sha256")[:4]
