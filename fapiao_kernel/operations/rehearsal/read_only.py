"""Reading the real card (只读): what a rehearsal may ask of it. No method here changes anything, and none leads to one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Volume
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.ports import Card, Clock, Summary


class ReadOnlyCard:
    """The reading half of ``ports.Card``. It keeps the card's reading methods and not the card."""

    __slots__ = ("_evidence", "_profile", "_state", "_statistics", "_summary", "_volumes", "address")

    def __init__(self, card: Card) -> None:
        self.address = card.address
        self._profile: Callable[[], CardProfile] = lambda: card.profile
        self._evidence = card.evidence
        self._state = card.read_state
        self._statistics = card.read_statistics
        self._volumes = card.read_volumes
        self._summary = card.read_summary

    @property
    def profile(self) -> CardProfile:
        return self._profile()

    def evidence(self) -> Mapping[str, Evidence]:
        """Per command, how well it is known."""
        return self._evidence()

    def read_state(self) -> CardState:
        """Identity, clock, monitoring data, PIN tries."""
        return self._state()

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        """Monthly statistics of the open span."""
        return self._statistics()

    def read_volumes(self) -> tuple[Volume, ...]:
        """Invoice volumes."""
        return self._volumes()

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        """A sealed summary read again."""
        return self._summary(types)


def read_out(card: ReadOnlyCard, clock: Clock) -> Readout:
    """Read the card once. Raises what reading raises."""
    state = card.read_state()
    read_at = clock.now()
    reported = tuple(m.invoice_type for m in state.monitoring if m.reported)
    summaries: dict[InvoiceType, str] = {}
    for group in card.profile.groups(reported) if reported else ():
        held = tuple(t for t in group if t in reported)
        summary = card.read_summary(held)
        if summary is not None:
            summaries |= dict.fromkeys(held, hashlib.sha256(summary.sealed).hexdigest())
    return Readout(state, card.read_statistics(), card.read_volumes(), read_at, summaries)
