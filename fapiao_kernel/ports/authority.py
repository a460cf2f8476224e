"""The tax side (局端)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from fapiao_kernel.domain.card import CardIdentity, Source
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports.device import Summary


@dataclass(frozen=True)
class Declaration:
    """What the tax side says of a return (申报) and its comparison (票表比对)."""

    filed: bool
    compared: bool
    sentence: str
    source: Source = Source.READ
    declared: Decimal | None = None
    """What was declared for device-issued invoices, total with tax, where the tax side says so."""

    @property
    def seen(self) -> bool:
        return self.filed and self.compared


@dataclass(frozen=True)
class Authorisation:
    """The authority's clear payload (清卡密文 fpjkmw) for one group; never kept in journal or logs, only its SHA-256."""

    types: tuple[InvoiceType, ...]
    payload: bytes = field(repr=False)
    digest: str


class Authority(Protocol):
    """The tax side (局端). Raises ``NotReachable`` or ``Refused``; every call may be asked again: none changes the card."""

    def time(self) -> datetime: ...

    def upload_summary(self, card: CardIdentity, summary: Summary) -> str:
        """上报汇总 (WLCB 网络抄报). The same summary twice is one upload. Returns the receipt number."""
        ...

    def declaration(self, card: CardIdentity, periods: tuple[Period, ...]) -> Declaration: ...

    def authorise(
        self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]
    ) -> Authorisation:
        """监控回传请求 (JKHCQQ). Refused until the return is filed and compared."""
        ...

    def acknowledge(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> str:
        """清卡结果确认 (QLJSJGQR). The same acknowledgement twice is one. Returns the receipt number."""
        ...

    def cleared(self, card: CardIdentity, types: tuple[InvoiceType, ...], periods: tuple[Period, ...]) -> bool:
        """Whether the tax side counts these as cleared (acknowledged)."""
        ...

    def file_return(self, card: CardIdentity, periods: tuple[Period, ...], total: Decimal) -> str:
        """Practice only: files the return as the tax portal would. A real authority raises ``Refused`` (``not_practice``)."""
        ...
