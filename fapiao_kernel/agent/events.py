"""Events (事件) for who follows: the home's changes, and one run's records with what is under way, resumed from any of them.

A run's event is its journal record, numbered by the journal: so a follower goes on where it was, whichever agent runs now.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from fapiao_kernel.agent.changes import LONGEST
from fapiao_kernel.agent.compose import House
from fapiao_kernel.api.runs import RunEvents
from fapiao_kernel.api.shapes import WorkView
from fapiao_kernel.domain.plain import plain

STILL_HERE = ": still here\n\n"
"""A comment line: keeps the connection known to be alive, and is no event."""


def run_events(
    house: House, id: str, since: int, known: WorkView | None = None, patience: float = LONGEST
) -> RunEvents:
    """The run's records after ``since`` (at most the journal's head: a number from beyond it, of a home restored from an older
    state, must not deafen who follows) and the work under way: at once when there is something new (to ``known`` too), after
    ``patience`` seconds at the latest. Raises ``Refused`` (``run_not_found``)."""
    since = min(since, house.journal.head()[0])
    deadline = time.monotonic() + patience
    while True:
        at = house.changes.count
        found = _now(house, id, since)
        left = deadline - time.monotonic()
        if found.records or found.work != known or found.over or left <= 0 or house.changes.closed:
            return found
        house.changes.wait(at, left)


def _now(house: House, id: str, since: int) -> RunEvents:
    # The work is looked at first: an act writes its last record before it stops being under way.
    job = house.worker.under_way(id)
    run = house.engine.run(id)
    records = house.journal.records(run=id, since=since)
    return RunEvents(
        run=id,
        state=run.state.value,
        over=run.over and job is None and not records,
        last=records[-1].seq if records else since,
        records=[plain(record) for record in records],
        work=job.view() if job else None,
    )


def stream_of_run(house: House, id: str, since: int) -> Iterator[str]:
    """The same as server-sent events: ``record`` (with its number as id), ``work``, and ``over``, after which nothing comes."""
    known: WorkView | None = None
    while not house.changes.closed:
        found = run_events(house, id, since, known)
        for record in found.records:
            yield event("record", json.dumps(record, ensure_ascii=False), record["seq"])
        if found.work is not None and found.work != known:
            yield event("work", found.work.model_dump_json())
        if found.over:
            yield event("over", found.model_dump_json())
            return
        if not found.records and found.work == known:
            yield STILL_HERE
        since, known = found.last, found.work


def stream_of_changes(house: House, since: int) -> Iterator[str]:
    """The home's counter of changes as server-sent events, each with its number as id."""
    while not house.changes.closed:
        answer = house.changes.wait(since)
        if answer.changes == since:
            yield STILL_HERE
        else:
            since = answer.changes
            yield event("", answer.model_dump_json(), since)


def event(kind: str, data: str, id: int | None = None) -> str:
    """One server-sent event (HTML Standard, section 9.2): data must be one line."""
    lines = [f"id: {id}" if id is not None else "", f"event: {kind}" if kind else "", f"data: {data}"]
    return "".join(f"{line}\n" for line in lines if line) + "\n"


def resumed(since: int, last_event_id: str | None) -> int:
    """Where to go on: a browser that reconnects names its last event itself, and that is newer than its address."""
    return int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else since
