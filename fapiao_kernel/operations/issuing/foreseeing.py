"""Foreseeing (开票预览): what would be issued, under which numbers, and what is to be said of it. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from fapiao_kernel.domain.card import CardState, Volume
from fapiao_kernel.domain.errors import FapiaoError, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest, NextNumber
from fapiao_kernel.operations.issuing.acts import Kind, Stage, digest
from fapiao_kernel.operations.issuing.desk import Desk
from fapiao_kernel.operations.issuing.outcomes import Foreseen, Foresight, Result, result_of
from fapiao_kernel.operations.issuing.validating import findings


def foresee(desk: Desk, address: str, requests: Sequence[IssueRequest]) -> Foresight:
    """The rows in order, each with the number that it would get if all before it are issued."""
    card, state = desk.read(address)
    volumes = card.read_volumes()
    upcoming: dict[InvoiceType, NextNumber | None] = {}
    given: Counter[InvoiceType] = Counter()
    ids = Counter(request.id for request in requests)
    taken: dict[tuple[str, str], list[IssueRequest]] = {}
    rows: list[Foreseen] = []
    for request in requests:
        known = _known(desk, request)
        kind = request.invoice_type
        told = _told(desk, request, state, taken)
        if ids[request.id] > 1:
            told.append(finding("issue_id_twice", id=request.id))
        code = number = ""
        if known is None:
            if kind not in upcoming:
                upcoming[kind] = card.next_number(kind) if state.of(kind) is not None else None
            following = upcoming[kind]
            if following is not None and given[kind] < following.left:
                code, number = nth(following, given[kind], volumes)
            elif state.of(kind) is not None:
                told.append(finding("issue_no_number", type=kind.zh))
            given[kind] += 1
        elif known.invoice is not None:
            code, number = known.invoice.key
        rows.append(Foreseen(request, code, number, tuple(told), known))
    general = []
    try:
        desk.require_no_clear(address, state)
    except FapiaoError as refusal:
        general.append(refusal.finding())
    open_acts = [act for act in desk.book.unsettled(address) if act.open]
    if open_acts:
        general.append(finding("issue_open", count=len(open_acts), invoice=" ".join(open_acts[0].invoice.key)))
    device = state.identity.device_number
    return Foresight(device, tuple(rows), tuple(n for n in upcoming.values() if n is not None), tuple(general))


def _known(desk: Desk, request: IssueRequest) -> Result | None:
    """What the journal has under this id already, where it is the same request and was issued."""
    act = desk.book.find(Kind.ISSUE, request.id)
    if act is None or act.stage is not Stage.DONE or act.asked != digest(request):
        return None
    return result_of(act, again=True)


def _told(
    desk: Desk, request: IssueRequest, state: CardState, taken: dict[tuple[str, str], list[IssueRequest]]
) -> list[Finding]:
    act = desk.book.find(Kind.ISSUE, request.id)
    if act is not None and act.stage is Stage.DONE:
        if act.asked == digest(request):
            return []
        return [finding("issue_id_used", id=request.id, invoice=" ".join(act.invoice.key))]
    held = desk.held(*request.red_of) if request.red_of else None
    told = findings(request, state, desk.rates, held)
    if held is not None and request.red_of is not None:
        before = taken.setdefault(request.red_of, [])
        before.append(request)
        sums = sum((-r.amount for r in before), Decimal(0)), sum((-r.tax for r in before), Decimal(0))
        left = held.invoice.amount + sum((r.amount for r in held.reds), Decimal(0))
        if len(before) > 1 and sums[0] > left:
            told.append(finding("red_exceeds", invoice=" ".join(request.red_of), amount=left, tax=held.invoice.tax))
    return told


def nth(following: NextNumber, ahead: int, volumes: Sequence[Volume]) -> tuple[str, str]:
    """The number ``ahead`` places after the next, within its volume (发票卷); beyond it empty, for the card decides then."""
    number = f"{int(following.number) + ahead:0{len(following.number)}d}"
    if ahead == 0 or any(
        v.holds(following.code, following.number) and v.holds(following.code, number) for v in volumes
    ):
        return following.code, number
    return "", ""
