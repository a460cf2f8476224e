"""Planted bugs (埋下的错): each a small wrong turn that a builder could take. The seeded months must find every one.

They live here alone: nothing of the product has a switch for them.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from os import fstat
from typing import Any

from fapiao_kernel.devices.authority import HttpAuthority
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.card import CardIdentity
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.clearing import Engine
from fapiao_kernel.ports import Authorisation, Card, Record
from tests.crash.model.disk import Disk
from tests.crash.model.world import PointedJournal, World

CLEAR = bytes.fromhex("c0f6")
"""First bytes of 监控回传."""


class _Over:
    """A link over another; ``again`` opens a fresh one."""

    name = "planted"

    def __init__(self, world: World, link: Link) -> None:
        self._world, self._link = world, link

    def transmit(self, apdu: bytes) -> bytes:
        """As the link below, but for a clear whose reply is lost."""
        try:
            return self._link.transmit(apdu)
        except NotReachable as error:
            if apdu[:2] != CLEAR or error.effect is not Effect.UNKNOWN:
                raise
            return self.lost(apdu, error)

    def lost(self, apdu: bytes, error: NotReachable) -> bytes:
        """What the planted bug makes of a lost reply."""
        raise error

    def close(self) -> None:
        self._link.close()


class _Retrying(_Over):
    def lost(self, apdu: bytes, error: NotReachable) -> bytes:
        self._link = self._world.socket.open()
        return self._link.transmit(apdu)


class _Hopeful(_Over):
    def lost(self, apdu: bytes, error: NotReachable) -> bytes:
        return b"\x90\x00"


class _Gloomy(_Over):
    def lost(self, apdu: bytes, error: NotReachable) -> bytes:
        raise NotReachable("device_gone", effect=Effect.NOT_SENT, where="planted") from error


class Retries(World):
    """A clear whose reply is lost is sent again."""

    def drive(self, link: Link) -> Card:
        return super().drive(_Retrying(self, link))


class HopesForTheBest(World):
    """A clear whose reply is lost counts as done."""

    def drive(self, link: Link) -> Card:
        return super().drive(_Hopeful(self, link))


class FearsTheWorst(World):
    """A clear whose reply is lost counts as not sent."""

    def drive(self, link: Link) -> Card:
        return super().drive(_Gloomy(self, link))


class _Late(PointedJournal):
    """``kinds`` are written only with the next record."""

    kinds: tuple[str, ...] = ()
    _held: tuple[str, Mapping[str, Any], str, str] | None = None

    def append(self, kind: str, data: Mapping[str, Any], *, run: str = "", who: str = "") -> Record:
        held, self._held = self._held, None
        if held is not None:
            super().append(held[0], held[1], run=held[2], who=held[3])
        if kind in self.kinds:
            told: dict[str, Any] = plain(data)
            self._held = kind, told, run, who
            return Record(0, self._clock.now().isoformat(), kind, run, who, told, "", "")
        return super().append(kind, data, run=run, who=who)


class _LateSent(_Late):
    kinds = ("unit.sent",)


class _LateReport(_Late):
    kinds = ("report.intent",)


class WritesAfterSending(World):
    """That a clear is sent is written down only once its answer is there."""

    journal_class = _LateSent


class ReportsWithoutIntent(World):
    """The intent of 抄税 is written down only once its answer is there."""

    journal_class = _LateReport


class _Forgetful(Disk):
    def _sync(self, descriptor: int) -> None:
        if stat.S_ISREG(fstat(descriptor).st_mode):
            return
        super()._sync(descriptor)


class NeverSyncs(World):
    """The journal's file is written and never fsynced."""

    disk_class = _Forgetful


class _Eager(HttpAuthority):
    def authorise(
        self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
    ) -> Authorisation:
        given = super().authorise(card, types, periods)
        self.acknowledge(card, types, periods)
        return given


class AcknowledgesEarly(World):
    """The tax side is told of the clear before the card's outcome is known."""

    def compose(self, card: Card, authority: HttpAuthority) -> Engine:
        return super().compose(card, _Eager("http://127.0.0.1:9/", transport=self.line))


class SettlesNothing(World):
    """An agent that starts leaves what another left open as it is."""

    def wake(self, *, settle: bool = True) -> Engine:
        return super().wake(settle=False)


BUGS: tuple[type[World], ...] = (
    Retries,
    HopesForTheBest,
    FearsTheWorst,
    WritesAfterSending,
    ReportsWithoutIntent,
    NeverSyncs,
    AcknowledgesEarly,
    SettlesNothing,
)
