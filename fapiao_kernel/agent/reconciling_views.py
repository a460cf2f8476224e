"""Reconciliations as faces see them (对账视图). Pure: values in, shapes out."""

from __future__ import annotations

from collections.abc import Sequence

from fapiao_kernel.agent.views import finding_view
from fapiao_kernel.api.differences import DifferenceView
from fapiao_kernel.api.reconciling import (
    CandidateView,
    ExplanationView,
    FigureView,
    LineView,
    ReconcileAnswer,
    ReconciliationView,
    ReturnView,
    SideView,
    SuspectsView,
)
from fapiao_kernel.domain.money import text
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.reconciling.values import Agreement, Apart, Explanation, Line, Reconciliation, Side
from fapiao_kernel.operations.reconciling.words import findings, name
from fapiao_kernel.ports.statements import Candidate, FiledReturn


def answer_view(card: str, found: Sequence[Reconciliation]) -> ReconcileAnswer:
    """The whole answer."""
    agreement = Agreement.of([one.agreement for one in found])
    return ReconcileAnswer(card=card, agreement=agreement.value, periods=[_period(one) for one in found])


def return_view(told: FiledReturn) -> ReturnView:
    """A return as it was told."""
    return ReturnView(
        taxpayer_id=told.taxpayer_id,
        period=str(told.period),
        figures=[FigureView(**plain(figure)) for figure in told.figures],
        source=told.source.value,
        told_at=told.at.isoformat(timespec="seconds"),
        filed_on=told.filed_on.isoformat() if told.filed_on else "",
        note=told.note,
    )


def _period(one: Reconciliation) -> ReconciliationView:
    return ReconciliationView(
        device_number=one.device_number,
        taxpayer_id=one.taxpayer_id,
        period=str(one.period),
        tolerance=text(one.tolerance),
        agreement=one.agreement.value,
        against_card=one.against_card.value,
        against_return=one.against_return.value,
        read_at=one.read_at.isoformat(timespec="seconds") if one.read_at else "",
        fresh=one.fresh,
        filed=[return_view(told) for told in one.filed],
        lines=[_line(line) for line in one.lines],
        findings=[finding_view(each) for each in findings(one)],
    )


def _line(line: Line) -> LineView:
    return LineView(
        invoice_type=line.scope.invoice_type,
        name=name(line),
        period=str(line.scope.period),
        rate=line.scope.rate,
        ledger=_side(line.ledger),
        card=_side(line.card) if line.card else None,
        filed=_side(line.filed) if line.filed else None,
        card_apart=_side(line.card_apart) if line.card_apart else None,
        filed_apart=_side(line.filed_apart) if line.filed_apart else None,
        against_card=line.against_card.value if line.against_card else None,
        against_return=line.against_return.value if line.against_return else None,
        source=line.source.value if line.source else "",
        named=DifferenceView.model_validate(line.named) if line.named is not None else None,
        explained=_explained(line.explained) if line.explained else None,
    )


def _side(side: Side | Apart) -> SideView:
    return SideView(
        count=side.count, voids=side.voids, amount=plain(side.amount), tax=plain(side.tax), total=text(side.total)
    )


def _explained(told: Explanation) -> ExplanationView:
    return ExplanationView(
        suspects=[
            SuspectsView(
                ground=one.ground.value,
                count=one.count,
                amount=text(one.amount),
                tax=text(one.tax),
                total=text(one.total),
                shown=[_candidate(each) for each in one.shown],
            )
            for one in told.suspects
        ],
        exact=[one.ground.value for one in told.exact],
        sets=[[_candidate(each) for each in one] for one in told.sets],
        whole=told.whole,
    )


def _candidate(one: Candidate) -> CandidateView:
    return CandidateView(
        invoice_type=one.invoice_type,
        code=one.code,
        number=one.number,
        issue_date=one.issue_date.isoformat(),
        amount=text(one.amount),
        tax=text(one.tax),
        total=text(one.total),
        grounds=[ground.value for ground in one.grounds],
    )
