"""Whatever is done to a journal's lines, the first bad one is named, and that one exactly."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.store import FileJournal
from fapiao_kernel.records.journal.verify import verify

MONTHS = [datetime(2026, month, 5, 9, tzinfo=timezone(timedelta(hours=8))) for month in (10, 11)]
RECORDS = 8
"""Four a month."""


class Clock:
    def __init__(self) -> None:
        self.time = MONTHS[0]

    def now(self) -> datetime:
        return self.time


def write(folder: Path) -> list[bytes]:
    clock = Clock()
    journal = FileJournal(folder, clock)
    for n in range(RECORDS):
        clock.time = MONTHS[n * 2 // RECORDS]
        journal.append("unit.sent", {"n": n, "名": "青禾"}, run="r")
    journal.close()
    return [line for file in sorted(folder.glob("*.jsonl")) for line in file.read_bytes().splitlines(keepends=True)]


def put(folder: Path, lines: list[bytes], first: int) -> None:
    """``first`` lines stay in the first month's file, the others go to the second's."""
    (folder / "2026-10.jsonl").write_bytes(b"".join(lines[:first]))
    (folder / "2026-11.jsonl").write_bytes(b"".join(lines[first:]))


def place(folder: Path, index: int, first: int) -> tuple[str, int]:
    """File and line of the line at ``index``."""
    return (
        (str(folder / "2026-10.jsonl"), index + 1)
        if index < first
        else (str(folder / "2026-11.jsonl"), index - first + 1)
    )


def changed(line: bytes, sealed: bool) -> bytes:
    record = json.loads(line)
    record["data"]["n"] = 99
    if sealed:
        return chain.seal({key: value for key, value in record.items() if key != "hash"})[1]
    return (chain.canonical(record) + "\n").encode()


HARM = st.sampled_from(["changed", "changed and sealed anew", "removed", "swapped", "twice", "rewritten", "foreign"])


@settings(max_examples=150, deadline=None)
@given(HARM, st.integers(0, RECORDS - 1), st.integers(0, RECORDS - 1))
def test_the_first_bad_record_is_named_exactly(harm, at, other):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = write(folder)
        first, bad = RECORDS // 2, at
        match harm:
            case "changed":
                lines[at] = changed(lines[at], sealed=False)
            case "changed and sealed anew":
                lines[at], bad = changed(lines[at], sealed=True), at + 1
            case "removed":
                del lines[at]
                first -= at < first
            case "swapped":
                lines[at], lines[other], bad = lines[other], lines[at], min(at, other)
            case "twice":
                lines.insert(at, lines[at])
                first, bad = first + (at < first), at + 1
            case "rewritten":
                lines[at] = json.dumps(json.loads(lines[at])).encode() + b"\n"
            case "foreign":
                lines[at] = b'{"n":1}\n'
        put(folder, lines, first)
        seen = verify(folder)
        # Nothing follows the last record but its own month's head, which is signed when the month is over.
        unseen = {"changed and sealed anew": RECORDS, "removed": RECORDS - 1}.get(harm)
        if bad == unseen or (harm == "swapped" and at == other):
            assert seen.ok
        else:
            assert (seen.first_bad["file"], seen.first_bad["line"]) == place(folder, bad, first)
            assert seen.records == bad, "all before it hold"
