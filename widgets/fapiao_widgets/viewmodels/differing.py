"""Where card and ledger differ (差异明细), under the statistics of step ④: each unit's invoices by number, opened by a click."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fapiao_kernel.api.differences import BothView, BriefView, DifferenceView
from fapiao_kernel.api.runs import PreviewView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import amount, count, unit

LISTED = 100
"""Invoices of each list that stand in the table: a page is sent whole at every refresh."""


def differences(preview: PreviewView) -> list[blocks.Block]:
    """One block a differing unit: how many, then which; what could not be named is said in words."""
    return [unit_block(entry) for entry in preview.differences]


def unit_block(entry: DifferenceView) -> blocks.Block:
    """One differing unit."""
    found = sum(one.count for one in (entry.only_card, entry.only_ledger, entry.other))
    content = [blocks.text(words, "warning") for words in _said(entry)]
    rows = list(_rows(entry))
    if rows:
        columns = [say(f"col.{name}") for name in ("code", "number", "date")]
        columns += [say(f"differ.col.{name}") for name in ("card", "ledger", "why")]
        content.append(blocks.table(say("differ.table"), columns, rows, numeric=[3, 4]))
    if found > len(rows):
        content.append(blocks.text(say("differ.rest", n=count(found - len(rows))), "quiet"))
    return blocks.more(say("differ.unit", unit=unit(entry), n=count(found + entry.unnamed)), content)


def _said(entry: DifferenceView) -> Iterator[str]:
    if entry.by == "volume_gaps":
        yield say("differ.by_volumes")
    if entry.list_agrees is False:
        yield say("differ.list_disagrees")
    if entry.unnamed:
        yield say("differ.unnamed", n=count(entry.unnamed))


def _rows(entry: DifferenceView) -> Iterator[list[str]]:
    gaps = entry.by == "volume_gaps"
    missing, foreign = ("differ.gap", "differ.outside") if gaps else ("differ.only_card", "differ.only_ledger")
    for one in islice(entry.only_card.shown, LISTED):
        yield [*_key(one), _total(one), "", _why(say(missing), one)]
    for one in islice(entry.only_ledger.shown, LISTED):
        yield [*_key(one), "", _total(one), _why(say(foreign), one)]
    for both in islice(entry.other.shown, LISTED):
        yield [*_key(both.ledger), _total(both.card), _total(both.ledger), _both(both)]


def _key(one: BriefView) -> list[str]:
    return [one.code, one.number, one.issue_date]


def _total(one: BriefView) -> str:
    return amount(one.total) if one.total else ""


def _why(words: str, one: BriefView) -> str:
    state = _state(one)
    return f"{words} · {state}" if state else words


def _both(both: BothView) -> str:
    """What is not alike: the state first, since a void one's amount counts as zero."""
    card, ledger = (_state(side) or say("differ.normal") for side in (both.card, both.ledger))
    return say("differ.state", card=card, ledger=ledger) if card != ledger else say("differ.amount")


def _state(one: BriefView) -> str:
    states = [say(f"differ.{name}") for name, holds in (("red", one.red), ("void", one.void)) if holds]
    return say("join").join(states)
