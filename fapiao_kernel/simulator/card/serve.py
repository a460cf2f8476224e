"""Serving (服务循环): bytes from the line to the T=1 peer, commands to the card, blocks back. One thread, driven by events."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.simulator.card.card import Outcome, SimulatedCard
from fapiao_kernel.simulator.card.codec import Request
from fapiao_kernel.simulator.card.lines import Line
from fapiao_kernel.simulator.card.t1_peer import Command, Event, Opened, Peer, Send

CHARACTER_WAIT = 0.2
"""Seconds of silence in mid-block after which what came of it is dropped; shorter than the terminal's block waiting time."""


@dataclass(frozen=True)
class _Pending:
    """A command that a ``delay`` holds up until ``due`` (monotonic seconds)."""

    request: Request | int
    fault: Mapping[str, Any]
    due: float


class Server:
    """A card on a line."""

    def __init__(self, card: SimulatedCard, line: Line, peer: Peer | None = None) -> None:
        self._card = card
        self._line = line
        self._peer = peer or Peer()
        self._pending: _Pending | None = None
        self._unanswered: tuple[str, str] | None = None

    def run(self) -> None:
        """Serve until the line raises ``lines.Ended``; the card's ``PowerLoss`` passes through."""
        while True:
            data = self._line.read(self._patience())
            if data:
                for event in self._peer.feed(data):
                    self._on(event)
            elif self._peer.half:
                self._peer.silence()
            if self._pending is not None and time.monotonic() >= self._pending.due:
                pending, self._pending = self._pending, None
                self._carry_out(pending.request, pending.fault)

    def _patience(self) -> float | None:
        waits = [CHARACTER_WAIT] if self._peer.half else []
        if self._pending is not None:
            waits.append(max(0.0, self._pending.due - time.monotonic()))
        return min(waits, default=None)

    def _on(self, event: Event) -> None:
        match event:
            case Opened():
                self._card.opened()
                self._pending = self._unanswered = None
            case Send():
                self._put(event)
            case Command(apdu):
                self._unanswered = None
                request, fault = self._card.arrived(apdu)
                if fault.get("do") == "delay":
                    seconds = float(fault["seconds"])
                    self._pending = _Pending(request, fault, time.monotonic() + seconds)
                    self._put(self._peer.ask_for_time(min(255, math.ceil(seconds) + 1)))
                else:
                    self._carry_out(request, fault)

    def _carry_out(self, request: Request | int, fault: Mapping[str, Any]) -> None:
        outcome: Outcome = self._card.carry_out(request, fault)
        if outcome.reply is None:
            self._peer.mute()
            return
        self._unanswered = outcome.applied
        first = self._peer.reply(outcome.reply)
        match outcome.spoil:
            case "drop_reply":
                return
            case "corrupt_reply":
                self._line.write(first.block[:-1] + bytes([first.block[-1] ^ 0xFF]))
            case _:
                self._put(first)

    def _put(self, send: Send) -> None:
        self._line.write(send.block)
        if send.last and self._unanswered is not None:
            applied, self._unanswered = self._unanswered, None
            self._card.answered(applied)
