"""A card that is kept open (保持连接): what ``ports.Card`` is in the agent, over a link that comes and goes."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Answer, Card, IssuingCard, NewPin, Progress, Summary

log = logging.getLogger("fapiao.agent")
T = TypeVar("T")

CLOSE_IN = 2.0
"""Seconds to wait for whoever uses the card now: when we close, nobody does, unless it hangs."""


class Kept:
    """A card through its driver (``ports.Card``). A broken link is closed, and opened again at the next use: never in mid-act."""

    def __init__(
        self,
        address: str,
        open_card: Callable[[], Card],
        seen: Callable[[CardState], None],
        told: Callable[[tuple[MonthStatistics, ...]], None],
        still: Callable[[], bool] = lambda: True,
        renewed: Callable[[NewPin], object] = lambda pin: None,
    ) -> None:
        self._address = address
        self._open = open_card
        self._seen = seen
        self._told = told
        self._still = still
        self._renewed = renewed
        self._lock = threading.RLock()
        self._card: Card | None = None

    @property
    def address(self) -> str:
        return self._address

    @property
    def opened(self) -> bool:
        """Whether we hold its link open just now."""
        return self._card is not None

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

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        def shown(card: Card) -> NewPin | None:
            # A driver plugin may be older than the keyword: it sends at few tries in no case then.
            named = spend_low_tries and "spend_low_tries" in inspect.signature(card.verify_pin).parameters
            try:
                return card.verify_pin(pin, spend_low_tries=True) if named else card.verify_pin(pin)
            except FapiaoError:
                raise
            except Exception as error:  # noqa: BLE001 a stranger's; its words may have the PIN, and must reach no log
                kind = type(error).__name__
            raise NotReachable("pin_answer_lost", effect=Effect.UNKNOWN, original=kind)

        new = self._use(shown)
        if new is not None:
            self._renewed(new)
        return new

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
        """Let the link go; the next use opens it again. One that hangs in another thread is left to the end of the process."""
        if not self._lock.acquire(timeout=CLOSE_IN):
            log.error("%s hangs and cannot be closed", self._address)
            return
        try:
            card, self._card = self._card, None
        finally:
            self._lock.release()
        if card is not None:
            try:
                card.close()
            except Exception as error:  # noqa: BLE001 it is broken already, or goes now; a stranger's may raise anything
                log.info("closing %s: %s", self._address, type(error).__name__)

    def _use(self, call: Callable[[Card], T]) -> T:
        with self._lock:
            if self._card is not None and not self._still():
                self.close()  # the home became one of production, or its driver was forbidden
            if self._card is None:
                self._card = self._open()
            try:
                return call(self._card)
            except FapiaoError as error:
                if isinstance(error, NotReachable | ProtocolError | OutcomeUnknown):
                    self.close()
                raise
            except BaseException:  # a plugin's own error says nothing of the link: it is not trusted either
                self.close()
                raise


def _issuing(card: Card) -> IssuingCard:
    """The same card, when its driver issues; else ``Refused`` (``card_cannot_issue``): a driver plugin may be older than that."""
    if not hasattr(card, "issue"):
        raise Refused("card_cannot_issue")
    return cast(IssuingCard, card)
