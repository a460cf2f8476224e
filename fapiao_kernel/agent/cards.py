"""The cards (设备) of this home: opened when used, opened again after a broken link, and last seen as they were last read."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.kept import Kept
from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.agent.settings import PRODUCTION, Settings
from fapiao_kernel.agent.views import card_view
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.devices.address import Address, parse
from fapiao_kernel.devices.plug import DriverSpec, Link, LinkSpec
from fapiao_kernel.domain.card import CardState, MonthStatistics, Source, Volume
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.ports import Card, Clock, NewPin

log = logging.getLogger("fapiao.agent")
T = TypeVar("T")

FRESH = 10.0
"""Seconds for which a reading answers ``/status`` without asking the card again."""

PATIENCE = 2.0
"""Seconds that ``/status`` waits for a card; after that it shows what was last known."""


@dataclass(frozen=True)
class Seen:
    """The last reading of a card, when it was made, and what stood in the way of a newer one."""

    state: CardState | None
    read_at: str
    at: float
    problem: FapiaoError | None


class Cards:
    """Every card that this home knows, by address."""

    def __init__(
        self,
        plugins: Plugins,
        settings: Settings,
        worker: Worker,
        changes: Changes,
        clock: Clock,
        practice_line: Callable[[str], tuple[str, str]],
        mark_simulated: Callable[[str], None],
        told: Callable[[str, Source, tuple[MonthStatistics, ...]], None] = lambda device, source, statistics: None,
    ) -> None:
        self._plugins = plugins
        self._settings = settings
        self._worker = worker
        self._changes = changes
        self._clock = clock
        self._practice_line = practice_line
        self._mark_simulated = mark_simulated
        self._told = told
        self._lock = threading.Lock()
        self._cards: dict[str, Kept] = {}
        self._seen: dict[str, Seen] = {}
        self._opened: dict[str, tuple[object, Any, Any]] = {}
        self._new_pins: dict[str, NewPin] = {}

    def addresses(self) -> tuple[str, ...]:
        """The addresses of the cards that this home knows."""
        return self._settings.values.cards

    def get(self, address: str) -> Kept:
        """The card at an address. Raises ``UsageError`` for an address that is none; opening waits for the first use."""
        text = str(parse(address))
        with self._lock:
            if text not in self._cards:
                self._cards[text] = Kept(
                    text,
                    lambda: self.open(text),
                    lambda state: self.note(text, state),
                    lambda statistics: self._pass_on(text, statistics),
                    lambda: self._still(text),
                    lambda pin: self._new_pins.update({text: pin}),
                )
            return self._cards[text]

    def open(self, text: str, around: Callable[[Link, DriverSpec], Link] = lambda link, driver: link) -> Card:
        """A card opened anew, whoever holds it; ``around``: what goes between its link and its driver."""
        address = parse(text)
        stamp = self._plugins.stamp
        driver: DriverSpec = self._plugins.get("drivers", address.driver)
        name, where = address.link, address.where
        if name == "sim":
            name, where = self._practice_line(text)
        link: LinkSpec = self._plugins.get("links", name)
        opened = link.open(where)
        try:
            opened = around(opened, driver)
            card = driver.open(opened, text)
        except BaseException:
            opened.close()
            raise
        self._opened[text] = (stamp, driver, link)
        return card

    def _still(self, text: str) -> bool:
        """Whether the plugins that a card was opened with are those that would open it now."""
        stamp, driver, link = self._opened[text]
        if stamp == self._plugins.stamp:
            return True
        now = self._plugins.stamp
        for group, spec in (("drivers", driver), ("links", link)):
            if not any(spec is each for each in self._plugins.group(group).values()):
                return False
        self._opened[text] = (now, driver, link)
        return True

    def _pass_on(self, address: str, statistics: tuple[MonthStatistics, ...]) -> None:
        """What the card told of its months, to whoever keeps it; whose they are is known from its last reading."""
        seen = self._seen.get(address)
        if seen is not None and seen.state is not None:
            self._told(seen.state.identity.device_number, seen.state.source, statistics)

    def note(self, address: str, state: CardState) -> None:
        """A card of this home from now on, with this reading. Raises ``Refused`` when it does not belong into it."""
        if not getattr(self._opened[address][2], "live", True):
            raise Refused("not_a_device", card=address)
        card_view(
            address, state
        ).model_dump_json()  # a stranger's driver may have put anything into it: not into /status
        simulated = state.identity.simulated
        if self._settings.practice and not simulated:
            raise Refused("home_is_practice")
        if not self._settings.practice:
            if simulated:
                if not self._settings.fresh:  # its rows must not come into production books by import either
                    self._mark_simulated(state.identity.device_number)
                raise Refused("simulated_card")
            fresh = self._settings.fresh
            if fresh:
                self._fit_for_production(parse(address))
            self._settings.claim(PRODUCTION)
            if fresh:
                self._judge_anew()
        self._settings.add_card(address)
        before = self._seen.get(address)
        self._seen[address] = Seen(state, self._clock.now().isoformat(timespec="seconds"), time.monotonic(), None)
        if before is None or before.problem or _without_clock(before.state) != _without_clock(state):
            self._changes.bump()

    def _fit_for_production(self, address: Address) -> None:
        """A real card makes the home one of production: by no plugin that such a home would not load."""
        self._plugins.fit_for_production("drivers", address.driver)
        self._plugins.fit_for_production("links", address.link)

    def _judge_anew(self) -> None:
        """What a home of production loads of strangers' links and drivers is noted at once."""
        for group in ("drivers", "links"):
            self._plugins.group(group)

    def seen(self, address: str) -> Seen:
        """The card as last read; asked again when that is old and the card is free. Never waits for a card at work."""
        known = self.seen_last(address)
        if known.at and time.monotonic() - known.at < FRESH:
            return known
        look = self._worker.look(address, lambda: self._look(address), light=True)
        if look is not None:
            with contextlib.suppress(NotYet):
                look.result(PATIENCE)
        return self._seen.get(address, known)

    def seen_last(self, address: str) -> Seen:
        """The card as last read, without asking it."""
        return self._seen.get(address) or Seen(None, "", 0.0, None)

    def _look(self, address: str) -> None:
        card = self.get(address)
        try:
            try:
                card.read_state()
            except NotReachable:
                card.read_state()  # over a link opened anew; a reading changes nothing, so it may be asked again
        except Exception as error:  # noqa: BLE001 a stranger's driver may raise anything: that must not take /status along
            problem = error if isinstance(error, FapiaoError) else plugin_failed(error, address)
            known = self._seen.get(address)
            state, read_at = (known.state, known.read_at) if known else (None, "")
            self._seen[address] = Seen(state, read_at, time.monotonic(), problem)
            if known is None or known.problem is None or known.problem.code != problem.code:
                self._changes.bump()

    def volumes(self) -> dict[str, tuple[Volume, ...]]:
        """Device number → volumes (发票卷) of every card of the home that answers."""
        found: dict[str, tuple[Volume, ...]] = {}
        for address in self.addresses():
            with contextlib.suppress(
                FapiaoError
            ):  # a card that is away now cannot help; the import says what stays unknown
                number, volumes = self._worker.call(address, partial(_volumes, self.get(address)))
                found[number] = volumes
        return found

    def holds(self, address: str) -> bool:
        """Whether this home has the card open just now."""
        card = self._cards.get(address)
        return card is not None and card.opened

    @property
    def new_pins(self) -> Mapping[str, NewPin]:
        """By address, what a card put in the place of the PIN shown to it, whoever showed it: kept here, and nowhere on the disk,
        until somebody has it."""
        return self._new_pins

    def handed_on(self, address: str) -> None:
        """Whoever keeps the PIN has the new one."""
        self._new_pins.pop(address, None)

    def let_go(self, address: str) -> None:
        """Close one card's link, when it is open; its next use opens it again. On the card's thread only."""
        card = self._cards.get(address)
        if card is not None:
            card.close()

    def forget_one(self, address: str) -> None:
        """Know a card no more. On the card's thread only."""
        self.let_go(address)
        self._settings.forget_card(address)
        self._seen.pop(address, None)
        self._changes.bump()

    def forget(self) -> None:
        """Close every card and what was seen of it: another may stand in its place."""
        self.close()
        self._seen.clear()

    def close(self) -> None:
        """Let every link go."""
        for card in self._cards.values():
            card.close()


def plugin_failed(error: BaseException, address: str) -> FapiaoError:
    """What a face is told of a driver or link that raised what is no error of ours; the trace stands in the log."""
    log.error("reading %s failed in its plugin", address, exc_info=error)
    return NotReachable("device_plugin", original=type(error).__name__, where=address)


def _volumes(card: Card) -> tuple[str, tuple[Volume, ...]]:
    return card.read_state().identity.device_number, card.read_volumes()


def _without_clock(state: CardState | None) -> object:
    return None if state is None else (state.identity, state.monitoring, state.pin_tries)
