"""The far ends (远端) in memory: the simulated card behind a link, the simulated tax side behind an HTTP transport.

Each keeps what it saved and nothing else: after a power cut it is read in again.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import httpx

from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.authority import codec
from fapiao_kernel.simulator.authority.bureau import Bureau
from fapiao_kernel.simulator.authority.store import Store
from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.card.memory import Memory
from tests.crash.model.faults import APDU, MESSAGE, Crash, Fault

URL = "http://127.0.0.1:9/"
FILING = "FK_LXSB"
"""Filing the return is a person's act at the tax portal, which no gateway of ours delivers."""
GIVEN_UP = 30.0
"""Seconds after which the agent does not wait for the tax side any more."""


class Clock(Protocol):
    def now(self) -> datetime: ...


class Image:
    """A card's memory, kept as bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def load(self) -> Memory:
        """A memory of its own: nothing is shared with what was saved."""
        memory: Memory = pickle.loads(self.content)
        return memory

    def save(self, memory: Memory) -> None:
        """There for good when this returns."""
        self.content = pickle.dumps(memory)


class Socket:
    """Where the card sits. ``present``: whether it is plugged in and has power."""

    def __init__(
        self, image: Image, clock: Clock, die: Callable[[], None], reach: Callable[[str, str], Fault | None]
    ) -> None:
        self.image, self._clock, self._die, self._reach = image, clock, die, reach
        self.present = True
        self.plug_in()

    def plug_in(self) -> None:
        """Power: the card begins with what it saved."""
        self.card = SimulatedCard(Path("practice-card"), self._draw, self._clock, self.image)
        self.present = True

    def _draw(self, length: int) -> bytes:
        """The same random for the same report of the same card, so that seals and receipts can be compared."""
        counts = self.image.load().counts["report"]
        return (len(counts) + 1).to_bytes(length, "big")

    def open(self) -> Wire:
        """A fresh link. Raises ``NotReachable``."""
        if not self.present:
            raise NotReachable("device_absent", where="socket")
        self.card.opened()
        return Wire(self)

    def exchange(self, apdu: bytes) -> bytes:
        """One command, carried out at most once."""
        fault = self._reach(APDU, apdu[:4].hex())
        if fault is Fault.KILL_BEFORE:
            self._die()
        if not self.present:
            raise NotReachable("device_gone", effect=Effect.NOT_SENT, where="socket")
        if fault is Fault.UNPLUGGED_SENDING:
            raise self._gone()
        request, planned = self.card.arrived(apdu)
        outcome = self.card.carry_out(request, planned)
        if fault is Fault.KILL_SENT:
            self._die()
        if fault is Fault.POWER_LOSS:
            raise self._gone()
        if fault is Fault.POWER_DIP:
            self.plug_in()
            raise NotReachable("device_gone", effect=Effect.UNKNOWN, where="socket")
        assert outcome.reply is not None
        if outcome.applied is not None:
            self.card.answered(outcome.applied)
        if fault is Fault.KILL_AFTER:
            self._die()
        return outcome.reply

    def _gone(self) -> NotReachable:
        self.present = False
        return NotReachable("device_gone", effect=Effect.UNKNOWN, where="socket")


class Wire:
    """``devices.plug.Link`` that hands commands over one at a time; after an error it is broken, as a real one."""

    name = "socket"

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._broken = False

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``."""
        if self._broken:
            raise NotReachable("device_link_broken")
        try:
            return self._socket.exchange(apdu)
        except (NotReachable, Crash):
            self._broken = True
            raise

    def close(self) -> None:
        """Nothing goes over it any more."""
        self._broken = True


class Shelf(Store):
    """The tax side's memory; ``saved`` is what a restart finds. ``refuses``: under maintenance."""

    def __init__(self, saved: str) -> None:
        self.saved = saved
        self.refuses = False
        self._data = json.loads(saved)

    def save(self) -> None:
        """There for good when this returns."""
        self.saved = json.dumps(self._data)

    def fault(self, name: str) -> bool:
        """See ``Store.fault``."""
        return self.refuses if name == "refuse" else super().fault(name)


class Line(httpx.BaseTransport):
    """The way to the tax side. ``mode``: what it lasts in (``DOWN``, ``SLOW``), or None."""

    def __init__(
        self,
        saved: str,
        clock: Clock,
        die: Callable[[], None],
        reach: Callable[[str, str], Fault | None],
        wait: Callable[[float], None],
    ) -> None:
        self._clock, self._die, self._reach, self._wait = clock, die, reach, wait
        self.start(saved)

    def start(self, saved: str) -> None:
        """The tax side's process begins with what it saved."""
        self.shelf = Shelf(saved)
        self._bureau = Bureau(self.shelf, self._clock)
        self.mode: Fault | None = None
        self._stale = b""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One message there, its answer back."""
        asked = request.read()
        fault = self._reach(MESSAGE, codec.read(asked).business)
        if fault is Fault.KILL_BEFORE:
            self._die()
        if self.mode is Fault.DOWN:
            raise httpx.ConnectError("down", request=request)
        answer = self._bureau.answer(asked)
        if fault is Fault.KILL_SENT:
            self._die()
        if self.mode is Fault.SLOW:
            self._wait(GIVEN_UP)
            raise httpx.ReadTimeout("slow", request=request)
        if fault is Fault.RESENT and codec.read(asked).business != FILING:
            answer = self._bureau.answer(asked)
        stale, self._stale = self._stale, answer if fault is Fault.STALE else b""
        if stale and codec.read(stale).business != codec.read(asked).business:
            answer = stale
        if fault is Fault.KILL_AFTER:
            self._die()
        return httpx.Response(200, content=answer * 2 if fault is Fault.TWICE else answer)
