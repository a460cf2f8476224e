"""The issuing page's panels (开票各步): what to issue, its preview, its result, one invoice looked up, voiding, and the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from fapiao_kernel.api.issuing import (
    FoundView,
    IssueAnswer,
    IssuedView,
    IssuePreview,
    OpenView,
    RequestShape,
    SideView,
    TypeTotal,
)
from fapiao_kernel.api.shapes import FindingView, WorkView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, type_name, word
from fapiao_widgets.viewmodels.frame import panel
from fapiao_widgets.viewmodels.issue_form import FIELDS
from fapiao_widgets.viewmodels.previewing import rate_word
from fapiao_widgets.viewmodels.trouble import Trouble, finding_items, problem
from fapiao_widgets.viewmodels.trouble import card as failure_card

ROWS = 200
"""Rows drawn of a batch; the totals count them all."""
FEW = 10
"""Goods lines that stand on the page as they are."""


def choice() -> dict[str, Any]:
    """开什么票: a file, or one invoice; and the query box."""
    file = blocks.form(
        [blocks.button("read-requests", say("issue.read"))],
        [blocks.field("path", say("issue.path"), hint=say("issue.path.hint"))],
    )
    fields = [blocks.field(name, say(f"issue.field.{name}"), hint=say(f"issue.hint.{name}")) for name in FIELDS]
    one = blocks.form([blocks.button("one-request", say("issue.one.button"), tone="second")], fields)
    entries = [
        {"title": say("issue.file"), "blocks": [blocks.text(say("issue.file.text")), file]},
        {"title": say("issue.find"), "blocks": [query()]},
    ]
    return panel("issue", say("issue.question"), [blocks.cards(entries), blocks.more(say("issue.one"), [one])])


def query() -> blocks.Block:
    """查一张票."""
    fields = [
        blocks.field("number", say("issue.number")),
        blocks.field("code", say("issue.code"), hint=say("issue.code.hint")),
    ]
    return blocks.form([blocks.button("find-invoice", say("issue.find.button"), tone="second")], fields)


def preview(
    found: IssuePreview, unread: Sequence[FindingView], requests: Sequence[RequestShape] = ()
) -> dict[str, Any]:
    """What will be issued, and the one button that names it; none while something holds it up."""
    told = [*unread, *found.findings, *(f for row in found.rows for f in row.findings)]
    content: list[blocks.Block] = [finding_items(say("issue.findings"), told)] if told else []
    content += [_totals(found.totals), _rows(found), *_lines(requests)]
    back = blocks.button("start-over", say("issue.back"), tone="quiet")
    ready = found.ready and not unread and any(not row.again for row in found.rows)
    if not ready:
        again = found.rows and all(row.again for row in found.rows)
        return panel("issue-preview", say("issue.again" if again else "issue.held"), content, blocks.form([back]))
    act = "issue.button.red" if all(row.red for row in found.rows) else "issue.button"
    button = blocks.button("issue", say(act, what=what(found.totals)), tone="danger")
    return panel("issue-preview", say("issue.preview"), content, blocks.form([button, back], [pin()]), danger=True)


def what(totals: Sequence[TypeTotal]) -> str:
    """Act and object: 专票 1 张、普票 2 张，价税合计 339.00."""
    sheets = say("join").join(say("issue.sheets", type=type_name(t.invoice_type, t.name), n=t.count) for t in totals)
    total = sum((Decimal(t.total) for t in totals), Decimal("0.00"))
    return say("issue.what", sheets=sheets, total=amount(f"{total:.2f}"))


def pin() -> blocks.Block:
    """The PIN field, emptied as soon as it is sent."""
    return blocks.field("pin", say("execute.pin"), hint=say("execute.pin.hint"), secret=True)


def _totals(totals: Sequence[TypeTotal]) -> blocks.Block:
    columns = [say(f"col.{name}") for name in ("type", "count", "amount", "tax", "total")] + [say("issue.left")]
    rows = [
        [
            type_name(t.invoice_type, t.name),
            count(t.count),
            amount(t.amount),
            amount(t.tax),
            amount(t.total),
            count(t.left),
        ]
        for t in totals
    ]
    return blocks.table(say("issue.totals"), columns, rows, numeric=[1, 2, 3, 4, 5])


def _rows(found: IssuePreview) -> blocks.Block:
    columns = [say("issue.id"), say("col.type"), say("issue.field.buyer_name"), say("col.total"), say("issue.number")]
    rows = []
    for row in found.rows[:ROWS]:
        number = f"{row.code} {row.number}".strip() or say("issue.by_card")
        state = f"{number}（{say('issue.was')}）" if row.again else number
        rows.append([row.id, type_name(row.invoice_type, row.name), row.buyer_name, amount(row.total), state])
    return blocks.table(say("issue.rows", n=len(found.rows)), columns, rows, numeric=[3])


def _lines(requests: Sequence[RequestShape]) -> list[blocks.Block]:
    """The goods lines: open on the page for a few, behind a click for many."""
    names = ("item", "specification", "unit", "quantity", "price")
    columns = [
        say("issue.id"),
        *(say(f"issue.line.{name}") for name in names),
        *(say(f"col.{n}") for n in ("amount", "rate", "tax")),
    ]
    rows = [
        [r.id, *(getattr(line, name) for name in names), amount(line.amount), rate_word(line.rate), amount(line.tax)]
        for r in requests
        for line in r.lines
    ]
    if not rows:
        return []
    table = blocks.table(say("issue.lines", n=len(rows)), columns, rows[:ROWS], numeric=[4, 5, 6, 8])
    return [table] if len(rows) <= FEW else [blocks.more(say("issue.lines", n=len(rows)), [table])]


def working(work: Sequence[WorkView], stopping: bool) -> dict[str, Any]:
    """Under way: how far, and a stop between two invoices."""
    mine = next((w for w in work if w.id.startswith("issue-")), None)
    label, done, total = (mine.label, mine.done, mine.total) if mine else (say("issue.working"), 0, 0)
    stop = blocks.button("stop-issue", say("issue.stop"), tone="quiet")
    answer = say("issue.stopping" if stopping else "issue.working")
    return panel("issue-work", answer, [blocks.progress(label, done, total)], blocks.form([] if stopping else [stop]))


def result(answer: IssueAnswer, again: bool = False) -> dict[str, Any]:
    """What became of each. ``again``: the same requests can be previewed once more; what was issued is not issued again."""
    content: list[blocks.Block] = [problem(one.error) for one in answer.invoices if one.error is not None][:3]
    told = [f for one in answer.invoices for f in one.findings]
    content += [finding_items(say("issue.findings"), told)] if told else []
    content.append(_results(answer.invoices))
    words = say(f"issue.verdict.{answer.verdict}" if answer.invoices else "issue.settled.none")
    buttons = [blocks.button("preview-again", say("issue.preview_again"))] if again else []
    act = blocks.form([*buttons, blocks.button("start-over", say("issue.more"), tone="second")])
    return panel("issue-result", words, content, act, state="done" if answer.verdict == "done" else "attention")


def unknown(left: OpenView, answer: IssueAnswer | None) -> dict[str, Any]:
    """结果未知: what it is about, and the one thing that settles it. Nothing else can be done before."""
    acts = [*left.unknown, *left.owed]
    first = f"{acts[0].code} {acts[0].number}"
    if left.unknown:
        said = Trouble("issue_unclear", say("issue.unknown", invoice=first), "UNKNOWN", say("issue.unknown.do"), "me")
    else:
        said = Trouble("issue_not_entered", say("issue.owed", invoice=first), "DONE", say("issue.owed.do"), "me")
    button = blocks.button("settle", say("issue.settle" if left.unknown else "issue.enter"))
    content = [failure_card(said), _results(answer.invoices if answer is not None else acts)]
    words = say("issue.unknown.answer" if left.unknown else "issue.owed.answer")
    return panel("issue-unknown", words, content, blocks.form([button]), state="attention")


def _results(invoices: Sequence[IssuedView]) -> blocks.Block:
    columns = [say("issue.id"), say("done.outcome"), say("issue.number"), say("col.total"), say("issue.ledger")]
    rows = []
    for one in invoices[:ROWS]:
        outcome = word("issued", "void" if one.void and one.outcome in ("done", "again") else one.outcome)
        number = f"{type_name(one.invoice_type, one.name)} {one.code} {one.number}".strip()
        done = one.outcome in ("done", "again")
        ledger = say("yes" if one.entered else "no") if done else say("none")
        rows.append([one.id, outcome, number or say("none"), amount(one.total) if one.number else say("none"), ledger])
    return blocks.table(say("issue.results", n=len(invoices)), columns, rows, numeric=[3])


def found_panel(found: FoundView) -> dict[str, Any]:
    """One invoice, card and ledger side by side, and what can be done with it."""
    content: list[blocks.Block] = [finding_items(say("issue.findings"), found.findings)] if found.findings else []
    content.append(_sides(found))
    named = _named(found)
    back = blocks.button("start-over", say("issue.back"), tone="quiet")
    if found.on_card is None and found.in_ledger is None:
        return panel("issue-found", say("issue.found.none", invoice=named), [query()], blocks.form([back]))
    buttons = []
    if found.voidable:
        buttons.append(blocks.button("go-void", say("issue.go_void", invoice=named), tone="second"))
    fields = []
    if found.red_left and not found.red_left.startswith("0.00"):
        buttons.append(blocks.button("go-red", say("issue.go_red", invoice=named), tone="second"))
        fields.append(blocks.field("remark", say("issue.field.remark"), hint=say("issue.red.hint")))
    words = say("issue.found.agree" if found.agree else "issue.found.differ", invoice=named)
    return panel("issue-found", words, content, blocks.form([*buttons, back], fields))


def void_panel(found: FoundView) -> dict[str, Any]:
    """作废, on a panel of its own: the last four digits, the PIN, one button."""
    named = _named(found)
    total = amount(found.on_card.total if found.on_card else "")
    fields = [blocks.field("confirm", say("issue.confirm")), pin()]
    button = blocks.button("void", say("issue.void.button", invoice=named, total=total), tone="danger")
    back = blocks.button("start-over", say("issue.back"), tone="quiet")
    content = [blocks.text(say("issue.void.text"), "warning"), _sides(found)]
    return panel("issue-void", say("issue.void.answer"), content, blocks.form([button, back], fields), danger=True)


def _named(found: FoundView) -> str:
    return f"{type_name(found.invoice_type, found.name)} {found.code} {found.number}".strip()


def _sides(found: FoundView) -> blocks.Block:
    columns = ["", say("issue.date"), say("col.total"), say("issue.state")]
    rows = [
        [say("witness.device"), *_side(found.on_card)],
        [say("witness.ledger"), *_side(found.in_ledger)],
    ]
    return blocks.table(say("issue.sides"), columns, rows, numeric=[2])


def _side(side: SideView | None) -> list[str]:
    if side is None:
        return [say("none"), say("none"), say("issue.absent")]
    state = "void" if side.void else "red" if side.red else "normal"
    return [side.issue_date, amount(side.total), say(f"differ.{state}")]
