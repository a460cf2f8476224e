"""Reading the real card (只读): what a rehearsal may ask of it. No method here changes anything, and none leads to one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.differing import MOST_LISTED
from fapiao_kernel.operations.clearing.due import is_due
from fapiao_kernel.operations.clearing.previewing import beside
from fapiao_kernel.ports import Card, Clock, Ledger, Progress, Summary


class ReadOnlyCard:
    """The reading half of ``ports.Card``. It keeps the card's reading methods and not the card."""

    __slots__ = ("_details", "_evidence", "_profile", "_state", "_statistics", "_summary", "_volumes", "address")

    def __init__(self, card: Card) -> None:
        self.address = card.address
        self._profile: Callable[[], CardProfile] = lambda: card.profile
        self._evidence = card.evidence
        self._state = card.read_state
        self._statistics = card.read_statistics
        self._volumes = card.read_volumes
        self._details = card.read_details
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

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        """The invoices that the card issued in these units; None: it cannot list them."""
        return self._details(units, progress)

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        """A sealed summary read again."""
        return self._summary(types)


def read_out(
    card: ReadOnlyCard, clock: Clock, ledger: Ledger | None = None, progress: Progress | None = None
) -> Readout:
    """Read the card once; with a ledger, the invoices too of every unit that differs from it. Raises what reading raises."""
    state = card.read_state()
    read_at = clock.now()
    reported = tuple(m.invoice_type for m in state.monitoring if m.reported)
    summaries: dict[InvoiceType, str] = {}
    for group in card.profile.groups(reported) if reported else ():
        held = tuple(t for t in group if t in reported)
        summary = card.read_summary(held)
        if summary is not None:
            summaries |= dict.fromkeys(held, hashlib.sha256(summary.sealed).hexdigest())
    statistics = card.read_statistics()
    differing = _differing(state, statistics, ledger) if ledger is not None else []
    details = card.read_details(differing, progress) if differing else None
    return Readout(state, statistics, card.read_volumes(), read_at, summaries, details)


def _differing(state: CardState, statistics: Sequence[MonthStatistics], ledger: Ledger) -> list[ClearUnit]:
    """The open units whose invoices the twin's preview will ask for, as ``differing.differences`` does."""
    device = state.identity.device_number
    due = [m for m in state.monitoring if is_due(state, m.invoice_type)]
    units = [ClearUnit(device, m.invoice_type, period) for m in due for period in m.periods]
    rows = beside(ledger.preview(units), statistics)
    return [u for u, row in zip(units, rows, strict=True) if not row["agrees"] and row["card_count"] <= MOST_LISTED]
