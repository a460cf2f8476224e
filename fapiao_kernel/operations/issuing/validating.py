"""Validating (开票校验): what stands in an issue request's way, before anything is sent. Pure: values in, findings out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import EXEMPT, NOT_TAXED, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest
from fapiao_kernel.domain.money import CENT, ZERO, rounded, text
from fapiao_kernel.operations.issuing.desk import Held

RATES = frozenset({"0.13", "0.09", "0.06", "0.05", "0.03", "0.015", "0.01", "0", EXEMPT, NOT_TAXED})
"""Rates (税率) taken for authorised where a card does not tell its own (授权税率): domain note, section 3.4."""
TAX_SLACK = Decimal("0.06")
"""By how much a line's tax may differ from amount × rate. The issuing clients' customary 6 fen a line; ours to hold here."""
LINES = 2000
"""Goods lines of one invoice at most: beyond any list (销货清单) that issuing clients take; a bound against nonsense, ours."""
SPECIALS = frozenset({InvoiceType.SPECIAL, InvoiceType.ELECTRONIC_SPECIAL})
_ID = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ID_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FORM = re.compile(r"(?<!\d)\d{16}(?!\d)")
"""红字信息表编号: 16 digits (国家税务总局公告 2016 年第 47 号)."""


def findings(request: IssueRequest, state: CardState, rates: frozenset[str], held: Held | None = None) -> list[Finding]:
    """Everything to be said of a request on this card now. ``held``: the blue invoice (蓝字发票) of a red one, as the ledger has it."""
    return [*_head(request, state), *_lines(request, rates), *(_red(request, held) if request.red_of else ())]


def _head(request: IssueRequest, state: CardState) -> Iterator[Finding]:
    kind = request.invoice_type
    if not request.id.strip() or len(request.id) > 64:
        yield finding("issue_id_bad", id=request.id[:64])
    own = state.of(kind)
    if own is None:
        types = "、".join(m.invoice_type.zh for m in state.monitoring)
        yield finding("issue_type_not_on_card", type=kind.zh, types=types or "-")
    elif own.lock_date < state.clock.date():
        yield finding("issue_locked", type=kind.zh, date=own.lock_date)
    elif own.reported is not (own.report_end < state.clock.date()):
        # Within its span a card issues until that is reported; after the span, once it is (701 报税期不能开票; domain note, section 7).
        yield finding("issue_reported" if own.reported else "issue_report_due", type=kind.zh, date=own.report_end)
    if not request.buyer_name.strip():
        yield finding("issue_no_buyer")
    buyer = request.buyer_id.strip().upper()
    if not buyer and kind in SPECIALS:
        yield finding("issue_no_buyer_id", type=kind.zh)
    elif buyer and not valid_id(buyer):
        yield finding("issue_buyer_id_odd", id=buyer)
    if request.total == ZERO or (request.total < ZERO) is not bool(request.red_of):
        yield finding("issue_sign", total=text(request.total))


def _lines(request: IssueRequest, rates: frozenset[str]) -> Iterator[Finding]:
    if not 1 <= len(request.lines) <= LINES:
        yield finding("issue_no_lines", count=len(request.lines), most=LINES)
    for n, line in enumerate(request.lines, 1):
        if not line.item.strip():
            yield finding("issue_line_unnamed", line=n)
        if line.rate not in rates:
            yield finding("issue_rate", line=n, rate=line.rate, rates="、".join(sorted(rates, reverse=True)))
        elif abs(line.tax - tax_of(line)) > TAX_SLACK:
            yield finding("issue_tax", line=n, tax=text(line.tax), due=text(tax_of(line)), slack=text(TAX_SLACK))
        if not _priced(line):
            yield finding("issue_price", line=n, amount=text(line.amount), quantity=line.quantity, price=line.price)
        if request.red_of and line.amount > ZERO:
            yield finding("issue_sign", total=text(line.amount))


def _red(request: IssueRequest, held: Held | None) -> Iterator[Finding]:
    assert request.red_of is not None
    blue = " ".join(request.red_of)
    if held is None:
        yield finding("red_no_blue", invoice=blue)
        return
    invoice = held.invoice
    if invoice.status is InvoiceStatus.VOID or invoice.red or invoice.invoice_type is not request.invoice_type:
        yield finding("red_wrong_blue", invoice=blue)
        return
    left, tax_left = left_of(held)
    if -request.amount > left or -request.tax > tax_left:
        yield finding("red_exceeds", invoice=blue, amount=text(left), tax=text(tax_left))
    if request.invoice_type in SPECIALS and not _FORM.search(request.remark):
        yield finding("red_no_form")


def left_of(held: Held) -> tuple[Decimal, Decimal]:
    """Amount and tax of a blue invoice that no red one has taken back yet."""
    taken = sum((red.amount for red in held.reds), ZERO), sum((red.tax for red in held.reds), ZERO)
    return held.invoice.amount + taken[0], held.invoice.tax + taken[1]


def red_request(id: str, held: Held, remark: str = "") -> IssueRequest:
    """The request that takes a blue invoice back whole (整张红冲): its lines negative, naming it in the remark as issuing clients do.

    What the ledger has no lines of goes onto one line.
    """
    blue = held.invoice
    lines = blue.lines or (InvoiceLine("详见对应正数发票", blue.amount, blue.rate, blue.tax),)
    named = f"对应正数发票代码:{blue.code}号码:{blue.number}"
    return IssueRequest(
        id,
        blue.invoice_type,
        blue.buyer_name,
        blue.buyer_id,
        tuple(_negative(line) for line in lines),
        f"{named} {remark}".strip(),
        blue.key,
    )


def tax_of(line: InvoiceLine) -> Decimal:
    """Amount × rate, rounded half up (四舍五入); 0.00 where the rate is a word."""
    try:
        return rounded(line.amount * Decimal(line.rate))
    except InvalidOperation:
        return ZERO


def valid_id(text: str) -> bool:
    """Whether a taxpayer id can be one: a unified code with a right check digit (GB 32100), or one of the older lengths (15, 20)."""
    if len(text) in (15, 20):
        return text.isascii() and text.isalnum()
    if not _ID.fullmatch(text):
        return False
    sum_ = sum(_ID_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return _ID_ALPHABET[-sum_ % 31] == text[17]


def _priced(line: InvoiceLine) -> bool:
    """Quantity × price is the amount, to a fen; true where one of them is not told."""
    if not (line.quantity and line.price):
        return True
    try:
        return abs(rounded(Decimal(line.quantity) * Decimal(line.price)) - line.amount) <= CENT
    except InvalidOperation:
        return False


def _negative(line: InvoiceLine) -> InvoiceLine:
    quantity = line.quantity and (line.quantity[1:] if line.quantity.startswith("-") else f"-{line.quantity}")
    return replace(line, amount=-line.amount, tax=-line.tax, quantity=quantity)
