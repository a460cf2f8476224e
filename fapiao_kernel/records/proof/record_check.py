"""Whether the clear record as data (清卡记录 JSON) says what journal, manifest and the bundle's other parts say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from fapiao_kernel.domain.clearing import Event, Outcome, Run, State
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof.bundle import AFTER, AUTHORITY, BACKUP, BEFORE, DATA, MANIFEST, PREVIEW, VERSIONS
from fapiao_kernel.records.proof.consistency import differ
from fapiao_kernel.records.proof.json_record import SCHEMA, SCHEMA_VERSION
from fapiao_kernel.records.proof.witnesses import closed, moved
from fapiao_kernel.records.proof.words import unit_name

_PARTS = {"preview": PREVIEW, "card_before": BEFORE, "card_after": AFTER, "backups": BACKUP, "versions": VERSIONS}


def disagreements(parts: Mapping[str, Any], run: Run, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Each a short text that names the two that differ."""
    record = parts[DATA]
    if (record["schema"], record["schema_version"]) != (SCHEMA, SCHEMA_VERSION):
        yield f"{DATA}: {record['schema']} {record['schema_version']}"
        return
    facts = record["facts"]
    for key, name in _PARTS.items():
        yield from differ(f"{DATA}: {key}", facts[key], name, parts[name])
    for key in ("authority", "declaration"):
        yield from differ(f"{DATA}: {key}", facts[key], AUTHORITY, parts[AUTHORITY][key])
    for key in ("run", "device_number", "simulated", "verdict", "versions"):
        yield from differ(f"{DATA}: {key}", facts[key], MANIFEST, manifest[key])
    yield from differ(f"{DATA}: journal", record["journal"], MANIFEST, manifest["journal"])
    for key in ("first", "last"):
        yield from differ(f"{DATA}: journal_{key}", facts[f"journal_{key}"], MANIFEST, manifest["journal"][key])
    yield from differ(f"{DATA}: signing_key", record["signing_key"], MANIFEST, manifest["fingerprint"])
    yield from _journal(facts, run)
    yield from _units(facts, run)


def _journal(facts: Mapping[str, Any], run: Run) -> Iterator[str]:
    opened, verified = run.facts[Event.OPENED], run.facts.get(Event.VERIFIED, {})
    told = {
        "run": run.id,
        "device_number": run.device_number,
        "simulated": opened.get("simulated", False),
        "taxpayer_name": opened.get("taxpayer_name", facts["taxpayer_name"]),
        "taxpayer_id": opened.get("taxpayer_id", facts["taxpayer_id"]),
        "opened_by": run.opened_by,
        "opened_at": run.times[State.OPENED],
        "verdict": run.verdict,
        "statistics": run.frozen.get("statistics"),
        "census_before": run.basis.get("census"),
        "census_after": run.facts.get(Event.CLOSED, {}).get("census"),
        "verification": verified.get("checks"),
    }
    for key, value in told.items():
        yield from differ(f"{DATA}: {key}", facts[key], either("日志", "journal"), value)
    datetime.fromisoformat(facts["finished_at"])  # no record tells it; it must at least be a time


def _units(facts: Mapping[str, Any], run: Run) -> Iterator[str]:
    outcomes = {
        (unit.invoice_type.value, str(unit.period)): run.outcomes.get(unit, Outcome.UNKNOWN).value for unit in run.units
    }
    frozen = {(unit["invoice_type"], unit["period"]): unit for unit in facts["preview"]["units"]}
    if [(unit["invoice_type"], unit["period"]) for unit in facts["units"]] != list(outcomes):
        yield f"{DATA}: " + either("单元 ≠ 日志", "units ≠ journal")
        return
    for unit in facts["units"]:
        key, name = (unit["invoice_type"], unit["period"]), f"{DATA}: {unit_name(unit)}"
        yield from differ(f"{name}: outcome", unit["outcome"], either("日志", "journal"), outcomes[key])
        yield from differ(f"{name}: name", unit["name"], key[0], InvoiceType(key[0]).zh)
        held = frozen.get(key, {})
        for figure in ("count", "total", "digest"):
            yield from differ(f"{name}: {figure}", unit[figure], PREVIEW, held.get(figure))
        for side, part in (("before", "card_before"), ("after", "card_after")):
            shown = _monitoring(facts[part], unit["invoice_type"])
            for date in ("lock_date", "report_start"):
                yield from differ(f"{name}: {date}_{side}", unit[f"{date}_{side}"], part, shown.get(date))
    if facts["card_after"] is not None:
        for unit in closed(facts):
            if not moved(unit):
                yield unit_name(unit) + either(
                    "：已清卡，日期却没有前移", ": cleared, and yet its dates did not move on"
                )


def _monitoring(card: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any]:
    lines = (card or {}).get("monitoring", ())
    return next((line for line in lines if line["invoice_type"] == kind), {})
