"""A tax-control device (税控设备) through its driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fapiao_kernel.domain.card import CardProfile, CardState, Evidence, MonthStatistics, Source, Volume
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, Issued, NextNumber
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports.common import Progress


@dataclass(frozen=True)
class Summary:
    """What the card gave on 抄税: the sealed period summary (汇总密文) of one group of types, opaque to us."""

    types: tuple[InvoiceType, ...]
    periods: tuple[Period, ...]
    sealed: bytes
    source: Source = Source.READ


@dataclass(frozen=True)
class Answer:
    """The card's answer to a clear: outcome, the raw status (hex, kept beside our code) and what it said before and after."""

    outcome: Outcome
    status: str
    sentence: str = ""
    source: Source = Source.READ


@dataclass(frozen=True)
class NewPin:
    """The PIN (新口令) that a card put in the place of the one presented. A secret: for whoever keeps the PIN, and no record."""

    value: str = field(repr=False)


class Card(Protocol):
    """A tax-control device through its driver. One thread uses it at a time."""

    @property
    def address(self) -> str: ...

    @property
    def profile(self) -> CardProfile: ...

    def evidence(self) -> Mapping[str, Evidence]:
        """Per command name, how well it is known; ``report`` and ``clear`` among them."""
        ...

    def read_state(self) -> CardState:
        """Identity, clock, monitoring data, PIN tries. Needs no PIN. Raises ``NotReachable``, ``ProtocolError``."""
        ...

    def read_statistics(self) -> tuple[MonthStatistics, ...]:
        """Monthly statistics of every type and every period of the open span."""
        ...

    def read_volumes(self) -> tuple[Volume, ...]: ...

    def read_details(
        self, units: Sequence[ClearUnit], progress: Progress | None = None
    ) -> tuple[InvoiceDetail, ...] | None:
        """The invoices (发票明细) that the card issued in these units, each once; None: this device cannot list them.

        Changes nothing, needs no PIN. May take long: what ``progress`` raises ends it.
        """
        ...

    def verify_pin(self, pin: str, *, spend_low_tries: bool = False) -> NewPin | None:
        """Present the PIN once. Raises ``Refused`` (``pin_wrong`` with tries left, ``pin_blocked``, ``pin_tries_low``,
        ``pin_tries_unknown``).

        Reads the tries left first. At three or fewer, or where the card does not tell, it sends only with ``spend_low_tries``, which
        a person asks for by name and no run ever does; at none left it never sends. Gives the PIN that the card put in its place,
        for cards that do so: whoever presents a PIN to such a card must hand it on.
        """
        ...

    def report(self, types: tuple[InvoiceType, ...]) -> Summary:
        """抄税 (F4 DECLARE_DUTY): seals the span's summary and marks it reported. Changes the card.

        Raises ``Refused`` (nothing changed) or ``OutcomeUnknown`` (sent, no answer).
        """
        ...

    def read_summary(self, types: tuple[InvoiceType, ...]) -> Summary | None:
        """The sealed summary of a span already reported, read again without changing anything; None when not reported."""
        ...

    def clear(self, types: tuple[InvoiceType, ...], payload: bytes) -> Answer:
        """监控回传 (F6 UPDATE_CONTROLS): hands the authority's payload (清卡密文) to the card. Changes the card.

        An answered refusal is an ``Answer``; raises ``OutcomeUnknown`` when sent without an answer, ``NotReachable`` when not sent.
        """
        ...

    def close(self) -> None: ...


class IssuingCard(Card, Protocol):
    """A card that issues as well (开票). Each act names the number it is about, so that the same act twice is one, or refused."""

    def next_number(self, invoice_type: InvoiceType) -> NextNumber | None:
        """当前未开票号; None when no volume of the type has one left. Changes nothing."""
        ...

    def issue(self, sheet: InvoiceSheet) -> Issued:
        """开票 (F2 ISSUE_INVOICE). Changes the card: sent once. Raises ``Refused`` (nothing changed: another number is next, over the
        limit, reported already, PIN not verified), ``OutcomeUnknown`` (sent, no answer), ``NotReachable`` (not sent)."""
        ...

    def void(self, invoice_type: InvoiceType, code: str, number: str) -> bool:
        """作废 of an invoice of the open, not reported span; False when it was void already, which is success too. Raises as ``issue``."""
        ...

    def find(self, invoice_type: InvoiceType, code: str, number: str) -> InvoiceDetail | None:
        """发票查询 by number; None when the card never issued it (or keeps it no more). Changes nothing, needs no PIN."""
        ...
