"""Issuing (开票): what is asked for (开票请求), what goes to the card, and what the card gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fapiao_kernel.domain.invoice import InvoiceLine, InvoiceType


@dataclass(frozen=True)
class IssueRequest:
    """An issue request (开票请求) for one invoice. ``id`` (请求流水号) is the asker's own: the same id is the same invoice.

    ``lines``: amounts without tax in yuan, the rate, and its tax. A red one (红字) has negative amounts and names the blue
    invoice (``red_of``: code and number) that it takes back.
    """

    id: str
    invoice_type: InvoiceType
    buyer_name: str
    buyer_id: str = ""
    lines: tuple[InvoiceLine, ...] = ()
    remark: str = ""
    red_of: tuple[str, str] | None = None

    @property
    def amount(self) -> Decimal:
        """Without tax (合计金额)."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def tax(self) -> Decimal:
        """合计税额."""
        return sum((line.tax for line in self.lines), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        """With tax (价税合计)."""
        return self.amount + self.tax


@dataclass(frozen=True)
class NextNumber:
    """The number that the card gives out next (当前未开票号), and how many it has left in all its volumes of this type."""

    invoice_type: InvoiceType
    code: str
    number: str
    left: int


@dataclass(frozen=True)
class InvoiceSheet:
    """What the card is told of one invoice: the number that is expected, the sums, the other side. ``red``: 红字, sums negative."""

    invoice_type: InvoiceType
    code: str
    number: str
    amount: Decimal
    tax: Decimal
    buyer_id: str = ""
    red: bool = False
    red_of: str = ""


@dataclass(frozen=True)
class Issued:
    """What the card answered: the day by its own clock, and its control code (税控码, 8 bytes as hex)."""

    code: str
    number: str
    issue_date: date
    control_code: str
