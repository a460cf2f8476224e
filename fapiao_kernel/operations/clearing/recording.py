"""The facts of a finished clear (清卡记录的内容), as the recorder takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fapiao_kernel.domain.clearing import Event, Outcome, Run
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.ports import Record


def facts(desk: Desk, run: Run) -> dict[str, Any]:
    """Plain values only; see ``records.proof.facts`` for what each key is for."""
    records = desk.book.records(run.id)
    opened, basis = run.facts[Event.OPENED], run.basis
    verified, closed = run.facts[Event.VERIFIED], run.facts[Event.CLOSED]
    return {
        "run": run.id,
        "taxpayer_name": opened["taxpayer_name"],
        "taxpayer_id": opened["taxpayer_id"],
        "device_number": run.device_number,
        "simulated": opened["simulated"],
        "opened_by": run.opened_by,
        "opened_at": run.opened_at,
        "finished_at": desk.now().isoformat(timespec="seconds"),
        "verdict": run.verdict,
        "units": _units(run, basis["card"], verified["card"]),
        "preview": dict(run.frozen),
        "card_before": basis["card"],
        "card_after": verified["card"],
        "statistics": list(run.frozen["statistics"]),
        "verification": list(verified["checks"]),
        "authority": {
            # A recovered run may have begun, and ended, without either: other hands reported and declared.
            "upload": list(run.facts.get(Event.UPLOADED, {}).get("receipts", ())),
            "receipts": list(run.facts[Event.ACKNOWLEDGED]["receipts"]),
        },
        "declaration": dict(run.facts.get(Event.DECLARED, {})),
        "census_before": basis["census"],
        "census_after": closed["census"],
        "backups": _backups(run, records),
        "journal_first": records[0].seq,
        "journal_last": _last(records),
        "versions": dict(desk.versions),
    }


def _backups(run: Run, records: tuple[Record, ...]) -> list[dict[str, Any]]:
    """The sets that the run made, and the one that a recovery stands on when that is none of them."""
    made = [dict(record.data) for record in records if record.kind == Event.BACKED_UP]
    stood_on = run.basis.get("backup")
    if stood_on is not None and stood_on["id"] not in {backup["id"] for backup in made}:
        made.append(dict(stood_on))
    return made


def _last(records: tuple[Record, ...]) -> int:
    return records[-1].seq


def _units(run: Run, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    was, now = _dates(before), _dates(after)
    held = {(u["invoice_type"], u["period"]): u for u in run.frozen["units"]}
    rows = []
    for unit in run.units:
        kind, period = unit.invoice_type.value, str(unit.period)
        shown = held[(kind, period)]
        rows.append(
            {
                "invoice_type": kind,
                "name": unit.invoice_type.zh,
                "period": period,
                "count": shown["count"],
                "total": shown["total"],
                "digest": shown["digest"],
                "outcome": run.outcomes.get(unit, Outcome.UNKNOWN).value,
                "lock_date_before": was.get(kind, {}).get("lock_date", ""),
                "lock_date_after": now.get(kind, {}).get("lock_date", ""),
                "report_start_before": was.get(kind, {}).get("report_start", ""),
                "report_start_after": now.get(kind, {}).get("report_start", ""),
            }
        )
    return rows


def _dates(card: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {m["invoice_type"]: m for m in card["monitoring"]}
