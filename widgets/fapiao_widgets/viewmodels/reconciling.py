"""The reconciliation (对账): the verdict first, three columns under it, then the invoices behind each difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from fapiao_kernel.api.reconciling import (
    CandidateView,
    ExplanationView,
    LineView,
    ReconcileAnswer,
    ReconciliationView,
    SideView,
)
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks, differing
from fapiao_widgets.viewmodels.formats import amount, count, moment, type_name, word
from fapiao_widgets.viewmodels.frame import panel, whole
from fapiao_widgets.viewmodels.model import Model
from fapiao_widgets.viewmodels.previewing import rate_word
from fapiao_widgets.viewmodels.trouble import card, finding_items

ICONS = {"agrees": "✓", "differs": "✕", "unknown": "?"}
LISTED = 100
"""Invoices of each ground that stand in the table: a page is sent whole at every refresh."""


class Reconcile(Model):
    """Drawing asks nobody for figures: a card is read when a person clicks, and the answer stays until the next click."""

    title = "title.reconcile"
    help = "reconcile"
    answer: ReconcileAnswer | None = None

    def draw(self) -> dict[str, Any]:
        assert self.status is not None
        cards = self.status.cards
        drawn = told(self.answer) if self.answer is not None else _before(bool(cards))
        if self.trouble is not None:
            drawn["blocks"].insert(0, card(self.trouble))
        if cards:
            buttons = [
                blocks.button(
                    "reconcile", say("rec.button", device=each.device_number or each.address), card=each.address
                )
                for each in cards
            ]
            fields = [blocks.field("periods", say("rec.state.period"), hint=say("rec.periods.hint"))]
            drawn["act"] = blocks.form(buttons, fields)
            drawn["blocks"].append(_stating(cards[0].address))
        return whole(self.frame(cards[0] if cards else None), drawn)

    def acts(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {"reconcile": self._reconcile, "state-return": self._state}

    def _reconcile(self, inputs: dict[str, Any]) -> None:
        self.answer = self.client.reconcile(str(inputs["card"]), _several(inputs.get("periods"), r"[,，、;；\s]+"))

    def _state(self, inputs: dict[str, Any]) -> None:
        at, period = str(inputs["card"]), str(inputs.get("period") or "").strip()
        stated = _several(inputs.get("stated"), "[;；]")
        path, filed_on = (str(inputs.get(name) or "").strip() for name in ("path", "filed_on"))
        kept = self.client.state_return(at, period, stated, path=path, filed_on=filed_on)
        self.answer = self.client.reconcile(at, sorted({one.period for one in kept.returns}))


def told(answer: ReconcileAnswer) -> dict[str, Any]:
    """The panel of an answer."""
    content: list[blocks.Block] = []
    for one in answer.periods:
        content += _period(one)
    verdicts = [say(f"rec.answer.{one.agreement}", period=one.period) for one in answer.periods]
    return panel("reconcile", " ".join(verdicts), content)


def label(line: LineView) -> str:
    """专票 2026-10 13%."""
    several = line.invoice_type in ("", "device", "special", "other")
    kind = say(f"rec.type.{line.invoice_type or 'all'}") if several else type_name(line.invoice_type)
    return " ".join(part for part in (kind, line.period, rate_word(line.rate) if line.rate else "") if part)


def _before(any_card: bool) -> dict[str, Any]:
    return panel("reconcile", say("rec.before" if any_card else "rec.no_card"), [blocks.text(say("rec.text"), "quiet")])


def _several(text: Any, between: str) -> list[str]:
    return [each.strip() for each in re.split(between, str(text or "")) if each.strip()]


def _period(one: ReconciliationView) -> list[blocks.Block]:
    content = [finding_items(one.period, one.findings)] if one.findings else []
    if one.lines:
        columns = ["", *(say(f"rec.col.{name}") for name in ("ledger", "card", "return", "vs_card", "vs_return"))]
        rows = [_row(line) for line in one.lines]
        content.append(blocks.table(say("rec.table", period=one.period), columns, rows, numeric=[1, 2, 3]))
    content.append(blocks.facts(list(_sources(one))))
    for line in one.lines:
        if line.named is not None:
            content.append(differing.unit_block(line.named))
        if line.explained is not None:
            content.append(_explained(line, line.explained))
    return content


def _sources(one: ReconciliationView) -> Iterator[tuple[str, str]]:
    """When the card was read, and where each return's figures come from."""
    yield say("rec.read_at"), moment(one.read_at) if one.read_at else say("rec.never")
    for back in one.filed:
        filed_on = say("rec.filed_on", day=back.filed_on) if back.filed_on else ""
        parts = (say(f"rec.source.{back.source}"), moment(back.told_at), filed_on, back.note)
        yield say("rec.filed"), " · ".join(part for part in parts if part)


def _row(line: LineView) -> list[str]:
    return [
        label(line),
        *(_side(side) for side in (line.ledger, line.card, line.filed)),
        _apart(line.against_card, line.card_apart),
        _apart(line.against_return, line.filed_apart),
    ]


def _side(side: SideView | None) -> str:
    if side is None:
        return say("none")
    total = amount(side.total)
    return total if side.count is None else say("rec.sheets", n=count(side.count), total=total)


def _apart(agreed: str | None, apart: SideView | None) -> str:
    """Icon, word and how much: nothing by colour alone."""
    if agreed is None:
        return ""
    said = f"{ICONS[agreed]} {say(f'rec.{agreed}')}"
    if agreed != "differs" or apart is None:
        return said
    sheets = [say("rec.apart.sheets", n=f"{apart.count:+,}")] if apart.count else []
    sums = [_signed(name, value) for name, value in (("amount", apart.amount), ("tax", apart.tax)) if value]
    return " ".join([said, say("join").join([*sheets, *(sums or [_signed("total", apart.total)])])])


def _signed(name: str, value: str) -> str:
    sign = "" if value.startswith("-") or not value.strip("0.") else "+"
    return say(f"rec.apart.{name}", n=sign + amount(value))


def _explained(line: LineView, told: ExplanationView) -> blocks.Block:
    """What the difference may come from: what is exact first."""
    content: list[blocks.Block] = []
    for one in told.suspects:
        if one.ground in told.exact:
            ground, total = word("rec.ground", one.ground), amount(one.total)
            words = say("rec.exact.ground", ground=ground, n=count(one.count), total=total)
            content.append(blocks.text(words, "warning"))
    for each in told.sets:
        numbers = say("join").join(_number(i) for i in each)
        content.append(blocks.text(say("rec.exact.set", n=len(each), numbers=numbers), "warning"))
    if not told.sets and not told.exact:
        content.append(blocks.text(say("rec.exact.none" if told.whole else "rec.exact.unsure")))
    rows = list(_candidates(told))
    if rows:
        columns = [say(f"col.{name}") for name in ("type", "code", "number", "date", "amount", "tax")] + [
            say("rec.why")
        ]
        content.append(blocks.table(say("rec.suspects"), columns, rows, numeric=[4, 5]))
    left = sum(one.count - min(len(one.shown), LISTED) for one in told.suspects)
    if left:
        content.append(blocks.text(say("differ.rest", n=count(left)), "quiet"))
    return blocks.more(say("rec.explained", line=label(line)), content)


def _candidates(told: ExplanationView) -> Iterator[list[str]]:
    for one in told.suspects:
        for each in islice(one.shown, LISTED):
            why = say("join").join(word("rec.ground", ground) for ground in each.grounds)
            sums = (amount(each.amount), amount(each.tax))
            yield [type_name(each.invoice_type), each.code, each.number, each.issue_date, *sums, why]


def _number(one: CandidateView) -> str:
    return f"{one.code} {one.number}".strip()


def _stating(at: str) -> blocks.Block:
    fields = [
        blocks.field("period", say("rec.state.period"), example="2026-10"),
        blocks.field("stated", say("rec.state.figures"), hint=say("rec.state.hint"), example="13%=10000.00/1300.00"),
        blocks.field("path", say("rec.state.path"), hint=say("rec.state.path.hint")),
        blocks.field("filed_on", say("rec.state.filed_on"), example="2026-11-05"),
    ]
    button = blocks.button("state-return", say("rec.state.button"), tone="second", card=at)
    return blocks.more(say("rec.state"), [blocks.form([button], fields)])
