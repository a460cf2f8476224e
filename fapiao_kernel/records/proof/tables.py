"""The record's tables (清卡记录的表格): amounts right-aligned with separators, dates ISO, changes as before → after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.invoice import EXEMPT
from fapiao_kernel.records.proof.markup import Markup, inner, tag
from fapiao_kernel.records.proof.signature import grouped
from fapiao_kernel.records.proof.witnesses import CLOSED, money
from fapiao_kernel.records.proof.words import joined, story, type_name, unit_name, word

_SEVERITY = {"ok": ("✔", "ok"), "info": ("✔", "ok"), "warning": ("！", "ask"), "blocker": ("✘", "no")}
"""Mark and look of a check; ``unknown`` is never ok. The word beside stands under the look's name."""
VERDICTS = ("cleared", "already_cleared", "partial", "refused")
"""What a record may answer; anything else reads as unknown."""


def identity(facts: Mapping[str, Any], periods: str) -> Markup:
    """Whose device it is (企业名称, 税号, 机器编号), and which periods (征期)."""
    card = facts["card_after"] or facts["card_before"]
    number = card["identity"].get("card_number", "") if card else ""
    rows = (
        ("taxpayer", facts["taxpayer_name"], "taxpayer_id", facts["taxpayer_id"]),
        ("device", facts["device_number"], "card", number),
        ("period", periods, "by", facts["opened_by"]),
        ("opened", when(facts["opened_at"]), "finished", when(facts["finished_at"])),
    )
    cells = (tag("tr", tag("td", word(a)), tag("td", b), tag("td", word(c)), tag("td", d)) for a, b, c, d in rows)
    return tag("table", tag("tbody", *cells), class_="identity")


def device(facts: Mapping[str, Any]) -> Markup:
    """Each unit on the device: outcome, 锁死日期 and 抄报起始 before and after."""
    rows = []
    for unit in facts["units"]:
        good = unit["outcome"] in CLOSED
        sure = good or unit["outcome"] != "unknown"
        mark = ("✔", "ok") if good else ("✘", "no") if sure else ("？", "ask")
        outcome = tag("td", f"{mark[0]} {word('outcome.' + unit['outcome'])}", class_=f"mark {mark[1]}")
        lock = _move(unit["lock_date_before"], unit["lock_date_after"])
        start = _move(unit["report_start_before"], unit["report_start_after"])
        rows.append(
            tag("tr", tag("td", type_name(unit["invoice_type"])), tag("td", unit["period"]), outcome, lock, start)
        )
    return _table(("type", "period", "outcome", "lock", "report_start"), rows)


def totals(facts: Mapping[str, Any]) -> Markup:
    """Each unit's totals by rate (税率), beside the card's own monthly statistics."""
    by_card = {(s["invoice_type"], s["period"]): s for s in facts["statistics"]}
    rows: list[Markup] = []
    for unit in facts["preview"]["units"]:
        name = unit_name(unit)
        for part in unit["rates"]:
            both = Decimal(part["amount"]) + Decimal(part["tax"])
            rows.append(_sums(name, rate(part["rate"]), part["count"], part["amount"], part["tax"], str(both)))
            name = ""
        label = word("sum", voids=unit["voids"], reds=unit["reds"])
        rows.append(_sums(name, label, unit["count"], unit["amount"], unit["tax"], unit["total"], "sum"))
        seen = by_card.get((unit["invoice_type"], unit["period"]))
        if seen is not None:
            verdict = (
                tag("span", "✔ " + word("yes"), class_="ok")
                if seen["agrees"]
                else tag("span", "✘ " + word("no"), class_="no")
            )
            label_cell = tag("td", word("by_card"), " ", verdict)
            count = tag("td", f"{seen['card_count']:,}", class_="num")
            total = tag("td", money(seen["card_total"]), class_="num")
            rows.append(tag("tr", tag("td"), label_cell, count, tag("td"), tag("td"), total, class_="card"))
    return _table(("type", "rate", "count", "amount", "tax", "total"), rows, numbers=4)


def census(facts: Mapping[str, Any]) -> Markup:
    """Invoices open, cleared and all, before and after: the last pair does not change."""
    before, after = facts["census_before"], facts["census_after"]
    rows = []
    for part in ("open", "cleared", "all"):
        count = _move(f"{before[part]['count']:,}", f"{after[part]['count']:,}", number=True)
        total = _move(money(before[part]["total"]), money(after[part]["total"]), number=True)
        rows.append(tag("tr", tag("td", word(part)), count, total, class_="sum" if part == "all" else ""))
    return _table(("tick.ledger", "count", "total"), rows, numbers=2)


def checks(facts: Mapping[str, Any]) -> Markup:
    """The verification (核验), one line a check."""
    rows = []
    for check in facts["verification"]:
        finding = check["finding"]
        mark, look = _SEVERITY.get(finding.get("severity", ""), ("？", "ask"))
        said = inner(
            finding.get("message", ""),
            tag("span", f"　{finding['evidence']}", class_="small") if finding.get("evidence") else "",
        )
        rows.append(
            tag(
                "tr",
                tag("td", f"{mark} {word('check.' + look)}", class_=f"mark {look}"),
                tag("td", check["title"]),
                tag("td", said),
            )
        )
    return _table(("outcome", "check", "said"), rows)


def backups(facts: Mapping[str, Any]) -> Markup:
    """The backups (备份) of the run: where each copy lies, its SHA-256, and whether it was read back."""
    rows = []
    for backup in facts["backups"]:
        mark, look = ("✔ " + word("proven.yes"), "ok") if backup["proven"] else ("！ " + word("proven.no"), "ask")
        files = [inner(str(copy["path"]), tag("br")) for copy in backup["copies"]]
        sums = {copy["sha256"]: tag("code", f"SHA-256 {copy['sha256']}") for copy in backup["copies"]}
        size = _size(max((int(copy["size"]) for copy in backup["copies"]), default=0))
        cells = (
            tag("td", when(backup["time"]), tag("br"), str(backup["reason"]), class_="now"),
            tag("td", files, sums.values()),
            tag("td", size, class_="num"),
            tag("td", mark, class_=f"mark {look}"),
        )
        rows.append(tag("tr", *cells))
    return _table(("time", "place", "size", "proven"), rows)


def story_table(records: Iterable[Mapping[str, Any]]) -> Markup:
    """What was done, by whom and when, from the journal (操作日志)."""
    rows = []
    for record in records:
        text = told(record)
        if text:
            rows.append(
                tag(
                    "tr",
                    tag("td", when(record["time"]), class_="now"),
                    tag("td", record["who"], class_="now"),
                    tag("td", text),
                )
            )
    return _table(("time", "who", "what"), rows)


def told(record: Mapping[str, Any]) -> str:
    """What a journal record says in one line; "" for kinds that are no news to a reader of the record."""
    data = record["data"]
    facts = {
        "units": joined([unit_name(unit) for unit in data.get("units", ()) if isinstance(unit, Mapping)]),
        "outcome": word(f"outcome.{data['outcome']}") if "outcome" in data else "",
        **{
            key: data.get(key, "")
            for key in ("revision", "reason", "device_tail", "period", "code", "statement", "evidence")
        },
    }
    return story(record["kind"], facts) or ""


def answer(facts: Mapping[str, Any]) -> str:
    """The answer (结论) in one sentence: what is cleared, and what is not."""
    verdict = facts["verdict"] if facts["verdict"] in VERDICTS else "unknown"
    done = [unit_name(u) for u in facts["units"] if u["outcome"] in CLOSED]
    left = [unit_name(u) for u in facts["units"] if u["outcome"] not in CLOSED]
    return word(f"answer.{verdict}", closed=joined(done), left=joined(left))


def band(facts: Mapping[str, Any]) -> str:
    """What a simulated card's record says on top of every page; "" for a real one."""
    return f"{word('band')}　{word('band_note')}" if facts["simulated"] else ""


def passed(finding: Mapping[str, Any]) -> str:
    """A check's result with its mark."""
    mark, look = _SEVERITY.get(finding.get("severity", ""), ("？", "ask"))
    return f"{mark} {word('check.' + look)}"


def proof(facts: Mapping[str, Any], head: str, key: str) -> Markup:
    """What the record rests on: revision, digests, journal span and head, fingerprint of the signing key, versions."""
    span = word("journal.span", first=facts["journal_first"], last=facts["journal_last"])
    versions = " · ".join(f"{name} {version}" for name, version in sorted(facts["versions"].items()))
    pairs = [(word("revision"), tag("code", facts["preview"]["revision"]))]
    pairs += [(word("digest", unit=unit_name(u)), tag("code", u["digest"])) for u in facts["preview"]["units"]]
    pairs += [(word("journal"), inner(f"{span} ", tag("code", head)))]
    pairs += [(word("signing_key"), tag("code", grouped(key) or word("none")))]
    pairs += [(word("versions"), tag("code", versions))]
    return tag("table", tag("tbody", *(tag("tr", tag("td", a, class_="now"), tag("td", b)) for a, b in pairs)))


def when(time: str) -> str:
    """An ISO time to the second, without the T and the zone: the record is read in one place."""
    return time[:19].replace("T", " ")


def rate(text: str) -> str:
    """0.13 → 13%; a word stays a word."""
    if text == EXEMPT:
        return word("exempt")
    try:
        percent = (Decimal(text) * 100).normalize()
    except ArithmeticError:
        return text
    return f"{percent:f}%"


def _sums(name: str, label: str, count: int, amount: str, tax: str, total: str, look: str = "") -> Markup:
    numbers = (f"{count:,}", money(amount), money(tax), money(total))
    cells = (tag("td", number, class_="num") for number in numbers)
    return tag("tr", tag("td", name, class_="now"), tag("td", label), *cells, class_=look)


def _move(before: str, after: str, *, number: bool = False) -> Markup:
    look = "move num" if number else "move now"
    if before == after:
        return tag("td", tag("span", after), class_=look)
    old, new = tag("span", before or "？", class_="old"), tag("span", after or "？", class_="new")
    return tag("td", old, tag("span", "→", class_="arrow"), new, class_=look)


def _table(heads: Sequence[str], rows: Iterable[Markup], numbers: int = 0) -> Markup:
    """``numbers``: how many columns at the right hold numbers."""
    left = len(heads) - numbers
    cells = (
        tag("th", word(head), class_="num" if index >= left else "", scope="col") for index, head in enumerate(heads)
    )
    return tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows))


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB" if count >= 1_000_000 else f"{max(1, count // 1000):,} kB"
