"""What must hold at the end of a month (终态), each check for itself: yields ``(kind, sentence)`` for what does not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.operations.clearing.settling import UNSETTLED
from fapiao_kernel.records.journal.verify import verify
from tests.crash.inside.world import EACH, TYPES, World

Wrong = Iterator[tuple[str, str]]
"""Kind (``lost``, ``double``, ``undecided``, ``other``) and sentence."""

SHEETS = len(EACH) * len(TYPES)


def applied_once(world: World, runs: tuple[Run, ...]) -> Wrong:
    """The card counts what it did, whatever it answered."""
    for act, spans in world.card_books.items():
        for span, times in spans.items():
            if times["applied"] != 1:
                yield ("double" if times["applied"] else "lost"), f"{act} {span} applied {times['applied']} times"
        if len(spans) != len(TYPES):
            yield "lost", f"{act} applied to {sorted(spans)} only"


def sent_once(world: World, runs: tuple[Run, ...]) -> Wrong:
    """Nothing reached the card more often than the journal announced it: an act is never repeated by itself."""
    announced: Counter[str] = Counter()
    for record in _records(world):
        if record["kind"] == "report.intent":
            announced.update({f"report {u['invoice_type']}" for group in record["data"]["groups"] for u in group})
        elif record["kind"] == "unit.sent":
            announced.update({f"clear {u['invoice_type']}" for u in record["data"]["units"]})
    for act, times in world.socket.arrived.items():
        if times > announced[act]:
            yield "double", f"{act} reached the card {times} times, announced {announced[act]} times"


def books_whole(world: World, runs: tuple[Run, ...]) -> Wrong:
    """No invoice lost or doubled: all of them stand in the cleared ones, and the total is what it was."""
    census, total = world.books.census(), sum(EACH[1:], EACH[0]) * len(TYPES)
    for name, tally, count, worth in (
        ("open", census.open, 0, total * 0),
        ("cleared", census.cleared, SHEETS, total),
        ("all", census.all, SHEETS, total),
    ):
        if (tally.count, tally.total) != (count, worth):
            yield "lost", f"{name}: {tally.count} sheets, {tally.total}; expected {count}, {worth}"


def journal_whole(world: World, runs: tuple[Run, ...]) -> Wrong:
    """The chain holds, and no revision was executed twice."""
    found = verify(world.journal_folder)
    if not found.ok:
        yield "other", f"journal: {found.first_bad}"
    intents = [r["data"]["revision"] + r["run"] for r in _records(world) if r["kind"] == "clear.intent"]
    if len(intents) != len(set(intents)):
        yield "double", "a revision has two intents"


def _records(world: World) -> list[dict[str, Any]]:
    files = sorted(world.journal_folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def nothing_undecided(world: World, runs: tuple[Run, ...]) -> Wrong:
    """With everything up again, nothing stays unknown and nothing stays open."""
    for run in runs:
        if run.undecided or run.state in UNSETTLED or not run.over:
            yield "undecided", f"{run.id} ends {run.state}"


def all_agree(world: World, runs: tuple[Run, ...]) -> Wrong:
    """Card, ledger, journal and tax side name the same units as cleared."""
    card = {span[:3] for span, times in world.card_books["clear"].items() if times["applied"]}
    books = {unit.invoice_type.value for unit in world.books.rows}
    closed = [u.invoice_type.value for run in runs for u, outcome in run.outcomes.items() if outcome.closed]
    cleared = world.line["cleared"]
    assert isinstance(cleared, Mapping)
    authority = {name[:3] for name in cleared}
    if len(closed) != len(set(closed)):
        yield "double", f"the journal closes {sorted(closed)}"
    if not card == books == set(closed) == authority:
        yield "other", f"card {card}, ledger {books}, journal {set(closed)}, tax side {authority}"


def pin_spent_well(world: World, runs: tuple[Run, ...]) -> Wrong:
    """No PIN try was lost: the right one was shown each time."""
    left = world.socket.card._memory.pin_left
    if left != 8:
        yield "other", f"{left} PIN tries left"


CHECKS: tuple[Callable[[World, tuple[Run, ...]], Wrong], ...] = (
    applied_once,
    sent_once,
    books_whole,
    journal_whole,
    nothing_undecided,
    all_agree,
    pin_spent_well,
)

_IDS = frozenset(
    {"run", "opened_at", "finished_at", "revision", "frozen_at", "clock", "seconds", "backup", "backups", "id", "time"}
    | {"journal_first", "journal_last", "receipts", "upload", "journal_head"}
)
"""Keys of times and ids."""
_IN_TEXT = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "<time>"),
    (re.compile(r"\b(HZ|QR)[0-9A-F]{16}"), "<receipt>"),
    (re.compile(r"\d+ 条"), "<n> 条"),
    (re.compile(r"\bb\d+\b"), "<backup>"),
)
"""Times, receipts, and how many records and backups there were before, as they stand in sentences."""


def record_of(facts: Mapping[str, Any]) -> Any:
    """What a record tells, times and ids aside. The record's page is a pure function of these facts."""
    return _without(facts)


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item) for key, item in value.items() if key not in _IDS}
    if isinstance(value, list):
        return [_without(item) for item in value]
    if isinstance(value, str):
        for pattern, name in _IN_TEXT:
            value = pattern.sub(name, value)
    return value


def records_equal(world: World, runs: tuple[Run, ...], whole: Mapping[str, Any]) -> Wrong:
    """One closing run: its record is the unbroken run's. Several (a partial clear, then the rest): each unit's own rows are."""
    closing = [record_of(world.facts[run.id]) for run in runs if any(o.closed for o in run.outcomes.values())]
    if len(closing) == 1:
        if closing[0] != whole:
            yield "other", f"the record differs: {difference(closing[0], whole)}"
        return
    done = ("cleared", "already_cleared")
    mine = [unit for record in closing for unit in record["units"] if unit["outcome"] in done]
    if sorted(mine, key=_type) != sorted(whole["units"], key=_type):
        yield "other", f"the records' units differ: {difference(mine, whole['units'])}"


def _type(unit: Mapping[str, Any]) -> str:
    return str(unit["invoice_type"])


def difference(mine: Any, right: Any, at: str = "") -> str:
    """The first place where two values differ."""
    if isinstance(mine, Mapping) and isinstance(right, Mapping):
        for key in sorted({*mine, *right}):
            if mine.get(key) != right.get(key):
                return difference(mine.get(key), right.get(key), f"{at}.{key}")
    if isinstance(mine, list) and isinstance(right, list) and len(mine) == len(right):
        for number, (one, other) in enumerate(zip(mine, right, strict=True)):
            if one != other:
                return difference(one, other, f"{at}[{number}]")
    return f"{at}: {str(mine)[:200]} instead of {str(right)[:200]}"
