"""Voiding (作废): an invoice of the open span, by its number typed again; a row of its own in the ledger, never an update."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.operations.clearing.desk import present_pin, require_evidence
from fapiao_kernel.operations.issuing.acts import Act, Kind, Stage
from fapiao_kernel.operations.issuing.desk import Desk, Held
from fapiao_kernel.operations.issuing.outcomes import Result, result_of
from fapiao_kernel.operations.issuing.sending import enter, send
from fapiao_kernel.operations.issuing.settling import settle_card
from fapiao_kernel.ports import IssuingCard

TYPED = 4
"""Digits of the number that a person types to void it."""


@dataclass(frozen=True)
class Looked:
    """One invoice by its number, card and ledger side by side. ``findings``: what stands in the way of voiding it."""

    code: str
    number: str
    on_card: InvoiceDetail | None
    held: Held | None
    invoice_type: InvoiceType | None
    findings: tuple[Finding, ...] = ()
    act: Act | None = None

    @property
    def agree(self) -> bool:
        """Whether card and ledger say the same: the invoice itself, its sums and its state."""
        if self.on_card is None or self.held is None:
            return False
        mine, theirs = self.held.invoice, self.on_card
        void = mine.status is InvoiceStatus.VOID
        return (mine.total, mine.red, void, mine.issue_date) == (
            theirs.total, theirs.red, theirs.void, theirs.issue_date,
        )  # fmt: skip


def look(desk: Desk, address: str, code: str, number: str) -> Looked:
    """Read card and ledger for one number; ``code`` may be empty: then the card's volumes and the ledger tell. Changes nothing."""
    card, state = desk.read(address)
    codes = [code] if code else [v.code for v in card.read_volumes() if v.holds(v.code, number)]
    for one in codes or [code]:
        held = desk.held(one, number)
        types = [held.invoice.invoice_type] if held else [m.invoice_type for m in state.monitoring]
        found = _find(card, types, one, number)
        if held or found:
            kind = found.invoice_type if found else types[0]
            act = desk.book.find(Kind.VOID, _id(one, number))
            return Looked(one, number, found, held, kind, _in_the_way(desk, state, held, found), act)
    return Looked(
        code or (codes[0] if len(codes) == 1 else ""), number, None, None, None, _in_the_way(desk, state, None, None)
    )


def _find(card: IssuingCard, types: list[InvoiceType], code: str, number: str) -> InvoiceDetail | None:
    """The card's invoice of this number, whichever of the types it is; None without a code, which no card takes."""
    found = (card.find(kind, code, number) for kind in types if code)
    return next((one for one in found if one is not None), None)


def _in_the_way(desk: Desk, state: CardState, held: Held | None, found: InvoiceDetail | None) -> tuple[Finding, ...]:
    told = []
    if found is None:
        told.append(finding("void_not_on_card"))
    if held is None:
        told.append(finding("void_not_in_ledger"))
    if found is None:
        return tuple(told)
    own = state.of(found.invoice_type)
    if found.void:
        told.append(finding("void_already", severity=Severity.INFO))
    elif own is None or found.issue_date < own.report_start or (own.reported and found.issue_date <= own.report_end):
        told.append(finding("void_too_late"))
    if held is not None and held.unit is not None and desk.books.closed(held.unit):
        told.append(finding("void_too_late"))
    if held is not None and held.reds:
        told.append(finding("void_has_red"))
    return tuple(dict.fromkeys(told))


def void(desk: Desk, address: str, code: str, number: str, typed: str, pin: str, who: str) -> Result:
    """作废. The same void twice is one. Raises ``Refused`` (``void_not_confirmed`` and what stands in the way), ``NotReachable``,
    ``OutcomeUnknown`` (sent without an answer: only asking settles it)."""
    if typed.strip() != number[-TYPED:]:
        raise Refused("void_not_confirmed", digits=TYPED)
    with desk.holding(address):
        card, state = desk.read(address)
        settle_card(desk, address, card, state)
        found = look(desk, address, code, number)
        if found.act is not None and found.act.stage is Stage.DONE:
            return result_of(found.act, again=True)
        for one in found.findings:
            if one.holds_up:
                raise Refused.of(one)
        assert found.held is not None and found.on_card is not None and found.invoice_type is not None
        desk.require_no_clear(address, state)
        kind, code = found.invoice_type, found.code
        invoice = replace(found.held.invoice, status=InvoiceStatus.VOID)
        intent = intent_data(address, state, invoice)
        if found.on_card.void:  # by other software: nothing is sent, and the ledger learns of it
            desk.book.append(Kind.VOID, "intent", _id(code, number), intent, who)
            told = {"done": True, "evidence": found.findings[0].message}
            return enter(desk, desk.book.append(Kind.VOID, "settled", _id(code, number), told, who))
        require_evidence(card, state, "void")
        present_pin(card, state, pin)
        sent = lambda: {"void_before": not card.void(kind, code, number)}  # noqa: E731 what is done between intent and answer
        return send(desk, Kind.VOID, _id(code, number), intent, who, sent)


def intent_data(address: str, state: CardState, invoice: Invoice) -> dict[str, object]:
    """What an intent says: which card, which number, which sums."""
    return {"card": address, "device_number": state.identity.device_number, "invoice": invoice}


def _id(code: str, number: str) -> str:
    return f"{code} {number}"
