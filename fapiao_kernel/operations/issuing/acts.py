"""Acts (开票业务) as the journal tells them: one invoice issued under a request's id, or one voided. A fold, nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.issuing import IssueRequest
from fapiao_kernel.domain.money import text
from fapiao_kernel.ports import Record


class Kind(StrEnum):
    """What is done to the card."""

    ISSUE = "issue"
    VOID = "void"


class Stage(StrEnum):
    """Where an act stands. ``SENT`` and ``UNKNOWN`` are open: only asking the card settles them."""

    SENT = "intent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_DONE = "not_done"


@dataclass(frozen=True)
class Act:
    """One act. ``id``: the request's (请求流水号), or code and number for a void. ``invoice``: as the ledger is to have it; its day
    is the card's once that is known, before that the day of asking; its lines are let go once it is ``entered`` there. ``asked``: the
    request's digest, by which it is known again."""

    kind: Kind
    id: str
    card: str
    device_number: str
    who: str
    at: str
    stage: Stage
    invoice: Invoice
    asked: str
    error: Mapping[str, Any] | None = None
    evidence: str = ""
    control_code: str = ""
    entered: bool = False

    @property
    def open(self) -> bool:
        return self.stage in (Stage.SENT, Stage.UNKNOWN)

    @property
    def owed(self) -> bool:
        """Whether the ledger has still to learn of it."""
        return self.stage is Stage.DONE and not self.entered


KINDS = frozenset(
    f"{kind.value}.{word}" for kind in Kind for word in ("intent", "done", "refused", "unknown", "settled", "entered")
)
"""Journal record kinds of issuing: ``issue.intent`` … ``void.entered``. None carries a run's id."""


def apply(known: Act | None, record: Record) -> Act:
    """The act after one more of its records. A new intent begins anew: only an act that came to nothing gets one."""
    kind, _, word = record.kind.partition(".")
    data = record.data
    if word == "intent":
        return Act(
            Kind(kind),
            str(data["id"]),
            str(data["card"]),
            str(data["device_number"]),
            record.who,
            record.time,
            Stage.SENT,
            invoice_of(data["invoice"]),
            str(data.get("asked", "")),
        )
    if known is None:
        raise ValueError(f"{record.kind} without its intent (record {record.seq})")
    match word:
        case "done":
            return _done(known, data)
        case "settled":
            evidence = str(data["evidence"])
            if data["done"]:
                return replace(_done(known, data), evidence=evidence)
            return replace(known, stage=Stage.NOT_DONE, evidence=evidence)
        case "refused":
            return replace(known, stage=Stage.REFUSED, error=data["error"])
        case "unknown":
            return replace(known, stage=Stage.UNKNOWN, error=data["error"])
        case "entered":
            return replace(known, entered=True, invoice=replace(known.invoice, lines=()))
    raise ValueError(f"unknown record kind {record.kind}")


def _done(act: Act, data: Mapping[str, Any]) -> Act:
    day = str(data.get("issue_date") or "")
    invoice = replace(act.invoice, issue_date=date.fromisoformat(day)) if day else act.invoice
    return replace(act, stage=Stage.DONE, invoice=invoice, error=None, control_code=str(data.get("control_code", "")))


def key_of(record: Record) -> tuple[Kind, str]:
    """Which act a record is of."""
    return Kind(record.kind.partition(".")[0]), str(record.data["id"])


def invoice_of(data: Mapping[str, Any]) -> Invoice:
    """An invoice as ``domain.plain`` wrote it. Raises ``KeyError`` and ``ValueError``."""
    return Invoice(
        code=str(data["code"]),
        number=str(data["number"]),
        invoice_type=InvoiceType(data["invoice_type"]),
        issue_date=date.fromisoformat(data["issue_date"]),
        amount=Decimal(data["amount"]),
        tax=Decimal(data["tax"]),
        total=Decimal(data["total"]),
        seller_id=str(data["seller_id"]),
        seller_name=str(data["seller_name"]),
        buyer_id=str(data["buyer_id"]),
        buyer_name=str(data["buyer_name"]),
        machine_number=str(data["machine_number"]),
        status=InvoiceStatus(data["status"]),
        red=bool(data["red"]),
        red_of=str(data["red_of"]),
        remark=str(data["remark"]),
        lines=tuple(line_of(line) for line in data["lines"]),
    )


def line_of(data: Mapping[str, Any]) -> InvoiceLine:
    """A goods line as ``domain.plain`` wrote it."""
    fields = {name: str(data.get(name, "")) for name in _LINE}
    return InvoiceLine(amount=Decimal(data["amount"]), tax=Decimal(data["tax"]), **fields)


_LINE = ("item", "rate", "tax_class", "specification", "unit", "quantity", "price")


def digest(request: IssueRequest) -> str:
    """SHA-256 over everything that a request asks for, by fields named here: the same request in every version of the program."""
    lines = [
        [line.item, text(line.amount), text(line.tax), *(getattr(line, name) for name in _LINE[1:])]
        for line in request.lines
    ]
    told = [
        request.invoice_type.value,
        request.buyer_name,
        request.buyer_id,
        request.remark,
        list(request.red_of or ()),
        lines,
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()
