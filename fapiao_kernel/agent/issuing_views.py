"""Issuing (开票) between the wire and the engine. Pure: values in, shapes out, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.issuing import (
    ForeseenView,
    FoundView,
    IssueAnswer,
    IssuedView,
    IssuePreview,
    LineShape,
    RequestShape,
    SideView,
    TypeTotal,
)
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.invoice import InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest
from fapiao_kernel.domain.money import ZERO, money, text
from fapiao_kernel.operations.issuing.outcomes import Foreseen, Foresight, Outcome, Result
from fapiao_kernel.operations.issuing.validating import left_of, tax_of
from fapiao_kernel.operations.issuing.voiding import Looked


def request_of(shape: RequestShape) -> IssueRequest:
    """Raises ``UsageError`` (``issue_type_bad``)."""
    try:
        kind = InvoiceType(shape.invoice_type)
    except ValueError:
        raise UsageError("issue_type_bad", type=shape.invoice_type) from None
    if not kind.on_device:
        raise UsageError("issue_type_bad", type=kind.zh)
    lines = tuple(_line(line) for line in shape.lines)
    buyer_id = shape.buyer_id.strip().upper()
    return IssueRequest(shape.id, kind, shape.buyer_name, buyer_id, lines, shape.remark, shape.red_of)


def _line(shape: LineShape) -> InvoiceLine:
    fields: dict[str, Any] = shape.model_dump()
    line = InvoiceLine(**{**fields, "amount": money(shape.amount), "tax": ZERO})
    tax = tax_of(line) if shape.tax is None else money(shape.tax)
    return InvoiceLine(**{**fields, "amount": line.amount, "tax": tax})


def request_shape(request: IssueRequest) -> RequestShape:
    """A request as a face shows it and sends it back."""
    return RequestShape(
        id=request.id,
        invoice_type=request.invoice_type.value,
        buyer_name=request.buyer_name,
        buyer_id=request.buyer_id,
        lines=[_line_shape(line) for line in request.lines],
        remark=request.remark,
        red_of=request.red_of,
    )


def _line_shape(line: InvoiceLine) -> LineShape:
    return LineShape(
        item=line.item,
        amount=text(line.amount),
        rate=line.rate,
        tax=text(line.tax),
        tax_class=line.tax_class,
        specification=line.specification,
        unit=line.unit,
        quantity=line.quantity,
        price=line.price,
    )


def preview_view(card: str, found: Foresight) -> IssuePreview:
    """A preview of issuing."""
    return IssuePreview(
        card=card,
        device_number=found.device_number,
        ready=found.ready,
        rows=[_row(row) for row in found.rows],
        totals=_totals(found),
        findings=[finding_view(one) for one in found.findings],
    )


def _row(row: Foreseen) -> ForeseenView:
    request = row.request
    return ForeseenView(
        id=request.id,
        invoice_type=request.invoice_type.value,
        name=request.invoice_type.zh,
        buyer_name=request.buyer_name,
        code=row.code,
        number=row.number,
        amount=text(request.amount),
        tax=text(request.tax),
        total=text(request.total),
        red=request.red_of is not None,
        again=row.known is not None,
        findings=[finding_view(one) for one in row.findings],
    )


def _totals(found: Foresight) -> list[TypeTotal]:
    left = {upcoming.invoice_type: upcoming.left for upcoming in found.next}
    new = [row.request for row in found.rows if row.known is None]
    return [
        TypeTotal(
            invoice_type=kind.value,
            name=kind.zh,
            count=sum(request.invoice_type is kind for request in new),
            amount=_sum(request.amount for request in new if request.invoice_type is kind),
            tax=_sum(request.tax for request in new if request.invoice_type is kind),
            total=_sum(request.total for request in new if request.invoice_type is kind),
            left=left.get(kind),
        )
        for kind in sorted({request.invoice_type for request in new})
    ]


def _sum(amounts: Iterable[Decimal]) -> str:
    return text(sum(amounts, ZERO))


def answer(card: str, results: Sequence[Result]) -> IssueAnswer:
    """What became of a batch, worst first: one unknown makes all of it unknown."""
    return IssueAnswer(card=card, verdict=_verdict(results), invoices=[issued_view(one) for one in results])


def _verdict(results: Sequence[Result]) -> Any:
    outcomes = {one.outcome for one in results}
    done = outcomes & {Outcome.DONE, Outcome.AGAIN}
    if Outcome.UNKNOWN in outcomes:
        return "unknown"
    if outcomes - {Outcome.DONE, Outcome.AGAIN, Outcome.NOT_BEGUN}:
        return "partial" if done else "refused"
    if Outcome.NOT_BEGUN in outcomes:
        return "stopped"
    return "done" if all(one.entered for one in results) else "partial"


def issued_view(result: Result) -> IssuedView:
    """One result as a face shows it."""
    told = result.invoice
    return IssuedView(
        id=result.id,
        outcome=result.outcome.value,
        invoice_type=told.invoice_type.value if told else "",
        name=told.invoice_type.zh if told else "",
        code=told.code if told else "",
        number=told.number if told else "",
        issue_date=told.issue_date.isoformat() if told else "",
        buyer_name=told.buyer_name if told else "",
        amount=text(told.amount if told else ZERO),
        tax=text(told.tax if told else ZERO),
        total=text(told.total if told else ZERO),
        red=bool(told and told.red),
        void=bool(told and told.status is InvoiceStatus.VOID),
        entered=result.entered,
        control_code=result.control_code,
        evidence=result.evidence,
        error=_error(result.error) if result.error else None,
        findings=[finding_view(one) for one in result.findings],
    )


def _error(error: Mapping[str, Any]) -> ErrorView:
    """An error as the journal has it."""
    code = int(error.get("exit_code") or (4 if error["effect"] == Effect.UNKNOWN.value else 3))
    fields = ("code", "sentence", "effect", "remedy", "who", "original")
    return ErrorView(**{name: str(error.get(name, "")) for name in fields}, exit_code=code)


def found_view(card: str, found: Looked) -> FoundView:
    """One number, side by side."""
    there, held = found.on_card, found.held
    blue = held is not None and not held.invoice.red and held.invoice.status is InvoiceStatus.NORMAL
    return FoundView(
        card=card,
        code=found.code,
        number=found.number,
        invoice_type=found.invoice_type.value if found.invoice_type else "",
        name=found.invoice_type.zh if found.invoice_type else "",
        buyer_name=held.invoice.buyer_name if held else "",
        on_card=None
        if there is None
        else SideView(issue_date=str(there.issue_date), total=text(there.total), red=there.red, void=there.void),
        in_ledger=None
        if held is None
        else SideView(
            issue_date=str(held.invoice.issue_date),
            total=text(held.invoice.total),
            red=held.invoice.red,
            void=held.invoice.status is InvoiceStatus.VOID,
        ),
        agree=found.agree,
        voidable=found.on_card is not None and not found.on_card.void and not any(f.holds_up for f in found.findings),
        red_left=text(left_of(held)[0]) if held is not None and blue else None,
        findings=[finding_view(one) for one in found.findings],
    )
