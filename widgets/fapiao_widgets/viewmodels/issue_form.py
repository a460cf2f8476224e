"""One invoice from a form's fields (单张开票): a request, or what is wrong with a field."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fapiao_kernel.api.issuing import LineShape, RequestShape
from fapiao_kernel.client import RequestError
from fapiao_kernel.domain.invoice import DEVICE_TYPES, EXEMPT, NOT_TAXED
from fapiao_kernel.domain.money import money, rounded, text
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels.formats import type_name

FIELDS = ("type", "buyer_name", "buyer_id", "item", "amount", "rate", "remark")


def one_request(inputs: Mapping[str, Any]) -> RequestShape:
    """The request, under an id of its own: clicking its button twice is one invoice. Raises ``RequestError`` (``issue_field_bad``)."""
    told = {name: str(inputs.get(name, "")).strip() for name in FIELDS}
    told |= {name: unicodedata.normalize("NFKC", told[name]) for name in ("type", "buyer_id", "amount", "rate")}
    amount, rate = _amount(told["amount"]), _rate(told["rate"])
    line = LineShape(item=told["item"], amount=amount, rate=rate, tax=_tax(amount, rate))
    return RequestShape(
        id=f"page-{secrets.token_hex(6)}",
        invoice_type=_type(told["type"]),
        buyer_name=told["buyer_name"],
        buyer_id=told["buyer_id"].upper(),
        lines=[line],
        remark=told["remark"],
    )


def _type(word: str) -> str:
    for kind in DEVICE_TYPES:
        if word in (kind.value, kind.zh, type_name(kind.value)):
            return kind.value
    raise _bad("type", word)


def _amount(word: str) -> str:
    try:
        return text(money(re.sub(r"[,\s¥元]", "", word)))
    except ValueError:
        raise _bad("amount", word) from None


def _rate(word: str) -> str:
    """``13%``, ``13`` and ``0.13`` are the same rate."""
    if word in (EXEMPT, NOT_TAXED):
        return word
    number = word.removesuffix("%").strip()
    try:
        value = money(number) if word.endswith("%") or money(number) >= 1 else None
    except ValueError:
        value = None
        if not number.replace(".", "", 1).isdecimal():
            raise _bad("rate", word) from None
    return f"{(value / 100).normalize():f}" if value is not None else number


def _tax(amount: str, rate: str) -> str:
    """Amount × rate, rounded half up; 0.00 for a rate that is a word."""
    return "0.00" if rate in (EXEMPT, NOT_TAXED) else text(rounded(Decimal(amount) * Decimal(rate)))


def _bad(name: str, value: str) -> RequestError:
    return RequestError.of(
        "issue_field_bad", exit_code=2, column=say(f"issue.field.{name}"), value=value or say("none")
    )
