"""A rehearsal (演练): what is read of a card for its twin, and what a rehearsal comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fapiao_kernel.domain.card import CardState, MonthStatistics, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType


@dataclass(frozen=True)
class Readout:
    """One reading of a card (读出), all that its twin is made from. ``read_at``: this computer's clock when the card told its own.

    ``summaries``: SHA-256 of each sealed summary (汇总密文) that the card gave again; the seal itself stays with the card.
    ``details``: the invoices (发票明细) of the units that differ from the ledger; None: none differs, or this card cannot list them.
    """

    state: CardState
    statistics: tuple[MonthStatistics, ...]
    volumes: tuple[Volume, ...]
    read_at: datetime
    summaries: Mapping[InvoiceType, str] = field(default_factory=dict)
    details: tuple[InvoiceDetail, ...] | None = None

    @property
    def unsealed(self) -> tuple[InvoiceType, ...]:
        """Types that the card calls reported without giving their summary: a real upload would stop there."""
        return tuple(
            m.invoice_type for m in self.state.monitoring if m.reported and m.invoice_type not in self.summaries
        )


class RehearsalVerdict(StrEnum):
    """会清卡 / 会部分清卡 / 会被拒绝 / 演练中断."""

    WOULD_CLEAR = "would_clear"
    WOULD_BE_PARTIAL = "would_be_partial"
    WOULD_BE_REFUSED = "would_be_refused"
    BROKEN_OFF = "broken_off"
