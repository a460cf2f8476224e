"""The cards (设备) of this home: opened when used, opened again after a broken link, and last seen as they were last read."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.plugins import Plugins
from fapiao_kernel.agent.settings import PRODUCTION, Settings
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.devices.address import parse
from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Source, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Answer, Card, Clock, IssuingCard, Progress, Summary

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


class Kept:
    """A card through its driver (``ports.Card``). A broken link is closed, and opened again at the next use: never in mid-act."""

    def __init__(
        self,
        address: str,
        open_card: Callable[[], Card],
        seen: Callable[[CardState], None],
        told: Callable[[tuple[MonthStatistics, ...]], None],
    ) -> None:
        self._address = address
        self._open = open_card
        self._seen = seen
        self._told = told
        self._lock = threading.RLock()
        self._card: Card | None = None

    @property
    def address(self) -> str:
        return self._address

    @property
    def profile(self) -> CardProfile:
        return self._use(lambda card: card.profile)

    def evidence(self) -> Mapping[str, Evidence]:
        return self._use(lambda card: card.evidence())

    def read_state(self) -> CardState:
        state = self._use(lambda card: card.read_state())
        self._seen(state)
        return state

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        statistics = self._use(lambda card: card.read_statistics())
        self._told(statistics)
        return statistics

    def read_volumes(self) -> tuple[Volume, ...]:
        return self._use(lambda card: card.read_volumes())

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        def asked(card: Card) -> tuple[InvoiceDetail, ...] | None:
            # A driver plugin may be older than this reading: it cannot list them then.
            read = getattr(card, "read_details", None)
            return read(units, progress) if read is not None else None

        return self._use(asked)

    def verify_pin(self, pin: str) -> None:
        self._use(lambda card: card.verify_pin(pin))

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        return self._use(lambda card: card.report(types))

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        return self._use(lambda card: card.read_summary(types))

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        return self._use(lambda card: card.clear(types, payload))

    def next_number(self, invoice_type: InvoiceType) -> NextNumber | None:
        return self._use(lambda card: _issuing(card).next_number(invoice_type))

    def issue(self, sheet: InvoiceSheet) -> Issued:
        return self._use(lambda card: _issuing(card).issue(sheet))

    def void(self, invoice_type: InvoiceType, code: str, number: str) -> bool:
        return self._use(lambda card: _issuing(card).void(invoice_type, code, number))

    def find(self, invoice_type: InvoiceType, code: str, number: str) -> InvoiceDetail | None:
        return self._use(lambda card: _issuing(card).find(invoice_type, code, number))

    def close(self) -> None:
        """Let the link go; the next use opens it again."""
        with self._lock:
            card, self._card = self._card, None
        if card is not None:
            with contextlib.suppress(FapiaoError, OSError):  # it is broken already, or goes now
                card.close()

    def _use(self, call: Callable[[Card], T]) -> T:
        with self._lock:
            if self._card is None:
                self._card = self._open()
            try:
                return call(self._card)
            except (NotReachable, ProtocolError, OutcomeUnknown):
                self.close()
                raise


class Cards:
    """Every card that this home knows, by address."""

    def __init__(
        self,
        plugins: Plugins,
        settings: Settings,
        worker: Worker,
        changes: Changes,
        clock: Clock,
        practice_line: Callable[[str], str],
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

    def addresses(self) -> tuple[str, ...]:
        """The addresses of the cards that this home knows."""
        return self._settings.values.cards

    def get(self, address: str) -> IssuingCard:
        """The card at an address. Raises ``UsageError`` for an address that is none; opening waits for the first use."""
        text = str(parse(address))
        with self._lock:
            if text not in self._cards:
                self._cards[text] = Kept(
                    text,
                    lambda: self._open(text),
                    lambda state: self._note(text, state),
                    lambda statistics: self._pass_on(text, statistics),
                )
            return self._cards[text]

    def _open(self, text: str) -> Card:
        address = parse(text)
        driver = self._plugins.get("drivers", address.driver)
        link, where = address.link, address.where
        if link == "sim":
            link, where = "serial", self._practice_line(text)
        opened = self._plugins.get("links", link).open(where)
        card: Card = driver.open(opened, text)
        return card

    def _pass_on(self, address: str, statistics: tuple[MonthStatistics, ...]) -> None:
        """What the card told of its months, to whoever keeps it; whose they are is known from its last reading."""
        seen = self._seen.get(address)
        if seen is not None and seen.state is not None:
            self._told(seen.state.identity.device_number, seen.state.source, statistics)

    def _note(self, address: str, state: CardState) -> None:
        simulated = state.identity.simulated
        if self._settings.practice and not simulated:
            raise Refused("home_is_practice")
        if not self._settings.practice:
            if simulated:
                if not self._settings.fresh:  # its rows must not come into production books by import either
                    self._mark_simulated(state.identity.device_number)
                raise Refused("simulated_card")
            self._settings.claim(PRODUCTION)
        self._settings.add_card(address)
        before = self._seen.get(address)
        self._seen[address] = Seen(state, self._clock.now().isoformat(timespec="seconds"), time.monotonic(), None)
        if before is None or before.problem or _without_clock(before.state) != _without_clock(state):
            self._changes.bump()

    def seen(self, address: str) -> Seen:
        """The card as last read; asked again when that is old and the card is free. Never waits for a card at work."""
        known = self._seen.get(address) or Seen(None, "", 0.0, None)
        if known.at and time.monotonic() - known.at < FRESH:
            return known
        look = self._worker.look(address, lambda: self._look(address))
        if look is not None:
            with contextlib.suppress(NotYet):
                look.result(PATIENCE)
        return self._seen.get(address, known)

    def _look(self, address: str) -> None:
        card = self.get(address)
        try:
            try:
                card.read_state()
            except NotReachable:
                card.read_state()  # over a link opened anew; a reading changes nothing, so it may be asked again
        except FapiaoError as problem:
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

    def forget(self) -> None:
        """Close every card and what was seen of it: another may stand in its place."""
        self.close()
        self._seen.clear()

    def close(self) -> None:
        """Let every link go."""
        for card in self._cards.values():
            card.close()


def _issuing(card: Card) -> IssuingCard:
    """The same card, when its driver issues; else ``Refused`` (``card_cannot_issue``): a driver plugin may be older than that."""
    if not hasattr(card, "issue"):
        raise Refused("card_cannot_issue")
    return cast(IssuingCard, card)


def _volumes(card: Card) -> tuple[str, tuple[Volume, ...]]:
    return card.read_state().identity.device_number, card.read_volumes()


def _without_clock(state: CardState | None) -> object:
    return None if state is None else (state.identity, state.monitoring, state.pin_tries)
