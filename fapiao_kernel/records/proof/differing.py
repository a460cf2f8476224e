"""Where card and ledger differed in the frozen preview (差异明细), invoice by invoice, as the record's page and workbook tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fapiao_kernel.records.proof.markup import Markup, inner, tag
from fapiao_kernel.records.proof.witnesses import money
from fapiao_kernel.records.proof.words import joined, unit_name, word

LISTED = 50
"""Invoices of a unit that stand on the page; the workbook and the bundle have every one that the frozen preview lists."""
_LISTS = ("only_card", "only_ledger", "other")


@dataclass(frozen=True)
class Named:
    """One invoice that differs: amounts with tax as decimal text, "" where a side does not have it or does not tell."""

    code: str
    number: str
    date: str
    card: str
    ledger: str
    why: str


def of_unit(facts: Mapping[str, Any], unit: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the frozen preview names of this unit; None when it agrees, or was frozen without naming (恢复)."""
    key = (unit["invoice_type"], unit["period"])
    entries = facts["preview"].get("differences", ())
    return next((e for e in entries if (e["invoice_type"], e["period"]) == key), None)


def named(entry: Mapping[str, Any]) -> Iterator[Named]:
    """Every invoice that the entry shows, in its order."""
    gaps = entry["by"] == "volume_gaps"
    missing, foreign = ("d.gap", "d.outside") if gaps else ("d.only_card", "d.only_ledger")
    for one in entry["only_card"]["shown"]:
        yield Named(*_key(one), one.get("total", ""), "", _why(missing, one))
    for one in entry["only_ledger"]["shown"]:
        yield Named(*_key(one), "", one.get("total", ""), _why(foreign, one))
    for both in entry["other"]["shown"]:
        card, ledger = both["card"], both["ledger"]
        yield Named(*_key(ledger), card["total"], ledger["total"], _both(card, ledger))


def remarks(entry: Mapping[str, Any], shown: int) -> Iterator[str]:
    """What the numbers alone do not say, with so many of them shown: how they were found, and what is missing."""
    listed = sum(len(entry[name]["shown"]) for name in _LISTS)
    if entry["by"] == "volume_gaps":
        yield word("d.by_volumes")
    if entry["list_agrees"] is False:
        yield word("d.list_disagrees")
    if listed > shown:
        yield word("d.rest", n=listed - shown)
    if _count(entry) > listed:
        yield word("d.counted", n=_count(entry) - listed)
    if entry["unnamed"]:
        yield word("d.unnamed", n=entry["unnamed"])


def page(facts: Mapping[str, Any]) -> Markup:
    """The differing units as compact lists; "" when there are none."""
    return inner(*(_unit(entry) for entry in facts["preview"].get("differences", ())))


def _unit(entry: Mapping[str, Any]) -> Markup:
    rows = list(islice(named(entry), LISTED))
    heads = ("invoice.code", "number", "date", "card.total", "ledger.total", "note")
    head = tag("tr", *(tag("th", word(name), class_="num" if name.endswith("total") else "") for name in heads))
    body = (
        tag(
            "tr",
            *(tag("td", text, class_="now") for text in (one.code, one.number, one.date)),
            *(tag("td", money(total) if total else "", class_="num") for total in (one.card, one.ledger)),
            tag("td", one.why),
        )
        for one in rows
    )
    title = tag("p", tag("b", word("d.unit", unit=unit_name(entry), n=_count(entry) + entry["unnamed"])))
    table = tag("table", tag("thead", head), tag("tbody", *body)) if rows else Markup("")
    return inner(title, table, *(tag("p", said, class_="small") for said in remarks(entry, len(rows))))


def _count(entry: Mapping[str, Any]) -> int:
    """How many invoices were found to differ, listed or not."""
    return sum(int(entry[name]["count"]) for name in _LISTS)


def _key(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return one["code"], one["number"], one.get("issue_date", "")


def _why(key: str, one: Mapping[str, Any]) -> str:
    return f"{word(key)} · {_state(one)}" if _marks(one) else word(key)


def _both(card: Mapping[str, Any], ledger: Mapping[str, Any]) -> str:
    if _marks(card) != _marks(ledger):
        return word("d.state", card=_state(card), ledger=_state(ledger))
    return word("d.amount")


def _marks(one: Mapping[str, Any]) -> list[str]:
    return [name for name in ("red", "void") if one.get(name)]


def _state(one: Mapping[str, Any]) -> str:
    marks = {"red": "reds", "void": "voids"}
    return joined([word(marks[name]) for name in _marks(one)]) if _marks(one) else word("d.normal")
