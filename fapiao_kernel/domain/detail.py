"""An invoice in brief (发票明细): what tells whether card and ledger mean the same one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """One invoice as a card lists it, or as the ledger has it. ``total`` with tax, as printed (a void one's too); ``red`` 红字,
    ``void`` 作废."""

    invoice_type: InvoiceType
    code: str
    number: str
    issue_date: date
    total: Decimal
    red: bool = False
    void: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes an invoice the same invoice: code and number."""
        return (self.code, self.number)

    @property
    def period(self) -> Period:
        return Period.of(self.issue_date)
