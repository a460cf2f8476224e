"""The issuing desk (开票工作台): the ports that issuing works with, and what each of its acts does in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Run, State
from fapiao_kernel.domain.errors import NotReachable, Refused
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import known_effect
from fapiao_kernel.operations.issuing.acts import Kind
from fapiao_kernel.operations.issuing.book import IssueBook
from fapiao_kernel.ports import Clock, IssuingCard, Progress

CLEARING = frozenset(
    {
        State.REPORTING, State.REPORT_UNKNOWN, State.AWAITING, State.CONFIRMED, State.AUTHORISING, State.AUTHORISED,
        State.CLEARING, State.OUTCOME_UNKNOWN, State.CLEARED, State.PARTIAL, State.REFUSED, State.ACKNOWLEDGED,
        State.CLOSED, State.VERIFIED, State.RECORDED,
    }
)  # fmt: skip
"""A run in one of these holds the card to itself: between confirmation and end, and while a report is under way."""


@dataclass(frozen=True)
class Held:
    """An invoice as the ledger holds it, status as it is now. ``reds``: the red ones that take it back already (they stand)."""

    invoice: Invoice
    unit: ClearUnit | None
    reds: tuple[Invoice, ...] = ()


class Books(Protocol):
    """What issuing needs of the ledger."""

    def held(self, code: str, number: str) -> Held | None:
        """The invoice under this code and number; None when the ledger has none."""
        ...

    def closed(self, unit: ClearUnit) -> str | None:
        """The run that closed the unit, or None."""
        ...

    def enter(self, invoice: Invoice, act: Mapping[str, str], who: str) -> None:
        """Keep the act's original and bring the invoice in from it (through ``Ledger.take``); again is no harm.

        A void one (作废) that stands in the ledger gets its mark. Raises ``FapiaoError`` when it did not come in.
        """
        ...


@dataclass(frozen=True)
class Desk:
    """``card`` gives the card of an address, ``holding`` makes one act at a time of it, ``runs`` are the clears that are known."""

    book: IssueBook
    books: Books
    clock: Clock
    card: Callable[[str], IssuingCard]
    holding: Callable[[str], AbstractContextManager[None]]
    runs: Callable[[], tuple[Run, ...]]
    rates: frozenset[str]
    progress: Progress = field(default=lambda label, done, total: None)

    def read(self, address: str) -> tuple[IssuingCard, CardState]:
        """The card and its state now. A card that was plugged in anew is met over a link opened anew: a reading may be asked again."""
        card = self.card(address)
        try:
            return card, card.read_state()
        except NotReachable:
            return card, card.read_state()

    def held(self, code: str, number: str) -> Held | None:
        """As ``Books.held``, with red ones that the card issued and the ledger has still to learn of."""
        found = self.books.held(code, number)
        if found is None:
            return None
        there = {red.key for red in found.reds}
        owed = tuple(
            act.invoice
            for act in self.book.acts()
            if act.owed
            and act.kind is Kind.ISSUE
            and act.invoice.red_of == code + number
            and act.invoice.key not in there
        )
        return replace(found, reds=(*found.reds, *owed))

    def require_no_clear(self, address: str, state: CardState) -> None:
        """Raise ``Refused`` (``issue_clear_under_way``) while a run holds the card between its confirmation and its end."""
        device = state.identity.device_number
        for run in self.runs():
            if not run.over and run.state in CLEARING and (run.card == address or run.device_number == device):
                raise Refused("issue_clear_under_way", effect=known_effect(run), run=run.id)
