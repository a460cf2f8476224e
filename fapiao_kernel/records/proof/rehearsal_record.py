"""The rehearsal's report (演练报告): one self-contained HTML page, and its facts as JSON beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError, english
from fapiao_kernel.records import durable
from fapiao_kernel.records.proof.markup import Markup, inner, tag
from fapiao_kernel.records.proof.rehearsal_words import word
from fapiao_kernel.records.proof.style import css
from fapiao_kernel.records.proof.tables import when
from fapiao_kernel.records.proof.witnesses import money
from fapiao_kernel.records.proof.words import joined, unit_name

PAGE_NAME, FACTS_NAME = "演练报告.html", "演练报告.json"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LOOK = {"would_clear": ("✔", ""), "would_be_partial": ("◐", "unsure"), "would_be_refused": ("✘", "bad")}
_STEP = {"done": ("✔", "ok"), "stopped": ("✘", "no"), "broken": ("？", "ask"), "not_reached": ("·", "")}
_GRAVE = {"ok": ("✔", "ok"), "info": ("·", ""), "warning": ("！", "ask"), "blocker": ("✘", "no")}
_CLEARED = ("cleared", "already_cleared")


@dataclass(frozen=True)
class RehearsalFiles:
    """Page and facts on the disk; ``sha256`` of the page."""

    page: Path
    facts: Path
    sha256: str


def write(folder: Path, facts: Mapping[str, Any]) -> RehearsalFiles:
    """Both files, whole and on the disk when this returns. Raises ``FapiaoError`` (``proof_unwritable``)."""
    page = render(facts).encode("utf-8")
    files = RehearsalFiles(folder / PAGE_NAME, folder / FACTS_NAME, hashlib.sha256(page).hexdigest())
    told = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8")
    try:
        durable.make_folder(folder)
        durable.write_atomic(files.facts, told)
        durable.write_atomic(files.page, page)
    except OSError as error:
        raise FapiaoError("proof_unwritable", folder=str(folder), reason=error.strerror or str(error)) from error
    return files


def read_facts(folder: Path) -> dict[str, Any] | None:
    """The facts of a rehearsal's report; None when it left none."""
    try:
        told = json.loads((folder / FACTS_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def render(facts: Mapping[str, Any]) -> str:
    """The page: verdict and the statement that nothing was changed first, then what is missing, then how it went."""
    about = inner(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", f"{word('title')} {facts['device_number']} {facts['period']}"),
        tag("style", Markup(css(f"{word('title')} · {word('band')}"))),
    )
    body = inner(
        tag("div", tag("b", f"{word('band')}　{word('band_note')}"), class_="band", role="note"),
        tag("header", tag("h1", word("title")), tag("div", facts["taxpayer_name"], tag("br"), _line(facts, "id"))),
        _answer(facts),
        _identity(facts),
        _section("h.needs", _findings(facts["needs"])),
        _section("h.units", _units(facts)),
        _section("h.steps", _steps(facts)),
        _section("h.census", _census(facts)) if facts["census_after"] else "",
        _section("h.assumed", *(tag("p", f["message"]) for f in facts["assumed"])),
        _section("h.proof", _proof(facts)),
    )
    page = tag("html", tag("head", about), tag("body", body), lang="en" if english() else "zh-CN")
    return f"<!DOCTYPE html>\n{page}\n"


def _line(facts: Mapping[str, Any], key: str) -> str:
    return f"{word(key)} {facts['rehearsal']}"


def _answer(facts: Mapping[str, Any]) -> Markup:
    mark, look = _LOOK.get(facts["verdict"], ("？", "unsure"))
    units = joined([unit_name(unit) for unit in facts["units"] if unit["outcome"] in _CLEARED])
    said = [
        tag("p", f"{mark} {word(facts['verdict'], units=units)}", class_="big"),
        tag("p", tag("b", word("untouched"))),
    ]
    left = sum(need["severity"] not in ("ok", "info") for need in facts["needs"])
    if left:
        said.append(tag("p", word("left", n=left)))
    if facts["simulated"]:
        said.append(tag("p", word("practice")))
    if facts["error"]:
        said.append(tag("p", facts["error"]["message"]))
    return tag("div", *said, class_=f"answer {look}".strip())


def _identity(facts: Mapping[str, Any]) -> Markup:
    rows = (
        ("taxpayer", facts["taxpayer_name"], "taxpayer_id", facts["taxpayer_id"]),
        ("device", facts["device_number"], "card", facts["card_number"]),
        ("period", facts["period"], "by", facts["by"]),
        ("begun", when(facts["begun_at"]), "ended", when(facts["ended_at"])),
        ("read_at", when(facts["read_at"]), "clock", when(facts["card_read"]["clock"])),
    )
    cells = (tag("tr", tag("td", word(a)), tag("td", b), tag("td", word(c)), tag("td", d)) for a, b, c, d in rows)
    return tag("table", tag("tbody", *cells), class_="identity")


def _findings(findings: Sequence[Mapping[str, Any]]) -> Markup:
    if not findings:
        return tag("p", word("nothing"))
    rows = []
    for each in findings:
        mark, look = _GRAVE.get(each["severity"], ("？", "ask"))
        cells = (tag("td", f"{mark} {each['message']}", class_=look), tag("td", each["remedy"]))
        who = word(each["who"]) if each["remedy"] else ""
        rows.append(tag("tr", *cells, tag("td", who, class_="now")))
    return _table(("said", "remedy", "who"), rows)


def _steps(facts: Mapping[str, Any]) -> Markup:
    rows = []
    for step in facts["steps"]:
        mark, look = _STEP[step["outcome"]]
        said = [
            inner(
                f["message"], tag("span", f"　{f['evidence']}", class_="small") if f.get("evidence") else "", tag("br")
            )
            for f in step["findings"]
        ]
        seconds = "" if step["outcome"] == "not_reached" else f"{step['seconds']:.1f}"
        cells = (
            tag("td", word(f"step.{step['name']}"), class_="now"),
            tag("td", f"{mark} {word(step['outcome'])}", class_=f"mark {look}".strip()),
            tag("td", said),
            tag("td", seconds, class_="num"),
        )
        rows.append(tag("tr", *cells))
    return _table(("step", "outcome", "said", "seconds"), rows, numbers=1)


def _units(facts: Mapping[str, Any]) -> Markup:
    by_card = {(s["invoice_type"], s["period"]): s for s in facts["statistics"]}
    rows = []
    for unit in facts["units"]:
        good = unit["outcome"] in _CLEARED
        look = "ok" if good else "no" if unit["outcome"] else ""
        told = by_card.get((unit["invoice_type"], unit["period"]))
        beside = word("same" if told["agrees"] else "differs") if told else ""
        numbers = (
            (f"{unit['count']:,}", *(money(unit[key]) for key in ("amount", "tax", "total")))
            if "digest" in unit
            else ("", "", "", "")
        )
        rows.append(
            tag(
                "tr",
                tag("td", unit_name(unit), class_="now"),
                tag("td", word(f"unit.{unit['outcome']}"), class_=f"mark {look}".strip()),
                tag("td", beside),
                *(tag("td", number, class_="num") for number in numbers),
            )
        )
    return _table(("type", "outcome", "by_card", "count", "amount", "tax", "total"), rows, numbers=4)


def _census(facts: Mapping[str, Any]) -> Markup:
    before, after = facts["census_before"], facts["census_after"]
    rows = []
    for part in ("open", "cleared", "all"):
        count = f"{before[part]['count']:,} → {after[part]['count']:,}"
        total = f"{money(before[part]['total'])} → {money(after[part]['total'])}"
        rows.append(tag("tr", tag("td", word(part)), tag("td", count, class_="num"), tag("td", total, class_="num")))
    return _table(("invoices", "count", "total"), rows, numbers=2)


def _proof(facts: Mapping[str, Any]) -> Markup:
    pairs = [(word("digest", unit=unit_name(u)), tag("code", u["digest"])) for u in facts["units"] if "digest" in u]
    twin = facts["twin"]
    pairs.append((word("journal", records=twin["journal_records"]), tag("code", twin["journal_head"])))
    versions = " · ".join(f"{name} {version}" for name, version in sorted(facts["versions"].items()))
    pairs.append((word("versions"), tag("code", versions)))
    return tag("table", tag("tbody", *(tag("tr", tag("td", a, class_="now"), tag("td", b)) for a, b in pairs)))


def _section(heading: str, *content: Markup) -> Markup:
    return tag("section", tag("h2", word(heading)), *content)


def _table(heads: Sequence[str], rows: Iterable[Markup], numbers: int = 0) -> Markup:
    """``numbers``: how many columns at the right hold numbers."""
    left = len(heads) - numbers
    cells = (tag("th", word(h), class_="num" if i >= left else "", scope="col") for i, h in enumerate(heads))
    return tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows))
