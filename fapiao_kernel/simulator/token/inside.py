"""The practice card in the token (令牌里的练习卡): a ``SimulatedCard`` with its image on disk, as the reader's slot wants it."""

from __future__ import annotations

import functools
import math
import secrets
from collections.abc import Callable
from pathlib import Path

from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard
from fapiao_kernel.simulator.clock import FarClock
from fapiao_kernel.simulator.token.behind import PowerLost


class CardInside:
    """``behind.Inside``. After a power loss the card is read anew from its image, as a chip begins anew from its memory."""

    def __init__(
        self, image: Path, draw: Callable[[int], bytes] = secrets.token_bytes, clock: FarClock | None = None
    ) -> None:
        """Raises ``ValueError`` when the image cannot be read."""
        self._made = functools.partial(SimulatedCard, image, draw, clock)
        self._card = self._made()
        self._dead = False
        self._spoil = ""
        self._applied: tuple[str, str] | None = None
        self.extensions = 0

    def reset(self) -> None:
        """A new session."""
        if self._dead:
            self._card, self._dead = self._made(), False
        self._card.opened()
        self._applied, self._spoil, self.extensions = None, "", 0

    def answer(self, apdu: bytes) -> bytes | None:
        """What the card answers, its faults included. Raises ``PowerLost``."""
        request, fault = self._card.arrived(apdu)
        self.extensions = math.ceil(float(fault["seconds"])) if fault.get("do") == "delay" else 0
        try:
            outcome = self._card.carry_out(request, fault)
        except PowerLoss:
            self._dead = True
            raise PowerLost from None
        self._applied, self._spoil = outcome.applied, outcome.spoil
        return outcome.reply

    def spoil(self) -> str:
        """What befalls the answer just given on a T=1 line. Once."""
        spoil, self._spoil = self._spoil, ""
        return spoil

    def answered(self) -> None:
        """The answer has left: the image counts it."""
        applied, self._applied = self._applied, None
        if applied is not None:
            self._card.answered(applied)
