"""Issue requests as JSON: one object, or a list of them, with the fields of ``IssueRequest``; amounts as text, or numbers as written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.errors import UsageError, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import InvoiceLine, InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest
from fapiao_kernel.domain.money import ZERO, money, rounded

_HEAD = ("id", "buyer_name", "buyer_id", "remark")
_LINE = ("item", "rate", "tax_class", "specification", "unit", "quantity", "price")


def read(text: str) -> tuple[tuple[IssueRequest, ...], tuple[Finding, ...]]:
    """Requests and a finding for each object that is none. Raises ``UsageError`` (``issue_file_bad``) for text that is no JSON."""
    try:
        told = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise UsageError("issue_file_bad", what=f"JSON: {error}"[:120]) from error
    found: list[IssueRequest] = []
    bad: list[Finding] = []
    for at, one in enumerate(told if isinstance(told, list) else [told], 1):
        try:
            found.append(_request(one))
        except KeyError as error:
            bad.append(finding("issue_row_bad", row=at, at=at, column=str(error.args[0]), value="空"))
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            bad.append(finding("issue_row_bad", row=at, at=at, column="JSON", value=str(error)[:40]))
    return tuple(found), tuple(bad)


def due(amount: Decimal, rate: str) -> Decimal:
    """Tax of an amount, rounded half up; 0.00 where the rate is a word."""
    try:
        return rounded(amount * Decimal(rate))
    except ArithmeticError:
        return ZERO


def _request(told: Mapping[str, Any]) -> IssueRequest:
    red = told.get("red_of")
    return IssueRequest(
        invoice_type=InvoiceType(told["invoice_type"]),
        lines=tuple(_line(line) for line in told["lines"]),
        red_of=(_text(red[0]), _text(red[1])) if red else None,
        **{name: _text(told.get(name, "")) for name in _HEAD},
    )


def _line(told: Mapping[str, Any]) -> InvoiceLine:
    amount, rate = money(told["amount"]), _text(told["rate"])
    tax = money(told["tax"]) if told.get("tax") not in (None, "") else due(amount, rate)
    texts = {name: _text(told.get(name, "")) for name in _LINE if name != "rate"}
    return InvoiceLine(amount=amount, rate=rate, tax=tax, **texts)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TypeError(f"text: {value!r}")
    return str(value).strip()
