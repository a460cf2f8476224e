"""Cards, findings, previews and files as faces see them (视图). Pure: values in, shapes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fapiao_kernel.agent import errors
from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.api.ledger import FileView, InvoiceView
from fapiao_kernel.api.runs import BackupView, CheckView, PreviewView, RateView, StatisticsView, UnitView
from fapiao_kernel.api.shapes import CardView, FindingView, TypeView
from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.verdict import Verdict, judge
from fapiao_kernel.operations.clearing.words import span
from fapiao_kernel.ports import Listed


def finding_view(finding: Finding) -> FindingView:
    """A finding as a face shows it."""
    return FindingView(
        code=finding.code,
        severity=finding.severity.value,
        message=finding.message,
        evidence=finding.evidence,
        effect=finding.effect.value,
        remedy=finding.remedy,
        who=finding.who.value,
        row=finding.row,
    )


def finding_of(data: Mapping[str, Any]) -> FindingView:
    """A finding as a journal record has it."""
    return FindingView(**{key: data[key] for key in FindingView.model_fields if key in data})


def finding_of_error(error: Mapping[str, Any]) -> FindingView:
    """An error as a journal record has it, told as a finding."""
    return FindingView(
        code=error["code"],
        severity="unknown" if error["effect"] == "UNKNOWN" else "blocker",
        message=error["sentence"],
        evidence=error.get("original", ""),
        effect=error["effect"],
        remedy=error["remedy"],
        who=error["who"],
    )


def check_of(data: Mapping[str, Any]) -> CheckView:
    """A named check as a journal record has it."""
    return CheckView(name=data["name"], title=data["title"], finding=finding_of(data["finding"]))


def card_view(
    address: str,
    state: CardState | None,
    *,
    declared: bool | None = None,
    read_at: str = "",
    problem: FapiaoError | None = None,
) -> CardView:
    """The card with its verdict (判定); ``declared``: whether the tax side has the return, None when nobody asked."""
    trouble = errors.view(problem) if problem else None
    if state is None:
        return CardView(
            address=address,
            device_number="",
            taxpayer_id="",
            taxpayer_name="",
            verdict=Verdict.UNKNOWN.value,
            clock="",
            lock_date="",
            days_left=0,
            simulated="+sim://" in address,
            problem=trouble,
        )
    judged = judge(state, declared) if state.monitoring else None
    own = dict(judged.types) if judged else {}
    who = state.identity
    return CardView(
        address=address,
        device_number=who.device_number,
        taxpayer_id=who.taxpayer_id,
        taxpayer_name=who.taxpayer_name,
        # A card that cannot be read now may have changed since: not known is not ok.
        verdict=Verdict.UNKNOWN.value if problem or not judged else judged.verdict.value,
        clock=state.clock.isoformat(timespec="seconds"),
        lock_date=judged.lock_date.isoformat() if judged else "",
        days_left=judged.days_left if judged else 0,
        simulated=who.simulated,
        pin_tries=state.pin_tries,
        read_at=read_at,
        types=[
            TypeView(
                invoice_type=m.invoice_type.value,
                name=m.invoice_type.zh,
                verdict=own[m.invoice_type].value,
                lock_date=m.lock_date.isoformat(),
                report_start=m.report_start.isoformat(),
                report_end=m.report_end.isoformat(),
                last_report=m.last_report.isoformat(),
                reported=m.reported,
            )
            for m in state.monitoring
        ],
        problem=trouble,
    )


def backup_of(data: Mapping[str, Any]) -> BackupView:
    """A backup as a journal record has it."""
    copies: Sequence[Mapping[str, Any]] = data["copies"]
    return BackupView(
        id=data["id"],
        time=data["time"],
        copies=[copy["path"] for copy in copies],
        sha256=copies[0]["sha256"] if copies else "",
        size=copies[0]["size"] if copies else 0,
        files=data["files"],
        proven=data["proven"],
    )


def preview_of(data: Mapping[str, Any], device_number: str) -> PreviewView:
    """The frozen preview as ``preview.frozen`` has it, with what must be typed to confirm it."""
    units: Sequence[Mapping[str, Any]] = data["units"]
    return PreviewView(
        revision=data["revision"],
        frozen_at=data["frozen_at"],
        units=[
            UnitView(
                invoice_type=unit["invoice_type"],
                name=InvoiceType(unit["invoice_type"]).zh,
                period=unit["period"],
                count=unit["count"],
                total=unit["total"],
                digest=unit["digest"],
            )
            for unit in units
        ],
        rates={
            f"{unit['invoice_type']} {unit['period']}": [
                RateView(rate=r["rate"], count=r["count"], amount=r["amount"], tax=r["tax"]) for r in unit["rates"]
            ]
            for unit in units
        },
        statistics=[
            StatisticsView(**{key: row[key] for key in StatisticsView.model_fields})
            for row in data.get("statistics", ())
        ],
        differences=[DifferenceView.model_validate(entry) for entry in data.get("differences", ())],
        findings=[finding_of(f) for f in data.get("findings", ())],
        gates=[check_of(c) for c in data.get("gates", ())],
        confirm_device=device_number[-4:],
        confirm_period=span(Period.parse(unit["period"]) for unit in units),
    )


def invoice_view(invoice: Listed) -> InvoiceView:
    """An invoice as an import lists it."""
    return InvoiceView(
        code=invoice.code,
        number=invoice.number,
        invoice_type=invoice.invoice_type.value,
        issue_date=invoice.issue_date.isoformat(),
        amount=text(invoice.amount),
        tax=text(invoice.tax),
        total=text(invoice.total),
        machine_number=invoice.machine_number,
        lines=invoice.lines,
        fully_digital=not invoice.invoice_type.on_device,
    )


def file_view(file: str, status: Any, listed: Sequence[Listed], count: int, findings: Iterable[Finding]) -> FileView:
    """What became of one file of an import; ``listed`` is where its invoices begin, ``count`` how many there are."""
    return FileView(
        file=file,
        status=status,
        invoices=[invoice_view(invoice) for invoice in listed] if status != "rejected" else [],
        count=count if count > len(listed) else None,
        findings=[finding_view(finding) for finding in findings],
    )
