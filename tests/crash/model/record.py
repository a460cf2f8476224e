"""The finished run's record (清卡记录) against an unbroken run's: times and ids aside, and the few things a broken way may change.

What may differ, and nothing else:

1. times: keys ``opened_at finished_at frozen_at time clock`` and times inside sentences;
2. ids: run, revision, backup, journal sequence numbers and hashes, by key and inside sentences, and how many records there are;
3. how many backups were made (not whether they are proven, nor that there is one);
4. the page's section on the way there (经过), which tells of the trouble;
5. with several runs (a part was cleared, then the rest): each unit stands in the record of the run that cleared it, so units,
   statistics, device dates and receipts are compared unit by unit, and the ledger's census at the beginning and at the end.
Receipts are not ids here: the same seal gets the same receipt, so they are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

TIMES = frozenset({"opened_at", "finished_at", "frozen_at", "time", "clock"})
IDS = frozenset({"run", "revision", "backup", "id", "journal_first", "journal_last", "journal_head", "copies"})
_TEXT = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+\d\d:\d\d)?)"
    r"|(?P<run>\b\d{8}-\d{4}-[0-9a-f]{6}\b)"
    r"|(?P<backup>\bb\d+\b)"
    r"|(?P<records>\d+ 条记录|\b\d+ records)"
    r"|(?P<revision>\br\d+-[0-9a-f]{16}\b)"
)
_WAY = ("经过", "备份", "凭据")
"""Sections of the page that tell of runs, backups and journal numbers: the story, the sets, the proof."""
CLEARED = ("cleared", "already_cleared")


def bare(value: Any) -> Any:
    """Without times and ids."""
    if isinstance(value, Mapping):
        return {key: bare(item) for key, item in value.items() if key not in TIMES and key not in IDS}
    if isinstance(value, list | tuple):
        return [bare(item) for item in value]
    return _words(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _words(text: str) -> str:
    return _TEXT.sub(lambda found: f"<{found.lastgroup}>", text)


def tells(facts: Mapping[str, Any], page: str) -> dict[str, Any]:
    """What a record tells, by its facts and by its page."""
    told: dict[str, Any] = bare({**facts, "seconds": None})
    sets = facts["backups"]
    told["backups"] = [bool(sets), all(one["proven"] and len(one["copies"]) > 1 for one in sets)]
    told["preview"].pop("seconds", None)
    told["declaration"].pop("seconds", None)
    told["page"] = [
        _words(part) for part in page.split("<section") if not any(f"<h2>{heading}" in part for heading in _WAY)
    ]
    return told


def differences(records: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> Iterator[str]:
    """Where the records of a month (one a run that closed anything) differ from an unbroken month's one record."""
    if not records:
        yield "no record at all"
    elif len(records) == 1:
        if records[0] != whole:
            yield difference(records[0], whole)
    else:
        yield from _in_parts(records, whole)


def _in_parts(records: Sequence[Mapping[str, Any]], whole: Mapping[str, Any]) -> Iterator[str]:
    mine: dict[str, Any] = {}
    for record in records:
        for name, told in by_unit(record).items():
            if name in mine:
                yield f"{name} stands in two records"
            mine[name] = told
        if any(check["finding"]["severity"] in ("blocker", "unknown") for check in record["verification"]):
            yield f"verification: {[check['finding']['code'] for check in record['verification']]}"
        if record["backups"] != whole["backups"]:
            yield f"backups: {record['backups']}"
        for key in ("taxpayer_id", "device_number", "declaration", "versions", "simulated", "opened_by"):
            if record[key] != whole[key]:
                yield difference(record[key], whole[key], f".{key}")
    right = by_unit(whole)
    if mine != right:
        yield difference(mine, right)
    ends = (records[0]["census_before"], records[-1]["census_after"])
    if ends != (whole["census_before"], whole["census_after"]):
        yield f"census: {ends}"


def by_unit(record: Mapping[str, Any]) -> dict[str, Any]:
    """Of each unit that this run closed: its row, its preview, its statistics, the device's dates before and after."""
    found = {}
    for unit in record["units"]:
        kind, period = unit["invoice_type"], unit["period"]
        if unit["outcome"] not in CLEARED:
            continue
        found[f"{kind} {period}"] = {
            "row": unit,
            "preview": [u for u in record["preview"]["units"] if (u["invoice_type"], u["period"]) == (kind, period)],
            "statistics": [s for s in record["statistics"] if (s["invoice_type"], s["period"]) == (kind, period)],
            "before": [m for m in record["card_before"]["monitoring"] if m["invoice_type"] == kind],
            "after": [m for m in record["card_after"]["monitoring"] if m["invoice_type"] == kind],
        }
    return found


def difference(mine: Any, right: Any, at: str = "") -> str:
    """The first place where two values part."""
    if isinstance(mine, Mapping) and isinstance(right, Mapping):
        for key in sorted({*mine, *right}):
            if mine.get(key) != right.get(key):
                return difference(mine.get(key), right.get(key), f"{at}.{key}")
    if isinstance(mine, list) and isinstance(right, list) and len(mine) == len(right):
        for number, (one, other) in enumerate(zip(mine, right, strict=True)):
            if one != other:
                return difference(one, other, f"{at}[{number}]")
    if isinstance(mine, str) and isinstance(right, str):
        start = next((i for i, (a, b) in enumerate(zip(mine, right, strict=False)) if a != b), 0)
        mine, right = mine[max(0, start - 40) :][:160], right[max(0, start - 40) :][:160]
    return f"record{at}: {str(mine)[:200]} instead of {str(right)[:200]}"
