"""What is left (外面看): the end state read from outside, by files and the month's own views, and what is wrong with it."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.records.journal.verify import verify
from fapiao_kernel.records.proof.verify import verify_bundle
from tests.crash.real.clerk import CLOSED, Month
from tests.crash.real.place import Place

Names = Mapping[str, Any]

_IDS = frozenset(
    {"run", "revision", "id", "backup", "opened_at", "finished_at", "frozen_at", "time", "clock", "at", "seconds"}
    | {"sha256", "size", "path", "copies", "receipt", "receipts", "upload", "watermark", "signing_key"}
    | {"journal", "journal_first", "journal_last", "journal_head"}
)
"""Times and ids, by their key."""
_IN_TEXT = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\b\d{8}-\d{4}-[0-9a-f]{4,}"), "<run>"),
    (re.compile(r"\b\d{8}-\d{8}-\d{6}(-\d+)?"), "<backup>"),
    (re.compile(r"\b(HZ|QR)[0-9A-F]{16}|\bSB\d{12}"), "<receipt>"),
    (re.compile(r"\b\d+ (条|records)"), "<n> records"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<digest>"),
)
"""Times and ids, as they stand in sentences; the invoices' digests are compared as values of their own."""
_WAY = ("经过", "凭据", "备份")
"""Headings of the page's sections that tell of the way there: a broken month's way is its own."""


@dataclass(frozen=True)
class State:
    """The end of one month, without times and ids."""

    card: Names
    authority: Names
    rows: Counter[tuple[str, str]]
    census: Names
    units: Mapping[str, Any]
    record: Any
    lost: int
    """Invoices in no unit row and not open either, or the other way round."""


def look(place: Place, month: Month) -> State:
    """Read everything that the month left. The agent and the far ends have ended."""
    card = json.loads(place.world.card.read_text(encoding="utf-8"))
    authority = json.loads(place.world.authority.read_text(encoding="utf-8"))
    with duckdb.connect(str(place.home.ledger), read_only=True) as ledger:
        found = ledger.execute("SELECT invoice_type, strftime(period, '%Y-%m') FROM clear_unit").fetchall()
        row = ledger.execute("SELECT count(*), count(DISTINCT code || number) FROM invoice").fetchone()
    assert row is not None
    records = [record for run in month.runs if (record := _record(run)) is not None]
    return State(
        card={
            "applied": {act: {s: n["applied"] for s, n in spans.items()} for act, spans in card["counts"].items()},
            "months": [[r["type"], r["lock_date"], r["start"], r["end"], r["reported"]] for r in card["records"]],
            "pin_left": card["pin_left"],
        },
        authority={
            "summaries": sorted(authority["summaries"]),
            "cleared": sorted(authority["cleared"]),
            "returns": [[filed["span"], filed["total"]] for filed in authority["returns"]],
        },
        rows=Counter((kind, period) for kind, period in found),
        census=month.census,
        units=dict(_units(records)),
        record=records[-1] if records else None,
        lost=row[0] - row[1],
    )


def wrong(place: Place, month: Month, state: State, whole: State) -> Iterator[tuple[str, str]]:
    """What does not hold, as (``lost`` | ``double`` | ``undecided`` | ``other``, sentence), against an unbroken month."""
    if month.stuck:
        yield ("undecided" if month.unknown else "other"), month.stuck
    yield from (("other", lie) for lie in dict.fromkeys(month.lies))
    chain = verify(place.home.journal)
    if not chain.ok:
        yield "other", f"the journal's chain is broken: {chain.first_bad}"
    for run in month.runs:
        if run.bundle and not (checked := verify_bundle(Path(run.bundle))).ok:
            yield "other", f"the bundle of {run.id} does not verify: {[f.code for f in checked.findings]}"
    for act, spans in state.card["applied"].items():
        for span, times in spans.items():
            if times > 1:
                yield "double", f"the card applied {act} {span} {times} times"
    for unit, times in (state.rows + Counter(month.closed)).items():
        if state.rows[unit] > 1 or month.closed.get(unit, 0) > 1:
            yield "double", f"unit {unit} closed {times} times by ledger and journal"
    if state.census != whole.census or state.lost != whole.lost:
        yield "lost", f"invoices lost or doubled: {state.census}, unbroken {whole.census}"
    for name in ("card", "authority", "rows"):
        mine, right = getattr(state, name), getattr(whole, name)
        if mine != right:
            yield "other", f"{name}: {mine}, unbroken {right}"
    if {unit for unit, times in month.closed.items() if times} != set(whole.rows):
        yield "other", f"the journal has closed {sorted(month.closed)}"
    # A month cleared in parts has a record a part: together they tell of every unit what the one record tells.
    if state.units != whole.units:
        yield "other", f"records tell other units: {_difference(state.units, whole.units)}"
    parts = sum(bool(run.record) for run in month.runs)
    if parts == 1 and state.record != whole.record:
        yield "other", f"the record differs: {_difference(state.record, whole.record)}"


def _record(run: RunView) -> dict[str, Any] | None:
    """What the run's record tells, without times and ids; None for a run that left none."""
    if not run.record:
        return None
    data = next(iter(Path(run.record).parent.glob("*.json")), None)
    if data is not None:
        facts = json.loads(data.read_text(encoding="utf-8"))["facts"]
    else:
        with zipfile.ZipFile(run.bundle) as bundle:
            names = [n for n in bundle.namelist() if n.endswith(".json") and not n.startswith("manifest")]
            facts = {name: json.loads(bundle.read(name)) for name in names}
    facts["backups"] = bool(facts.get("backups") or facts.get("backup.json"))  # one more is no difference
    facts.pop("backup.json", None)
    facts["units"] = [unit.model_dump(exclude={"stage_times"}) for unit in run.units]
    facts["verdict"] = run.verdict
    return {**_bare(facts), "page": _page(Path(run.record).read_text(encoding="utf-8"))}


def _units(records: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for record in records:
        for unit in record["units"]:
            if unit["outcome"] in CLOSED:
                yield f"{unit['invoice_type']} {unit['period']}", unit


def _bare(value: Any) -> Any:
    """Without times and ids."""
    match value:
        case dict():
            return {key: _bare(item) for key, item in value.items() if key not in _IDS}
        case list():
            return [_bare(item) for item in value]
        case str() if len(value) != 64:
            for pattern, stands in _IN_TEXT:
                value = pattern.sub(stands, value)
    return value


def _page(html: str) -> list[str]:
    """The record's page, section by section, without those that tell of the way there (story, backups, journal span)."""
    return [_bare(part) for part in html.split("<section") if not any(f"<h2>{heading}" in part for heading in _WAY)]


def _difference(mine: Any, right: Any, path: str = "") -> str:
    """The first place where two values part."""
    if isinstance(mine, dict) and isinstance(right, dict):
        for key in sorted({*mine, *right}, key=str):
            if mine.get(key) != right.get(key):
                return _difference(mine.get(key), right.get(key), f"{path}.{key}")
    if isinstance(mine, list) and isinstance(right, list) and len(mine) == len(right):
        for index, (one, other) in enumerate(zip(mine, right, strict=True)):
            if one != other:
                return _difference(one, other, f"{path}[{index}]")
    if isinstance(mine, str) and isinstance(right, str):
        at = next((i for i, (a, b) in enumerate(zip(mine, right, strict=False)) if a != b), min(len(mine), len(right)))
        return f"{path}: …{mine[max(0, at - 60) : at + 80]!r}, unbroken …{right[max(0, at - 60) : at + 80]!r}"
    return f"{path}: {str(mine)[:200]}, unbroken {str(right)[:200]}"
