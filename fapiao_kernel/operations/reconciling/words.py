"""What a reconciliation has to say (对账结论): a finding for each thing that a person must know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import text
from fapiao_kernel.operations.clearing.differing import in_words
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.operations.reconciling.values import Agreement, Apart, Line, Reconciliation
from fapiao_kernel.ports.statements import EVERY, ON_DEVICE, OTHERS, SPECIAL_TYPES, SPECIALS


def findings(found: Reconciliation) -> list[Finding]:
    """Differences first, then what is not known; one sentence when all three agree."""
    said = []
    for line in found.lines:
        if line.against_card is Agreement.DIFFERS and line.card_apart is not None:
            evidence = in_words(line.named) if line.named is not None else ""
            said.append(finding("reconcile_card_differs", evidence=evidence, what=name(line), **_sums(line.card_apart)))
        if line.against_return is Agreement.DIFFERS and line.filed_apart is not None:
            sums = _sums(line.filed_apart)
            total = signed(line.filed_apart.total)
            said.append(finding("reconcile_return_differs", what=name(line), total=total, **sums))
    period = found.period
    if found.against_card is Agreement.UNKNOWN:
        said.append(finding("reconcile_card_unread", period=period))
    if found.partly is not None:
        whole, parts = found.partly
        said.append(finding("reconcile_return_partly", period=period, whole=text(whole), parts=text(parts)))
    elif found.against_return is Agreement.UNKNOWN:
        said.append(finding("reconcile_no_return", period=period))
    if any(line.scope.invoice_type in (SPECIALS, OTHERS) for line in found.lines):
        types = "、".join(kind.zh for kind in SPECIAL_TYPES)
        said.append(finding("reconcile_columns", period=period, types=types))
    if found.agreement is Agreement.AGREES:
        said.append(finding("reconcile_agrees", period=period))
    elif found.against_card is Agreement.AGREES:
        said.append(finding("reconcile_card_agrees", period=period))
    elif found.against_return is Agreement.AGREES:
        said.append(finding("reconcile_return_agrees", period=period))
    if not found.fresh and found.read_at is not None:
        said.append(finding("reconcile_card_kept", period=period, time=f"{found.read_at:%Y-%m-%d %H:%M}"))
    said += [finding("reconcile_not_listed", period=period, why=why) for why in found.errors.values()]
    return said


def name(line: Line) -> str:
    """The line as a sentence names it: 专票 2026-10 13%."""
    kind, rate = line.scope.invoice_type, line.scope.rate
    known = {EVERY: either("全部票种", "all types"), ON_DEVICE: either("设备开具的发票", "device-issued invoices")}
    known |= {SPECIALS: either("专用发票", "special invoices"), OTHERS: either("其他发票", "other invoices")}
    words = [known.get(kind) or InvoiceType(kind).zh, str(line.scope.period)]
    return " ".join(words if rate == EVERY else [*words, percent(rate)])


def percent(rate: str) -> str:
    """``0.13`` as 13%; words (免税) stay."""
    number = rate.replace(".", "", 1).isdecimal()
    return f"{(Decimal(rate) * 100).normalize():f}%" if number else rate


def signed(value: Decimal | int | None) -> str:
    """A difference with its sign: ``+113.00``, ``-1``, ``0.00``."""
    if value is None:
        return either("不知道", "not known")
    plain = text(value) if isinstance(value, Decimal) else str(value)
    return f"+{plain}" if value > 0 else plain


def _sums(apart: Apart) -> dict[str, Any]:
    return {"count": signed(apart.count), "amount": signed(apart.amount), "tax": signed(apart.tax)}
