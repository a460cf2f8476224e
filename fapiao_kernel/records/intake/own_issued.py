"""Our own originals (开票原件): what the card was made to do with one invoice, as a small JSON file of ours.

``{"form": "fapiao-issued-1", "act": "issue" | "void", "id", "at", "control_code", "invoice": {…}}``, one line, UTF-8. It is written when
the card has done it, kept in intake like any other file, and read by the importer here: so every row of the ledger traces to a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import money
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.ports import Progress
from fapiao_kernel.records.intake.importer import API_VERSION, Content
from fapiao_kernel.records.intake.values import digits

FORM = "fapiao-issued-1"
_HEAD = f'{{"form": "{FORM}"'.encode()
_TEXTS = ("seller_id", "seller_name", "buyer_id", "buyer_name", "machine_number", "red_of", "remark")
_LINE = ("item", "rate", "tax_class", "specification", "unit", "quantity", "price")
_LARGEST = 8 << 20
"""Bytes: thousands of goods lines are far below it."""


def written(invoice: Invoice, act: Mapping[str, str]) -> bytes:
    """The original of one act on an invoice; the same act gives the same bytes."""
    told = {"form": FORM, **act, "invoice": plain(invoice)}
    return (json.dumps(told, ensure_ascii=False) + "\n").encode("utf-8")


@dataclass(frozen=True)
class OwnIssued:
    """The importer ``own-issued``."""

    id: str = "own-issued"
    api_version: int = API_VERSION

    def recognises(self, path: Path, head: bytes) -> bool:
        """By its first words, which we write ourselves."""
        return head.startswith(_HEAD)

    def read(self, path: Path, progress: Progress | None = None) -> Content:
        """The one invoice. Raises ``Refused`` (``own_issued_bad``)."""
        if path.stat().st_size > _LARGEST:
            raise Refused("own_issued_bad", what="size")
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            invoice = _invoice(told["invoice"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refused("own_issued_bad", what=type(error).__name__) from error
        if invoice.total != invoice.amount + invoice.tax or not _numbered(invoice):
            raise Refused("own_issued_bad", what=f"{invoice.code} {invoice.number}")
        return Content((invoice,))


def _invoice(told: Mapping[str, Any]) -> Invoice:
    texts: dict[str, Any] = {name: _text(told[name]) for name in _TEXTS}
    return Invoice(
        code=_text(told["code"]),
        number=_text(told["number"]),
        invoice_type=InvoiceType(told["invoice_type"]),
        issue_date=date.fromisoformat(told["issue_date"]),
        amount=_money(told["amount"]),
        tax=_money(told["tax"]),
        total=_money(told["total"]),
        status=InvoiceStatus(told["status"]),
        red=told["red"] is True,
        lines=tuple(_line(line) for line in told["lines"]),
        **texts,
    )


def _line(told: Mapping[str, Any]) -> InvoiceLine:
    texts = {name: _text(told.get(name, "")) for name in _LINE}
    return InvoiceLine(amount=_money(told["amount"]), tax=_money(told["tax"]), **texts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _money(value: object) -> Decimal:
    amount = money(_text(value))
    if abs(amount) >= Decimal("1e15"):
        raise ValueError("amount")
    return amount


def _numbered(invoice: Invoice) -> bool:
    return digits(invoice.code, 10, 12) and digits(invoice.number, 8) and 1990 <= invoice.issue_date.year <= 2999


IMPORTER = OwnIssued()
