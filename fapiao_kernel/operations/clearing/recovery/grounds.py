"""Grounds (依据): what a recovery stands on: the units as the ledger holds them now, the card before and now, and what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from fapiao_kernel.domain.card import CardState, MonthStatistics
from fapiao_kernel.domain.clearing import Event, Outcome, Run, unit_data
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.desk import Desk, periods_of
from fapiao_kernel.operations.clearing.preparing import backup_data
from fapiao_kernel.operations.clearing.previewing import beside, compare, unit_row
from fapiao_kernel.operations.clearing.recall import previews_of, statistics_of
from fapiao_kernel.operations.clearing.recovery.looking import Look, states
from fapiao_kernel.operations.clearing.recovery.offering import dates
from fapiao_kernel.operations.clearing.recovery.situation import late_findings
from fapiao_kernel.operations.clearing.recovery.testimony import Device, Said, device_says
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.ports import Backup, UnitPreview


def grounds(
    desk: Desk, seen: Look, run: Run, found: Sequence[Said], backup: Backup, who: str, seconds: float
) -> dict[str, Any]:
    """The data of ``recovery.cleared`` and ``recovery.partial``.

    ``card``: before, the last state that the journal knows · ``card_now``: the reading that proves it · ``preview``: what
    closes, in the form of ``preview.frozen`` · a unit that the device does not prove was not sent by this run either.
    """
    state = seen.read()
    done = [one.unit for one in found]
    left = [unit for unit in run.units if unit not in done]
    outcomes = [{"units": [unit_data(unit) for unit in done], "outcome": Outcome.ALREADY_CLEARED.value}]
    if left:
        outcomes.append({"units": [unit_data(unit) for unit in left], "outcome": Outcome.NOT_SENT.value})
    census = desk.ledger.census()
    before = _before(desk, seen, run, done)
    return {
        "outcomes": outcomes,
        "preview": _preview(desk, seen, run, found, backup, before),
        "card": before,
        "card_now": state,
        "census": census,
        "evidence": either("；", "; ").join(f"{one.unit} {dates(one, state, before)}" for one in found),
        "backup": backup_data(backup, "before-recovery", seconds),
        "who": who,
    }


def _before(desk: Desk, seen: Look, run: Run, done: Sequence[ClearUnit]) -> CardState:
    """The newest known state in which the units were still due; else the newest that tells of every type; else the reading,
    which is then all there is."""
    types = {unit.invoice_type for unit in run.units}
    newest: CardState | None = None
    for state in states(desk, run.device_number, run):
        if any(state.of(t) is None for t in types):
            continue
        newest = newest or state
        if all(device_says(unit, state, None) is not Device.CLEARED for unit in done):
            return state
    return newest or seen.read()


def _preview(
    desk: Desk, seen: Look, run: Run, found: Sequence[Said], backup: Backup, before: CardState
) -> dict[str, Any]:
    units = desk.ledger.preview(run.units, desk.telling(run))
    statistics, told = _statistics(seen, run, units)
    rows = beside(told, statistics)
    data: dict[str, Any] = plain(
        {
            "units": [unit_row(unit) for unit in units],
            "statistics": rows,
            "findings": [*_differences(desk, seen, run, units, found, before), *(compare(rows, told) if told else ())],
            "card": seen.read(),
            "card_statistics": seen.statistics or (),
            "backup": backup.id,
            "census": desk.ledger.census(),
            "frozen_at": desk.now().isoformat(),
        }
    )
    digest = hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
    return {**data, "revision": f"recovered-{digest}"}


def _statistics(
    seen: Look, run: Run, units: Sequence[UnitPreview]
) -> tuple[Sequence[MonthStatistics], list[UnitPreview]]:
    """The card's own statistics: of its state before the clear where a preview of this run kept them, else those it still tells;
    and the units that they tell of. A card that began a new span may have forgotten the old one."""
    kept = run.facts.get(Event.FROZEN, {}).get("card_statistics", ())
    statistics = [statistics_of(one) for one in kept] or list(seen.statistics or ())
    of = {(one.invoice_type, one.period) for one in statistics}
    return statistics, [unit for unit in units if (unit.unit.invoice_type, unit.unit.period) in of]


def _differences(
    desk: Desk, seen: Look, run: Run, units: Sequence[UnitPreview], found: Sequence[Said], before: CardState
) -> list[Finding]:
    """What a person must know before believing the numbers: how it was proven, what came in since, what nobody can compare."""
    state = seen.read()
    findings = [finding("recovery_found", unit=one.unit, proof=dates(one, state, before)) for one in found]
    frozen = run.facts.get(Event.FROZEN)
    shown = {p.unit: p for p in previews_of(run.device_number, frozen)} if frozen else {}
    for now in units:
        was = shown.get(now.unit)
        if was is not None and was.digest != now.digest:
            findings.append(_since(was, now))
    findings += late_findings(desk, [one.unit for one in units])
    for period in periods_of(run.units):
        count = desk.ledger.card_unknown(period)
        if count:
            # They have no unit, so nothing here closes them: told, not held up.
            findings.append(finding("card_unknown_invoices", severity=Severity.WARNING, count=count, period=period))
    _, told = _statistics(seen, run, units)
    findings += [finding("recovery_statistics_gone", unit=one.unit) for one in units if one not in told]
    return findings


def _since(was: UnitPreview, now: UnitPreview) -> Finding:
    return finding(
        "recovery_invoices_since",
        unit=now.unit,
        before=was.count,
        before_total=was.total,
        now=now.count,
        now_total=now.total,
    )
