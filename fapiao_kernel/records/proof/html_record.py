"""The clear record (清卡记录) as one A4 page or two of self-contained HTML: the answer first, its evidence under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.domain.errors import english
from fapiao_kernel.records.proof import differing, tables
from fapiao_kernel.records.proof.markup import Markup, inner, tag
from fapiao_kernel.records.proof.style import css
from fapiao_kernel.records.proof.witnesses import witnesses
from fapiao_kernel.records.proof.words import joined, word

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LOOK = {"cleared": ("✔", ""), "already_cleared": ("✔", ""), "partial": ("◐", "unsure"), "refused": ("✘", "bad")}
_MARKS = {"yes": ("✔", "ok"), "no": ("✘", "no"), "ask": ("？", "ask")}


def render(
    facts: Mapping[str, Any], records: Sequence[Mapping[str, Any]], journal_head: str, signing_key: str = ""
) -> str:
    """The page. ``records``: the run's own journal records as JSON, oldest first; ``journal_head``: hash of the span's last;
    ``signing_key``: fingerprint of the key that signs the bundle."""
    about = inner(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", f"{word('title')} {facts['device_number']} {_periods(facts)}"),
        tag("style", Markup(css(word("title") + (f" · {word('band')}" if facts["simulated"] else "")))),
    )
    body = inner(
        _band(facts),
        _header(facts),
        _answer(facts),
        tables.identity(facts, _periods(facts)),
        _section("h.device", tables.device(facts)),
        _section("h.ticks", _ticks(facts)),
        _section("h.totals", tables.totals(facts), tag("p", word("voids_zero"), class_="small")),
        _differences(facts),
        _section("h.census", tables.census(facts)),
        _section("h.checks", tables.checks(facts), long=True),
        _section("h.backups", tables.backups(facts)),
        _section("h.story", tables.story_table(records), long=True),
        _section("h.proof", tables.proof(facts, journal_head, signing_key), tag("p", word("how"), class_="small")),
        tag("div", *(tag("div", word(f"sign.{who}")) for who in ("by", "second", "date")), class_="signs"),
    )
    page = tag("html", tag("head", about), tag("body", body), lang="en" if english() else "zh-CN")
    return f"<!DOCTYPE html>\n{page}\n"


def _band(facts: Mapping[str, Any]) -> Markup:
    text = tables.band(facts)
    return tag("div", tag("b", text), class_="band", role="note") if text else Markup("")


def _header(facts: Mapping[str, Any]) -> Markup:
    right = tag("div", facts["taxpayer_name"], tag("br"), f"{word('run')} {facts['run']}")
    return tag("header", tag("h1", word("title")), right)


def _answer(facts: Mapping[str, Any]) -> Markup:
    mark, look = _LOOK.get(facts["verdict"], ("？", "unsure"))
    locks = sorted({_change(u["lock_date_before"], u["lock_date_after"]) for u in facts["units"]})
    card = facts["card_after"] or facts["card_before"] or {"clock": "？"}
    why = word(
        "answer.why", lock=joined(locks), clock=tables.when(card["clock"]), done=tables.when(facts["finished_at"])
    )
    return tag(
        "div", tag("p", f"{mark} {tables.answer(facts)}", class_="big"), tag("p", why), class_=f"answer {look}".strip()
    )


def _change(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after or '？'}"


def _ticks(facts: Mapping[str, Any]) -> Markup:
    boxes = []
    for witness in witnesses(facts):
        mark, look = _MARKS[witness.state]
        head = tag("span", f"{mark} {word(witness.state)}", class_=look)
        extra = (
            [tag("p", word("filed", sentence=(facts["declaration"] or {}).get("sentence") or word("ask")))]
            if witness.name == "authority"
            else []
        )
        title = tag("p", word(f"tick.{witness.name}"), " ", head, class_="head")
        boxes.append(tag("div", title, tag("p", witness.sentence), *extra))
    return tag("div", *boxes, class_="ticks")


def _differences(facts: Mapping[str, Any]) -> Markup:
    page = differing.page(facts)
    return _section("h.differences", page, long=True) if page else page


def _section(heading: str, *content: Markup, long: bool = False) -> Markup:
    return tag("section", tag("h2", word(heading)), *content, class_="long" if long else "")


def _periods(facts: Mapping[str, Any]) -> str:
    return joined(sorted({unit["period"] for unit in facts["units"]}))
