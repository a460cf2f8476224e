"""Opening the journal (打开日志): read every file once, check the chain, and cut off what a crash left half written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records import durable
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.journal.files import journal_files
from fapiao_kernel.records.journal.heads import Seen, head_path, read_head


@dataclass(frozen=True)
class Place:
    """Where a record stands: file, and the bytes of its line."""

    path: Path
    offset: int
    length: int


@dataclass
class Opened:
    """What is on the disk: places by seq (the first record is seq 1), seqs by run, head, and the data of a repair if one was due."""

    places: list[Place] = field(default_factory=list)
    runs: dict[str, list[int]] = field(default_factory=dict)
    head: str = ""
    file: Path | None = None
    repair: dict[str, Any] | None = None


def open_folder(folder: Path) -> Opened:
    """Raises ``Refused`` ``journal_chain_broken`` when a record does not hold, or a file is not the one that was signed: nothing may
    be built on it. Heads are compared only; their signatures are ``verify``'s matter, and a head that is none is no reason to stop.
    """
    opened = Opened()
    files = journal_files(folder)
    for path in files:
        opened.file = path
        seen = Seen(read_head(head_path(path)) if head_path(path).exists() else None)
        for number, offset, line in _lines(path):
            record = chain.parse(line)
            reason = chain.fault(line, record, len(opened.places), opened.head)
            if reason or record is None:
                if path == files[-1] and _torn(path, offset, line):
                    opened.repair = _cut(path, offset, len(opened.places))
                    break
                raise Refused("journal_chain_broken", file=os.path.abspath(path), line=number, reason=reason)
            opened.places.append(Place(path, offset, len(line)))
            opened.runs.setdefault(record["run"], []).append(record["seq"])
            opened.head = record["hash"]
            seen.add(record["seq"], opened.head)
        fault = seen.fault(next_file=path != files[-1])
        if fault:
            raise Refused("journal_chain_broken", file=os.path.abspath(path), line=fault[0], reason=fault[1])
    return opened


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, offset, line
            offset += len(line)


def _torn(path: Path, offset: int, line: bytes) -> bool:
    """Whether the file's last line is one that a crash left: no newline, or pages of zeros from a power cut."""
    last = offset + len(line) == path.stat().st_size
    return last and (not line.endswith(b"\n") or b"\0" in line)


def _cut(path: Path, offset: int, records: int) -> dict[str, Any]:
    """Keep the torn bytes beside, then truncate. Only then is the file the journal again."""
    with path.open("r+b") as file:
        file.seek(offset)
        torn = file.read()
        digest = hashlib.sha256(torn).hexdigest()
        evidence = path.with_name(f"{path.stem}.torn-after-{records}-{digest[:8]}")
        durable.write_atomic(evidence, torn)
        file.truncate(offset)
        durable.finish(file)
    return {"file": path.name, "after": records, "bytes": len(torn), "sha256": digest, "evidence": evidence.name}
