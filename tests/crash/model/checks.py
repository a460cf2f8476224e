"""What must hold (终态): each check a small function that yields (kind, sentence) for what does not.

Kinds: ``lost`` an invoice is, ``double`` something was done or counted twice, ``undecided`` nobody knows, ``other``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.clearing import Event, Outcome, Run, State
from fapiao_kernel.operations.clearing.recovery.offering import Action
from fapiao_kernel.operations.clearing.settling import UNSETTLED
from fapiao_kernel.records.journal.verify import verify
from tests.crash.model import record
from tests.crash.model.clerk import closed
from tests.crash.model.world import ADDRESS, INVOICES, SIGNER, TYPES, UNITS, World
from tests.operations.fakes import PIN

Wrong = Iterator[tuple[str, str]]

_UNDONE = (Outcome.REFUSED, Outcome.NOT_SENT)
_IN_MID_ACT = (State.AUTHORISING, State.AUTHORISED, *UNSETTLED)
SHEETS = len(INVOICES) * len(UNITS)
_PIN = re.compile(rb"(?<![0-9a-f])%s(?![0-9a-f])" % PIN.encode())
"""Standing alone: eight digits in the middle of a hash are chance."""
WORTH = sum(INVOICES, INVOICES[0] * 0) * len(UNITS)


@dataclass(frozen=True)
class Truth:
    """How a month ended, times and ids aside."""

    card: Any
    authority: Any
    records: list[dict[str, Any]]


def truth(world: World, runs: tuple[Run, ...]) -> Truth:
    """Card, tax side and records as they are now."""
    memory = world.socket.image.load()
    shelf = world.line.shelf
    told = [record.tells(*world.recorder.kept[run.id]) for run in runs if run.id in world.recorder.kept]
    return Truth(
        card={
            "applied": {act: {s: n["applied"] for s, n in spans.items()} for act, spans in memory.counts.items()},
            "records": [[r.type, r.lock_date, r.start, r.end, r.reported, r.last_report] for r in memory.records],
            "totals": [[t.type, t.month, t.counts, t.amounts] for t in memory.totals],
            "pin_left": memory.pin_left,
            "mac_faults": memory.mac_faults,
        },
        authority={
            "summaries": {name: [s["receipt"], s["total"], s["compared"]] for name, s in shelf["summaries"].items()},
            "cleared": {name: done["receipt"] for name, done in shelf["cleared"].items()},
            "returns": [[filed["span"], filed["total"], filed["receipt"]] for filed in shelf["returns"]],
            "authorised": sorted(shelf["authorised"]),
        },
        records=told,
    )


# --- at any moment


def lies(world: World, runs: tuple[Run, ...]) -> list[tuple[str, str]]:
    """Cleared means that the card did it, refused or not sent that it did not; what it did and nobody told of is unknown, and says so."""
    counts = world.socket.image.load().counts
    spans = counts["clear"]
    did = {span[:3] for span, times in spans.items() if times["applied"]}
    told = Counter(closed(runs))
    found = []
    for unit in UNITS:
        if unit.invoice_type.value in did:
            if not told[unit] and not any(unit in run.undecided and run.verdict == "unknown" for run in runs):
                found.append(("lost", f"the card cleared {unit}, and no run tells of it or calls it unknown"))
        elif told[unit]:
            found.append(("other", f"{unit} is told as cleared, and the card did not"))
    for act, intent in (("report", Event.REPORT_INTENT), ("clear", Event.CLEAR_INTENT)):
        if counts[act] and not any(intent in run.facts for run in runs):
            found.append(("other", f"the card did {act}, and the journal holds no intent"))
    early = {name[:3] for name in world.line.shelf["cleared"]} - did
    if early:
        found.append(("other", f"the tax side was told that {sorted(early)} are cleared, and the card did not"))
    if ahead := {unit for unit in world.ledger.rows if not told[unit]}:
        found.append(("lost", f"the ledger closed {ahead} before any outcome was known"))
    for run in runs[-1:]:
        for unit, outcome in run.outcomes.items():
            if outcome in _UNDONE and unit.invoice_type.value in did and not told[unit]:
                found.append(("other", f"{unit} is told as {outcome}, and the card did it"))
    return found


def settled(runs: tuple[Run, ...]) -> Wrong:
    """An agent that starts with everything up leaves nothing in mid-act and nothing unknown."""
    for run in runs:
        if run.state in _IN_MID_ACT or run.undecided:
            yield "undecided", f"{run.state} after a start with everything up"


# --- at the end


def applied_once(world: World, runs: tuple[Run, ...]) -> Wrong:
    """The simulated card counts what it applied, whatever it answered."""
    for act, spans in world.socket.image.load().counts.items():
        for span, times in spans.items():
            if times["applied"] != 1:
                yield "double", f"the card applied {act} {span} {times['applied']} times"
        if len(spans) != len(TYPES):
            yield "lost", f"the card applied {act} to {sorted(spans)}"


def invoices_whole(world: World, runs: tuple[Run, ...]) -> Wrong:
    """No invoice lost or doubled: each stands in a unit that has exactly one row."""
    census = world.ledger.census()
    for name, tally, count, worth in (
        ("open", census.open, 0, WORTH * 0),
        ("cleared", census.cleared, SHEETS, WORTH),
        ("all", census.all, SHEETS, WORTH),
    ):
        if (tally.count, tally.total) != (count, worth):
            yield "lost", f"ledger {name}: {tally.count} sheets, {tally.total}"
    for unit, rows in Counter(unit for unit, _ in world.ledger.committed).items():
        if rows != 1:
            yield "double", f"the ledger closed {unit} {rows} times"


def journal_whole(world: World, runs: tuple[Run, ...]) -> Wrong:
    """The chain holds, finished months carry a signed head, no revision has two intents, and no secret is in it."""
    found = verify(world.disk.folder, (SIGNER.public,))
    if not found.ok:
        yield "other", f"journal: {found.first_bad}"
    files = world.disk.files()
    months = sorted(name for name in files if name.endswith(".jsonl"))
    if sorted(found.signed) != [name for name in months[:-1] if files[name]]:  # an empty one needs no head
        yield "other", f"signed heads {found.signed} of {months}"
    content = b"".join(files.values())
    if _PIN.search(content):
        yield "other", "the PIN is in the journal"
    assert world.journal is not None
    records = world.journal.records()
    for kind in ("clear.intent", "execution.begun"):
        named = Counter((r.run, str(r.data["revision"])) for r in records if r.kind == kind)
        if named and max(named.values()) > 1:
            yield "double", f"a revision has two {kind}"
    sent = Counter((u["invoice_type"], u["period"]) for r in records if r.kind == "unit.sent" for u in r.data["units"])
    if set(sent) != {(unit.invoice_type.value, str(unit.period)) for unit in UNITS}:
        yield "other", f"the journal tells of sendings {dict(sent)}"


def nothing_open(world: World, runs: tuple[Run, ...]) -> Wrong:
    """With everything up again no run is open, and no unit unknown."""
    for run in runs:
        if run.undecided or run.state in UNSETTLED:
            yield "undecided", f"a run ends {run.state}"
        elif not run.over:
            yield "other", f"a run ends {run.state}"


def all_agree(world: World, runs: tuple[Run, ...]) -> Wrong:
    """Card, ledger, journal and tax side name the same units, each once."""
    told = Counter(closed(runs))
    if any(times > 1 for times in told.values()):
        yield "double", f"the journal closes {told}"
    names = {unit.invoice_type.value for unit in UNITS}
    card = {span[:3] for span in world.socket.image.load().counts["clear"]}
    ledger = {unit.invoice_type.value for unit in world.ledger.rows}
    authority = {name[:3] for name in world.line.shelf["cleared"]}
    journal = {unit.invoice_type.value for unit in told}
    if not names == card == ledger == authority == journal:
        yield "other", f"card {card}, ledger {ledger}, tax side {authority}, journal {journal}"
    owners = {unit: run.id for run in runs for unit, outcome in run.outcomes.items() if outcome.closed}
    if world.ledger.rows != owners:
        yield "other", "a ledger row names another run than the journal"


def looks_quiet(world: World, runs: tuple[Run, ...]) -> Wrong:
    """The product's own look back finds nothing that contradicts, and offers nothing."""
    assert world.engine is not None
    found = world.engine.look_back(ADDRESS)
    if not found.agree or found.action is not Action.NONE:
        yield "other", f"looking back: {found.action}, {[f.code for f in found.findings]}"


END: Sequence[Callable[[World, tuple[Run, ...]], Wrong]] = (
    applied_once,
    invoices_whole,
    journal_whole,
    nothing_open,
    all_agree,
    looks_quiet,
)


def all_of(world: World, runs: tuple[Run, ...], mine: Truth, whole: Truth | None) -> list[tuple[str, str]]:
    """Every check at the end of a month. ``mine``: how it ended; ``whole``: how an unbroken one did."""
    found = [wrong for check in END for wrong in check(world, runs)]
    return found + (list(as_unbroken(mine, whole)) if whole is not None else [])


def as_unbroken(mine: Truth, whole: Truth) -> Wrong:
    """Card, tax side and record are an unbroken month's."""
    for name in ("card", "authority"):
        one, other = getattr(mine, name), getattr(whole, name)
        if one != other:
            yield "other", record.difference(one, other, f" {name}")
    for sentence in record.differences(mine.records, whole.records[0]):
        yield "other", sentence
