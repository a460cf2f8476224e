"""Whether a bundle's parts say what its journal says (前后一致): preview, intent, device states, receipts, backups. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof.bundle import AFTER, AUTHORITY, BACKUP, BEFORE, PREVIEW

Records = Sequence[Mapping[str, Any]]


def disagreements(parts: Mapping[str, Any], records: Records) -> Iterator[str]:
    """Each a short text that names the two that differ. Empty for a bundle that holds together."""
    yield from _preview(parts[PREVIEW], records)
    yield from _intent(parts[PREVIEW], records)
    cards = [record["data"]["card"] for record in records if isinstance(record["data"].get("card"), Mapping)]
    for name in (BEFORE, AFTER):
        if parts[name] is not None and parts[name] not in cards:
            yield f"{name}: " + either("日志里没有这次读数", "no such reading in the journal")
    receipts = [data.get("receipts") for data in _data(records, Event.ACKNOWLEDGED)]
    if (parts[AUTHORITY]["authority"] or {}).get("receipts") not in [*receipts, None, [], {}]:
        yield f"{AUTHORITY}: receipts ≠ {Event.ACKNOWLEDGED}"
    made = {data["id"]: data.get("copies") for data in _data(records, Event.BACKED_UP)}
    for backup in parts[BACKUP]:
        if made.get(backup["id"]) != backup["copies"]:
            yield f"{BACKUP}: {backup['id']} ≠ {Event.BACKED_UP}"


def _preview(preview: Mapping[str, Any], records: Records) -> Iterator[str]:
    frozen = [data for data in _data(records, Event.FROZEN) if data["revision"] == preview["revision"]]
    if not frozen:
        yield f"{PREVIEW}: revision {preview['revision']} ≠ {Event.FROZEN}"
    for data in frozen:
        if data["units"] != preview["units"]:
            yield either("单元或摘要", "units or digests") + f": {PREVIEW} ≠ {Event.FROZEN} ({preview['revision']})"


def _intent(preview: Mapping[str, Any], records: Records) -> Iterator[str]:
    """One intent at most names a revision, it is the frozen one, and each of its units has an outcome."""
    digests = {_unit(unit): unit["digest"] for unit in preview["units"]}
    intents = _data(records, Event.CLEAR_INTENT)
    outcomes = {
        _unit(unit)
        for event in (Event.UNIT_ANSWERED, Event.UNIT_SETTLED)
        for data in _data(records, event)
        for unit in data["units"]
    }
    if len(intents) > 1:
        yield f"{len(intents)} × {Event.CLEAR_INTENT}"
    for data in intents:
        if data["revision"] != preview["revision"]:
            yield f"{Event.CLEAR_INTENT} ({data['revision']}) ≠ {PREVIEW} ({preview['revision']})"
        for unit in (unit for group in data["groups"] for unit in group):
            name = " ".join(_unit(unit))
            if _unit(unit) not in digests:
                yield f"{Event.CLEAR_INTENT}: {name} " + either("不在预览中", "is not in the preview")
            elif unit.get("digest", digests[_unit(unit)]) != digests[_unit(unit)]:
                yield either("摘要", "digest") + f": {Event.CLEAR_INTENT} ≠ {PREVIEW} ({name})"
            if _unit(unit) not in outcomes:
                yield f"{Event.CLEAR_INTENT}: {name} " + either("没有结果", "has no outcome")


def _unit(unit: Mapping[str, Any]) -> tuple[str, str]:
    return str(unit["invoice_type"]), str(unit["period"])


def _data(records: Records, event: Event) -> list[Mapping[str, Any]]:
    return [record["data"] for record in records if record["kind"] == event]
