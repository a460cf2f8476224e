"""The bundle's piece of the journal (日志摘段): the run's records whole, and between them the chain's links alone.

Other runs may stand between a run's records, of other taxpayers even: of those only ``{hash, prev, seq}`` goes in, which keeps
the chain without telling anything. Form of the whole records: ``records.journal.chain``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fapiao_kernel.ports import Record
from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.language import either

_LINK = {"hash", "prev", "seq"}


@dataclass(frozen=True)
class Slice:
    """``records``: the whole ones. ``problems``: (line from 1, reason). ``head``: hash of the last line.
    ``hashes``: of every line that holds, by sequence number."""

    records: tuple[dict[str, Any], ...]
    problems: tuple[tuple[int, str], ...]
    first: int
    last: int
    head: str
    hashes: Mapping[int, str] = field(default_factory=dict)


def cut(records: Iterable[Record], run: str) -> bytes:
    """Lines for records that follow each other without a gap."""
    return b"".join(_line(record, run) for record in records)


def read(content: bytes, run: str) -> Slice:
    """Check every line against the one before; a record of another run is a problem too: it has no business here."""
    whole: list[dict[str, Any]] = []
    hashes: dict[int, str] = {}
    first, seq, prev, number = 0, 0, "", 0
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        record, link = chain.parse(line), _link(line)
        given = record or link
        if given is None:
            return Slice(
                tuple(whole), ((number, either("既不是记录也不是链", "neither a record nor a link")),), first, seq, prev
            )
        if number == 1:
            first, seq, prev = given["seq"], given["seq"] - 1, given["prev"]
        reason = chain.fault(line, record, seq, prev) if record else _unlinked(given, seq, prev)
        if record is not None and not reason and record["run"] != run:
            reason = either("别的清卡的记录", "a record of another run")
        if reason:
            return Slice(tuple(whole), ((number, reason),), first, seq, prev)
        if record is not None:
            whole.append(record)
        seq, prev = given["seq"], given["hash"]
        hashes[seq] = prev
    problems = () if whole else ((number, either("没有这次清卡的记录", "no record of the run")),)
    return Slice(tuple(whole), problems, first, seq, prev, hashes)


def _line(record: Record, run: str) -> bytes:
    if record.run == run:
        return chain.seal(asdict(record))[1]
    return (chain.canonical({"hash": record.hash, "prev": record.prev, "seq": record.seq}) + "\n").encode("utf-8")


def _link(line: bytes) -> dict[str, Any] | None:
    try:
        link = json.loads(line.decode("utf-8"))
    except ValueError:
        return None
    known = isinstance(link, dict) and set(link) == _LINK and isinstance(link["seq"], int)
    return link if known and (chain.canonical(link) + "\n").encode("utf-8") == line else None


def _unlinked(link: dict[str, Any], seq: int, prev: str) -> str:
    if link["seq"] != seq + 1:
        return either("序号不连续", "sequence gap") + f": {seq} → {link['seq']}"
    return (
        ""
        if link["prev"] == prev
        else either("前一条哈希（prev）不符", "wrong prev: it does not follow the line before")
    )
