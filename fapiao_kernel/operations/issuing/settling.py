"""Settling (查询核实): an act without an answer is settled by asking the card for the number, never by acting again."""

from __future__ import annotations

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import FapiaoError, OutcomeUnknown, Refused
from fapiao_kernel.domain.money import text
from fapiao_kernel.operations.clearing.book import error_data
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.operations.issuing.acts import Act, Kind, Stage
from fapiao_kernel.operations.issuing.desk import Desk
from fapiao_kernel.operations.issuing.outcomes import Result, result_of
from fapiao_kernel.operations.issuing.sending import enter
from fapiao_kernel.ports import IssuingCard


def settle_act(desk: Desk, act: Act, card: IssuingCard) -> Result:
    """Settle one act of this very card, and bring it into the ledger when it was done.

    Raises ``OutcomeUnknown`` (``issue_unclear``) when the card does not tell either, and what asking raises; then it stays open, and
    may be asked again.
    """
    if act.open:
        try:
            act = _ask(desk, act, card)
        except FapiaoError as error:
            if act.stage is Stage.SENT:
                desk.book.append(act.kind, "unknown", act.id, {"error": error_data(error)}, act.who)
            raise
    return enter(desk, act) if act.owed else result_of(act)


def _ask(desk: Desk, act: Act, card: IssuingCard) -> Act:
    invoice = act.invoice
    found = card.find(invoice.invoice_type, invoice.code, invoice.number)
    number = f"{invoice.code} {invoice.number}"
    if found is None:
        if act.kind is Kind.ISSUE:
            upcoming = card.next_number(invoice.invoice_type)
            if upcoming is not None and (upcoming.code, upcoming.number) == invoice.key:
                told = either(
                    "设备查无此票，它仍是下一张待开的号码",
                    "the card has no such invoice, and it is still the next number",
                )
                return desk.book.append(act.kind, "settled", act.id, {"done": False, "evidence": told}, act.who)
        raise OutcomeUnknown("issue_unclear", invoice=number)
    if act.kind is Kind.VOID:
        told = (
            either("设备显示作废", "void on the card")
            if found.void
            else either("设备显示未作废", "not void on the card")
        )
        return desk.book.append(act.kind, "settled", act.id, {"done": found.void, "evidence": told}, act.who)
    # The card takes a number once: when other sums stand under it, another invoice has it, and this one was refused.
    ours = found.total == invoice.total and found.red is invoice.red
    total = text(found.total)
    told = either(f"设备上有这张票，价税合计 {total}", f"the card has it, {total} with tax")
    if not ours:
        told = either(
            f"这个号码在设备上是另一张票，价税合计 {total}", f"the card has another invoice under it, {total} with tax"
        )
    facts = {"done": ours, "evidence": told, **({"issue_date": found.issue_date} if ours else {})}
    return desk.book.append(act.kind, "settled", act.id, facts, act.who)


def settle_card(desk: Desk, address: str, card: IssuingCard, state: CardState) -> tuple[Result, ...]:
    """Settle everything that is open or owed on this card, wherever it was plugged in then.

    Raises what ``settle_act`` raises of the first that stays open; those before it are settled.
    """
    acts = desk.book.unsettled(device_number=state.identity.device_number)
    return tuple(settle_act(desk, act, card) for act in acts)


def settle(desk: Desk, address: str) -> tuple[Result, ...]:
    """``settle_card`` for whatever was done at an address; what the card does not have to tell needs no card.

    Raises ``Refused`` (``other_card``) while the card of an open act is not the one that is plugged in.
    """
    acts = desk.book.unsettled(address)
    if not any(act.open for act in acts):
        return tuple(enter(desk, act) for act in acts)
    card, state = desk.read(address)
    settled = settle_card(desk, address, card, state)
    left = [act for act in desk.book.unsettled(address) if act.open]
    if left:
        raise Refused("other_card", seen=state.identity.device_number, expected=left[0].device_number)
    return settled
