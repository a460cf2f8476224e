"""Step ④ 预览: what will close above, what is in it below, beside the card's own statistics."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from fapiao_kernel.api.runs import PreviewView, RunView
from fapiao_kernel.domain.steps import Step
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import accepting, blocks, confirming, differing
from fapiao_widgets.viewmodels.formats import amount, count, type_name, unit, units
from fapiao_widgets.viewmodels.frame import Frame, panel
from fapiao_widgets.viewmodels.preparing import stop
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.trouble import check_items, finding_items


def make(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """④ 预览 before it is frozen: what was declared, and the button that freezes."""
    act = blocks.form([blocks.button("preview", say("preview.button", units=units(run.units))), *stop(run)])
    sentence = str((run.declaration or {}).get("sentence", ""))
    content = [blocks.text(say("preview.text"))] + ([blocks.text(sentence, "quiet")] if sentence else [])
    return panel(run.state, say("preview.answer"), content, act, step=Step.PREVIEW.value)


def look(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """The frozen preview; once looked through, the confirmation (which is about this revision alone)."""
    preview = run.preview
    if preview is None:  # the agent is still writing it: nothing to confirm yet
        return make(run, frame, session)
    if session.reviewed == preview.revision:
        return confirming.ask(run, frame, session)
    reviewed = blocks.button("reviewed", say("preview.reviewed", units=units(run.units)), revision=preview.revision)
    again = blocks.button("preview", say("preview.again"), tone="second")
    total = _sum([u.total for u in preview.units])
    answer = say("preview.frozen", count=count(sum(u.count or 0 for u in preview.units)), total=amount(total))
    content = [unit_table(preview), statistics(preview), *differing.differences(preview)]
    if preview.findings:
        content.insert(0, finding_items(say("checks"), preview.findings))
    content[:0] = accepting.taken_on(run)
    content += [rates(preview), *invoices(session, preview.revision)]
    if preview.gates:
        content.append(blocks.more(say("preview.gates", n=len(preview.gates)), [check_items(preview.gates)]))
    others = [again, *stop(run)]
    act = accepting.question(run, others) if run.warnings else blocks.form([reviewed, *others])
    return panel(f"{run.state}-look", answer, content, act, step=Step.PREVIEW.value)


def unit_table(preview: PreviewView) -> blocks.Block:
    """What will close: one row a unit."""
    columns = [say(f"col.{name}") for name in ("type", "period", "count", "total", "digest")]
    rows = [
        [type_name(u.invoice_type, u.name), u.period, count(u.count), amount(u.total), u.digest[:16]]
        for u in preview.units
    ]
    return blocks.table(say("preview.units"), columns, rows, numeric=[2, 3])


def statistics(preview: PreviewView) -> blocks.Block:
    """The card's monthly statistics (月统计) beside the ledger's numbers."""
    card, ledger, number, total = say("col.card"), say("col.ledger"), say("col.count"), say("col.total")
    columns = ["", f"{card} {number}", f"{ledger} {number}", f"{card} {total}", f"{ledger} {total}", say("col.agrees")]
    rows = [
        [
            unit(s),
            count(s.card_count),
            count(s.ledger_count),
            amount(s.card_total),
            amount(s.ledger_total),
            "✓ " + say("preview.agrees") if s.agrees else "✕ " + say("preview.differs"),
        ]
        for s in preview.statistics
    ]
    return blocks.table(say("preview.statistics"), columns, rows, numeric=[1, 2, 3, 4])


def rates(preview: PreviewView) -> blocks.Block:
    """Totals by type and rate (税率)."""
    columns = [say(f"col.{name}") for name in ("type", "period", "rate", "count", "amount", "tax")]
    rows = []
    for key, entries in preview.rates.items():
        code, _, period = key.partition(" ")
        rows += [
            [type_name(code), period, rate_word(r.rate), count(r.count), amount(r.amount), amount(r.tax)]
            for r in entries
        ]
    return blocks.table(say("preview.rates"), columns, rows, numeric=[3, 4, 5])


def rate_word(rate: str) -> str:
    """``0.13`` → ``13%``; words (免税) stay."""
    try:
        percent = Decimal(rate) * 100
    except InvalidOperation:
        return rate
    return f"{percent.normalize():f}%"


def invoices(session: Session, revision: str) -> list[blocks.Block]:
    """The first page of the frozen invoices, once it has been fetched for this revision."""
    if session.invoices_of != revision or not session.invoices:
        return []
    columns = [say(f"col.{name}") for name in ("type", "code", "number", "date", "amount", "tax", "total")]
    rows = [
        [
            type_name(str(row.get("invoice_type", ""))),
            str(row.get("code", "")),
            str(row.get("number", "")),
            str(row.get("issue_date", ""))[:10],
            *(amount(str(row.get(name) or "")) for name in ("amount", "tax", "total")),
        ]
        for row in session.invoices
    ]
    return [blocks.table(say("preview.invoices", n=len(rows)), columns, rows, numeric=[4, 5, 6])]


def _sum(totals: list[str | None]) -> str:
    """Exact sum of amounts as text, in fen."""
    fen = sum(int(t.replace(".", "")) for t in totals if t)
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"
