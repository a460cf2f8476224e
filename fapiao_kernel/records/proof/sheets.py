"""What stands on each sheet of the workbook (各工作表内容): summary, units, preview, differences, verification, journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fapiao_kernel.records.proof import differing, tables
from fapiao_kernel.records.proof.witnesses import witnesses
from fapiao_kernel.records.proof.words import type_name, word

_UNITS = "code type period outcome count total lock.before lock.after start.before start.after digest.d1"
_DIFFERENCES = "code type period card.count ledger.count count.difference card.total ledger.total total.difference said"
_NAMED = "invoice.code number date"


@dataclass(frozen=True)
class Amount:
    """Yuan, as the decimal text it is."""

    text: str


Cell = str | int | Amount
Rows = Iterator[tuple[Cell, ...]]


@dataclass(frozen=True)
class Sheet:
    """A table: heads, and rows of text, counts and amounts."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(facts: Mapping[str, Any], records: Sequence[Mapping[str, Any]], head: str, key: str) -> Iterator[Sheet]:
    """The six sheets, the answer first. ``head``: the journal's; ``key``: fingerprint of the signing key."""
    yield _sheet("title", "item content note", _summary(facts, head, key))
    yield _sheet("s.units", _UNITS, _units(facts))
    yield _sheet("s.preview", "code type period rate count voids reds amount tax total", _preview(facts))
    yield _sheet("s.differences", f"{_DIFFERENCES} {_NAMED}", _differences(facts))
    yield _sheet("s.checks", "outcome check said evidence remedy", _checks(facts))
    yield _sheet("s.journal", "seq time who kind what data hash", _journal(records))


def _sheet(title: str, heads: str, rows: Rows) -> Sheet:
    return Sheet(word(title), tuple(word(head) for head in heads.split()), tuple(rows))


def _summary(facts: Mapping[str, Any], head: str, key: str) -> Rows:
    card = facts["card_after"] or facts["card_before"] or {}
    yield word("verdict"), tables.answer(facts), str(facts["verdict"])
    for witness in witnesses(facts):
        yield word(f"tick.{witness.name}"), witness.sentence, word(witness.state)
    yield word("taxpayer"), facts["taxpayer_name"], ""
    yield word("taxpayer_id"), facts["taxpayer_id"], ""
    yield word("device"), facts["device_number"], ""
    yield word("card"), str(card.get("identity", {}).get("card_number", "")), ""
    yield word("run"), facts["run"], ""
    yield word("by"), facts["opened_by"], ""
    yield word("opened"), facts["opened_at"], ""
    yield word("finished"), facts["finished_at"], ""
    for part in ("open", "cleared", "all"):
        before, after = facts["census_before"][part], facts["census_after"][part]
        yield (
            f"{word('tick.ledger')} · {word(part)}",
            f"{before['count']:,} → {after['count']:,}",
            f"{Decimal(before['total']):,.2f} → {Decimal(after['total']):,.2f}",
        )
    for backup in facts["backups"]:
        proven = word("proven.yes") if backup["proven"] else word("proven.no")
        for copy in backup["copies"]:
            yield f"{word('s.backup')} {backup['id']}", str(copy["path"]), f"{proven} · SHA-256 {copy['sha256']}"
    yield word("revision"), facts["preview"]["revision"], ""
    yield word("journal"), word("journal.span", first=facts["journal_first"], last=facts["journal_last"]), head
    yield word("signing_key"), key or word("none"), ""
    for name, version in sorted(facts["versions"].items()):
        yield f"{word('versions')} · {name}", str(version), ""


def _units(facts: Mapping[str, Any]) -> Rows:
    for unit in facts["units"]:
        dates = ("lock_date_before", "lock_date_after", "report_start_before", "report_start_after")
        outcome = word(f"outcome.{unit['outcome']}")
        yield (
            *_unit(unit), outcome, unit["count"], Amount(unit["total"]), *(unit[date] for date in dates), unit["digest"]
        )  # fmt: skip


def _preview(facts: Mapping[str, Any]) -> Rows:
    for unit in facts["preview"]["units"]:
        for part in unit["rates"]:
            both = str(Decimal(part["amount"]) + Decimal(part["tax"]))
            sums = (Amount(part["amount"]), Amount(part["tax"]), Amount(both))
            yield *_unit(unit), tables.rate(part["rate"]), part["count"], "", "", *sums
        sums = (Amount(unit["amount"]), Amount(unit["tax"]), Amount(unit["total"]))
        yield *_unit(unit), word("s.sum"), unit["count"], unit["voids"], unit["reds"], *sums


def _differences(facts: Mapping[str, Any]) -> Rows:
    for line in facts["statistics"]:
        counts = (int(line["card_count"]), int(line["ledger_count"]))
        totals = (Decimal(line["card_total"]), Decimal(line["ledger_total"]))
        yield (
            *_unit(line), *counts, counts[0] - counts[1],
            Amount(str(totals[0])), Amount(str(totals[1])), Amount(str(totals[0] - totals[1])),
            word("yes" if line["agrees"] else "no"),
        )  # fmt: skip
        yield from _named(facts, line)


def _named(facts: Mapping[str, Any], line: Mapping[str, Any]) -> Rows:
    """Under a unit's line: each invoice that the frozen preview names, then what the numbers alone do not say."""
    entry = differing.of_unit(facts, line)
    if entry is None:
        return
    rows = list(differing.named(entry))
    for one in rows:
        totals = (Amount(total) if total else "" for total in (one.card, one.ledger))
        yield *_unit(line), "", "", "", *totals, "", one.why, one.code, one.number, one.date
    for said in differing.remarks(entry, len(rows)):
        yield *_unit(line), "", "", "", "", "", "", said


def _checks(facts: Mapping[str, Any]) -> Rows:
    for check in facts["verification"]:
        finding = check["finding"]
        texts = (finding.get("message", ""), finding.get("evidence", ""), finding.get("remedy", ""))
        yield tables.passed(finding), check["title"], *(str(text or "") for text in texts)


def _journal(records: Sequence[Mapping[str, Any]]) -> Rows:
    for record in records:
        data = json.dumps(record["data"], ensure_ascii=False, sort_keys=True)
        yield record["seq"], record["time"], record["who"], record["kind"], tables.told(record), data, record["hash"]


def _unit(unit: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(unit["invoice_type"]), type_name(str(unit["invoice_type"])), str(unit["period"])
