"""Whether a bundle's parts say what its journal says (前后一致): preview, device states, tax side, backups, sums. Pure.

``parts``: the JSON files of the bundle, by name. ``run``: the run as the journal's records tell it (``course.walk``), with
a clear or a recovery in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof.bundle import AFTER, AUTHORITY, BACKUP, BEFORE, PREVIEW
from fapiao_kernel.records.proof.course import RECOVERIES

Records = Sequence[Mapping[str, Any]]


def disagreements(parts: Mapping[str, Any], run: Run, records: Records) -> Iterator[str]:
    """Each a short text that names the two that differ. Empty for a bundle that holds together."""
    frozen = next((event for event in RECOVERIES if event in run.facts), Event.FROZEN)
    yield from differ(PREVIEW, parts[PREVIEW], frozen, run.frozen)
    yield from _devices(parts, run)
    yield from _authority(parts[AUTHORITY], run, records)
    yield from _backups(parts[BACKUP], run, records)
    for unit in parts[PREVIEW]["units"]:
        yield from _sums(unit)


def differ(name: str, one: Any, other_name: str, other: Any) -> Iterator[str]:
    """``name ≠ other`` when the values are not the same; nothing and an empty list are."""
    if (one or None) != (other or None):
        yield f"{name} ≠ {other_name}"


def _devices(parts: Mapping[str, Any], run: Run) -> Iterator[str]:
    yield from differ(BEFORE, parts[BEFORE], Event.CLEAR_INTENT, run.basis["card"])
    yield from differ(AFTER, parts[AFTER], Event.VERIFIED, run.facts.get(Event.VERIFIED, {}).get("card"))


def _authority(part: Mapping[str, Any], run: Run, records: Records) -> Iterator[str]:
    said = part["authority"] or {}
    for key, event in (("upload", Event.UPLOADED), ("receipts", Event.ACKNOWLEDGED)):
        yield from differ(f"{AUTHORITY}: {key}", said.get(key), event, run.facts.get(event, {}).get("receipts"))
    yield from differ(f"{AUTHORITY}: declaration", part["declaration"], Event.DECLARED, run.facts.get(Event.DECLARED))
    if "authorisation" in part:
        fetched = [record["data"] for record in records if record["kind"] == Event.AUTHORISED]
        yield from differ(f"{AUTHORITY}: authorisation", part["authorisation"], Event.AUTHORISED, fetched)


def _backups(part: Sequence[Mapping[str, Any]], run: Run, records: Records) -> Iterator[str]:
    made = {record["data"]["id"]: record["data"] for record in records if record["kind"] == Event.BACKED_UP}
    stood_on = next((run.facts[event].get("backup") for event in RECOVERIES if event in run.facts), None)
    known = {stood_on["id"]: stood_on, **made} if stood_on else made
    for backup in part:
        yield from differ(f"{BACKUP}: {backup['id']}", backup, Event.BACKED_UP, known.get(backup["id"]))
    for name in sorted(made.keys() - {backup["id"] for backup in part}):
        yield f"{BACKUP}: " + either(f"缺少 {name}", f"{name} is missing")


def _sums(unit: Mapping[str, Any]) -> Iterator[str]:
    name = f"{PREVIEW}: {unit['invoice_type']} {unit['period']}"
    amount, tax = Decimal(unit["amount"]), Decimal(unit["tax"])
    if amount + tax != Decimal(unit["total"]):
        yield name + either("：金额 + 税额 ≠ 价税合计", ": amount + tax ≠ total")
    by_rate = [sum((Decimal(rate[key]) for rate in unit["rates"]), Decimal(0)) for key in ("amount", "tax")]
    if by_rate != [amount, tax]:
        yield name + either("：各税率之和 ≠ 小计", ": the rates do not add up")
