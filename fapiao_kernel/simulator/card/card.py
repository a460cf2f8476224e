"""The card as a whole (整卡): carries commands out on its image, makes each change durable before answering, and suffers its faults."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fapiao_kernel.simulator.card import codec, faults, model
from fapiao_kernel.simulator.card.details import Details, details_file
from fapiao_kernel.simulator.card.image import ImageFile
from fapiao_kernel.simulator.card.memory import Memory
from fapiao_kernel.simulator.card.model import Reply, Session
from fapiao_kernel.simulator.clock import FarClock, PracticeClock


class PowerLoss(BaseException):
    """The power is gone: the process dies where it stands. Not an ``Exception``, so that nothing on the way handles it."""


@dataclass(frozen=True)
class Outcome:
    """What goes back: the reply, or none when the card falls mute; ``spoil`` is ``drop_reply``, ``corrupt_reply`` or ``""``."""

    reply: bytes | None = field(repr=False)
    spoil: str = ""
    applied: tuple[str, str] | None = None


class Image(Protocol):
    """Where the memory is kept; ``save`` returns when it is there for good."""

    def load(self) -> Memory: ...

    def save(self, memory: Memory) -> None: ...


class SimulatedCard:
    """One card. Raises ``ValueError`` when the image cannot be read."""

    def __init__(
        self,
        path: Path,
        draw: Callable[[int], bytes] = secrets.token_bytes,
        clock: FarClock | None = None,
        image: Image | None = None,
    ) -> None:
        """``image``: where the memory is kept, if not at ``path``, beside which the invoice list lies."""
        self._image = image or ImageFile(path)
        self._memory = self._image.load()
        self._clock = clock or PracticeClock(self._memory.clock_offset)
        self._draw = draw
        self._session = Session()
        gives = any(volume.next for volume in self._memory.volumes)
        self._details = Details(details_file(path), self._memory.issued, gives=gives)

    def opened(self) -> None:
        """RESYNCH: a verified PIN and the selected file are forgotten."""
        self._session = Session()

    def arrived(self, apdu: bytes) -> tuple[codec.Request | int, Mapping[str, Any]]:
        """Read a command, and the fault that it meets (empty for none). The arrival is on disk before this returns."""
        request = codec.read(apdu)
        if isinstance(request, int):
            return request, {}
        kind = model.invoice_type(self._memory, request)
        if not faults.watches(self._memory.faults, request.name, kind):
            return request, {}
        fault = faults.strike(self._memory.faults, request.name, kind)
        self._image.save(self._memory)
        return request, fault or {}

    def carry_out(self, request: codec.Request | int, fault: Mapping[str, Any]) -> Outcome:
        """Do the command. What it changed is on disk before this returns. Raises ``PowerLoss`` when the fault says so."""
        if isinstance(request, int):
            return Outcome(Reply(request).encode())
        what = fault.get("do", "")
        if what == "power_loss_before_commit":
            raise PowerLoss
        if what == "refuse":
            return Outcome(Reply(int(fault["status"], 16)).encode())
        reply = self._commit(request, offline=what == "stay_offline")
        if what == "power_loss_after_commit":
            raise PowerLoss
        if what == "lose_reply_after_commit":
            return Outcome(None, applied=reply.applied)
        spoil = what if what in ("drop_reply", "corrupt_reply") else ""
        return Outcome(reply.encode(), spoil, reply.applied)

    def _commit(self, request: codec.Request, *, offline: bool) -> Reply:
        changing = request.name in model.CHANGING
        memory = copy.deepcopy(self._memory) if changing else self._memory
        now = self._clock.now()
        reply = model.carry_out(memory, self._session, request, now, self._draw, self._details, offline=offline)
        if changing and memory != self._memory:
            self._image.save(memory)
            self._memory = memory
            self._details.follow(memory.issued)
        return reply

    def answered(self, applied: tuple[str, str]) -> None:
        """The answer to an act that changed the books has gone out whole."""
        self._memory.count(*applied, "answered")
        self._image.save(self._memory)
