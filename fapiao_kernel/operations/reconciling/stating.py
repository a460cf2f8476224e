"""A return's figures as a person states them (口述申报表): ``0.13=10000.00/1300.00``, or the cells of a small table. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from fapiao_kernel.domain.invoice import EXEMPT, NOT_TAXED, InvoiceType
from fapiao_kernel.domain.money import money
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports.statements import EVERY, ON_DEVICE, OTHERS, SPECIALS, Figure

_STATED = re.compile(r"(?P<what>[^=]*)=(?P<amount>[^/]+)(?:/(?P<tax>.+))?")
_PERIOD = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?")
LARGEST = Decimal("1e15")
"""Yuan; as for invoices, amounts are below this."""
_AMOUNT = re.compile(r"-?[0-9][0-9,]{0,16}(\.[0-9]{1,2})?")
_RATE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,6})?%?")
_ALL = ("", "全部", "合计", "all")
_DEVICE = ("device", "税控设备", "设备")
_WORDS = {"专用发票": SPECIALS, "增值税专用发票": SPECIALS, "其他发票": OTHERS, "普通发票": OTHERS} | {
    kind.zh: kind.value for kind in InvoiceType
}
_SIGNS = str.maketrans({"¥": "", "−": "-", "–": "-"})


def stated(text: str) -> Figure:
    """``[票种] [税率]=金额/税额``, or ``…=价税合计`` where that alone is known. Raises ``ValueError`` with what is wrong."""
    found = _STATED.fullmatch(_plain(text))
    if found is None:
        raise ValueError(text)
    kind, rate = EVERY, EVERY
    for word in found["what"].split():
        if (known := _type(word)) is not None:
            kind = known
        else:
            rate = a_rate(word)
    if found["tax"] is None:
        return Figure(kind, rate, None, None, _money(found["amount"]))
    return _of(kind, rate, _money(found["amount"]), _money(found["tax"]))


def figure(cells: Mapping[str, str]) -> Figure:
    """A row of a table: ``invoice_type``, ``rate``, and ``amount`` with ``tax``, or ``total``. Raises ``ValueError``."""
    word = _plain(cells.get("invoice_type", ""))
    kind = _type(word)
    if kind is None:
        raise ValueError(word)
    rate = a_rate(cells.get("rate", ""))
    amount, tax, total = (_plain(cells.get(name, "")) for name in ("amount", "tax", "total"))
    if amount and tax:
        return _of(kind, rate, _money(amount), _money(tax))
    if total and not amount and not tax:
        return Figure(kind, rate, None, None, _money(total))
    raise ValueError(amount or tax or total)


def _of(kind: str, rate: str, amount: Decimal, tax: Decimal) -> Figure:
    return Figure(kind, rate, amount, tax, amount + tax)


def a_rate(text: str) -> str:
    """``13%``, ``13``, ``0.13`` → ``0.13``; 免税 and 不征税 stay; nothing stands for every rate. Raises ``ValueError``."""
    plain = _plain(text)
    if plain.lower() in _ALL:
        return EVERY
    if plain in (EXEMPT, NOT_TAXED):
        return plain
    if not _RATE.fullmatch(plain):
        raise ValueError(text)
    value = Decimal(plain.removesuffix("%"))
    if plain.endswith("%") or value >= 1:
        value /= 100
    if not 0 <= value < 1:
        raise ValueError(text)
    return f"{value.normalize():f}"


def a_period(text: str) -> Period:
    """``2026-10``, ``202610``, ``2026年10月``. Raises ``ValueError``."""
    found = _PERIOD.fullmatch(_plain(text))
    if found is None:
        raise ValueError(text)
    return Period(int(found[1]), int(found[2]))


def _type(word: str) -> str | None:
    if word.lower() in _ALL:
        return EVERY
    if word.lower() in _DEVICE:
        return ON_DEVICE
    if word in _WORDS:
        return _WORDS[word]
    return InvoiceType(word).value if word in set(InvoiceType) else None


def _money(text: str) -> Decimal:
    plain = _plain(text).translate(_SIGNS)
    if not _AMOUNT.fullmatch(plain):
        raise ValueError(text)
    value = money(plain)
    if abs(value) >= LARGEST:
        raise ValueError(text)
    return value


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
