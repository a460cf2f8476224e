"""The far ends in memory (远端): the simulated card behind a link, the simulated tax side behind HTTP; both keep their own state."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.simulator.authority import codec
from fapiao_kernel.simulator.authority.bureau import Bureau
from fapiao_kernel.simulator.authority.store import Store
from fapiao_kernel.simulator.card.card import SimulatedCard
from tests.crash.inside.faults import Crash, Fault

if TYPE_CHECKING:
    from tests.crash.inside.points import Points
    from tests.crash.inside.world import VirtualClock


VERIFY, SHORTEST = 0xF9, 5
CHANGING = {0xF4: "report", 0xF6: "clear"}
RECORDS = (InvoiceType.SPECIAL, InvoiceType.ORDINARY)
"""The card's types in the order of its records."""


def is_act(apdu: bytes) -> bool:
    """Whether a command changes the card: report, clear, and showing the PIN, which may cost a try."""
    return apdu[1] in CHANGING or (apdu[1] == VERIFY and len(apdu) > SHORTEST)


class Socket:
    """The card in its reader: ``unplugged`` until somebody plugs it in again; its memory is what it saved."""

    def __init__(self, image: Path, points: Points, clock: VirtualClock) -> None:
        self.image, self._points, self._clock = image, points, clock
        self.unplugged = False
        self.loses_power = self.loses_reply = False
        self.arrived: Counter[str] = Counter()
        """Commands that change the card, by instruction and record: how often each reached it."""
        self.power()

    def power(self) -> None:
        """Switch it on (again): what was not saved is gone."""
        self.card = SimulatedCard(self.image, clock=self._clock)

    def open(self) -> Link:
        if self.unplugged:
            raise NotReachable("device_absent", where="memory")
        self.card.opened()
        return Link(self)

    def exchange(self, apdu: bytes) -> bytes:
        """One APDU, carried out at most once."""
        if self.unplugged:
            raise NotReachable("device_gone", effect=Effect.NOT_SENT, where="memory")
        fault = self._points.reached("act" if is_act(apdu) else "apdu", apdu[:5].hex())
        if (
            fault is Fault.UNPLUGGED or self.unplugged
        ):  # pulled out with the command on its way: the card never saw it whole
            self.unplugged = True
            raise NotReachable("device_gone", effect=Effect.UNKNOWN, where="memory")
        if apdu[1] in CHANGING:
            self.arrived[f"{CHANGING[apdu[1]]} {RECORDS[apdu[3] - 1].value}"] += 1
        request, planned = self.card.arrived(apdu)
        reply = self.card.carry_out(request, planned).reply
        if fault is Fault.KILL_SENT:
            raise Crash
        if fault is Fault.POWER_LOSS or self.loses_power:
            self.loses_power = False
            self.power()
            raise NotReachable("device_gone", effect=Effect.UNKNOWN, where="memory")
        if fault is Fault.REPLY_LOST or self.loses_reply:
            self.loses_reply = False
            raise NotReachable("device_silent", effect=Effect.UNKNOWN, where="memory")
        assert reply is not None, "no fault of the card's own plan is used here"
        return reply


class Link:
    """``devices.plug.Link`` without a line in between; broken by any failure, as a real one."""

    name = "memory"

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._broken = False

    def transmit(self, apdu: bytes) -> bytes:
        if self._broken:
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT, where="memory")
        try:
            return self._socket.exchange(apdu)
        except NotReachable:
            self._broken = True
            raise

    def close(self) -> None:
        self._broken = True


class Line(httpx.BaseTransport):
    """The way to the tax side. ``mode``: the fault that lasts, or none."""

    def __init__(self, state: Path, points: Points, clock: VirtualClock) -> None:
        self._store = Store(state)
        self._bureau = Bureau(self._store, clock)
        self._points = points
        self.mode: Fault | None = None
        self._stale = b""

    def mend(self) -> None:
        """The tax side answers as it should."""
        self.mode, self._stale = None, b""

    def __getitem__(self, name: str) -> object:
        return self._store[name]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        fault = self._points.reached("message", codec.read(content).business) or self.mode
        if fault is Fault.DOWN:
            raise httpx.ConnectError("down", request=request)
        if fault is Fault.REFUSES:
            answer = codec.write(codec.read(content).business, "9999", "系统维护中，暂不受理")
            return httpx.Response(200, content=answer)
        answer = self._bureau.answer(content)
        if self._stale:
            answer, self._stale = self._stale, b""
        if fault is Fault.KILL_SENT:
            raise Crash
        if fault is Fault.SLOW:
            raise httpx.ReadTimeout("slow", request=request)
        if fault is Fault.TWICE:
            self._stale, self.mode = self._bureau.answer(content), None
        return httpx.Response(200, content=answer)
