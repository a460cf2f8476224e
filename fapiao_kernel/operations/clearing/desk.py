"""The desk (工作台): the ports that the clear works with, and what every step does with them in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fapiao_kernel.domain.card import CardState, Evidence
from fapiao_kernel.domain.clearing import Run, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused, UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import Book
from fapiao_kernel.operations.clearing.policy import NO_POLICY
from fapiao_kernel.operations.clearing.tokens import Tokens
from fapiao_kernel.operations.issuing.book import IssueBook
from fapiao_kernel.ports import Authority, BackupStore, Card, Clock, Ledger, Policy, Progress, Recorder

RunProgress = Callable[[str, str, int, int], None]
"""``progress(run id, label, done, total)``; total 0 when it is not known."""


@dataclass(frozen=True)
class Desk:
    """Ports of one engine. ``card`` and ``authority`` give those of a device address.

    ``issues``: what was issued on the cards (开票), as the journal tells it.
    """

    book: Book
    issues: IssueBook
    tokens: Tokens
    ledger: Ledger
    backups: BackupStore
    recorder: Recorder
    clock: Clock
    card: Callable[[str], Card]
    authority: Callable[[str], Authority]
    progress: RunProgress
    versions: Mapping[str, str] = field(default_factory=dict)
    disk_free: Callable[[], int] | None = None
    policy: Policy = NO_POLICY

    def now(self) -> datetime:
        return self.clock.now()

    def say(self, run: Run, label: str, done: int = 0, total: int = 0) -> None:
        """Tell of work under way. Here a long act stops once its cancel is asked for: raises ``Refused`` (``cancel_asked``)."""
        if self.book.run(run.id).state in (State.CANCELLING, State.CANCELLED):
            raise Refused("cancel_asked")
        self.progress(run.id, label, done, total)

    def telling(self, run: Run) -> Progress:
        """The run's progress in the form that a port takes."""
        return lambda label, done, total: self.say(run, label, done, total)

    def read(self, run: Run) -> tuple[Card, CardState]:
        """The run's card and its state now; raises ``Refused`` (``other_card``) when another card is in its place."""
        card = self.card(run.card)
        state = card.read_state()
        if state.identity.device_number != run.device_number:
            raise Refused("other_card", seen=state.identity.device_number, expected=run.device_number)
        return card, state


def types_of(group: tuple[ClearUnit, ...]) -> tuple[InvoiceType, ...]:
    """The invoice types of a group, each once, in order."""
    return tuple(dict.fromkeys(unit.invoice_type for unit in group))


def periods_of(units: tuple[ClearUnit, ...]) -> tuple[Period, ...]:
    """The periods of units, each once, oldest first."""
    return tuple(sorted({unit.period for unit in units}))


def require_evidence(card: Card, state: CardState, command: str) -> None:
    """A command whose meaning is only assumed is not sent to a real card (``evidence_too_weak``; MISSION, Honesty)."""
    if state.identity.simulated:
        return
    if card.evidence().get(command, Evidence.ASSUMED) is Evidence.ASSUMED:
        raise Refused("evidence_too_weak", command=command)


def present_pin(card: Card, state: CardState, pin: str) -> None:
    """Show the PIN once. An empty one is never sent, for it would cost a try (``pin_missing``); a card without PIN is not asked."""
    if pin:
        card.verify_pin(pin)
    elif state.pin_tries is not None:
        raise Refused("pin_missing")


def surely_undone(error: FapiaoError) -> bool:
    """Whether an act's error proves that the card is as it was: not sent, or sent and rejected.

    An answer that breaks the protocol (``ProtocolError``) proves nothing, whatever effect it claims: reading the card settles it.
    """
    certain = isinstance(error, NotReachable | Refused | UsageError)
    return certain and error.effect in (Effect.NOT_SENT, Effect.REJECTED)
