"""A rehearsal's result (演练结果): verdict and facts of a walk, as the report takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fapiao_kernel.domain.card import CardProfile
from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.rehearsal import Readout, RehearsalVerdict
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.desk import periods_of
from fapiao_kernel.operations.clearing.words import span
from fapiao_kernel.operations.rehearsal.needs import RealSide, needs
from fapiao_kernel.operations.rehearsal.walk import STOPPED, Stage, Walk
from fapiao_kernel.ports import Backup

FORM = "rehearsal-1"


def rehearse(stage: Stage, readout: Readout, real: RealSide) -> dict[str, Any]:
    """Walk through the whole clear on the twin; gives the facts of the report (JSON values).

    Keys: ``form verdict device card_read summaries period steps units statistics census_before census_after accepted needs
    assumed twin error``. A gate that shuts ends the walk and is a result; a bug passes through.
    """
    walk = Walk(replace(stage, selection=wider(real.profile, readout, stage.selection))).go()
    run = walk.run
    wanted = [*_shown(walk), *needs(real, readout, periods_of(run.units) if run else (), walk.taken_on)]
    identity = readout.state.identity
    return {
        "form": FORM,
        "verdict": verdict(walk, wanted).value,
        "device_number": identity.device_number,
        "card_number": identity.card_number,
        "taxpayer_id": identity.taxpayer_id,
        "taxpayer_name": identity.taxpayer_name,
        "simulated": identity.simulated,
        "card_read": plain(readout.state),
        "read_at": readout.read_at.isoformat(timespec="seconds"),
        "summaries": plain(readout.summaries),
        "period": span(periods_of(run.units)) if run else "",
        "steps": [plain(step) for step in walk.steps],
        "units": _units(run),
        "statistics": plain(list(run.frozen.get("statistics", ()))) if run else [],
        "census_before": run.basis["census"] if run and Event.CLEAR_INTENT in run.facts else None,
        "census_after": run.facts[Event.CLOSED]["census"] if run and Event.CLOSED in run.facts else None,
        "accepted": list({w["code"]: w for w in walk.taken_on}.values()),
        "needs": wanted,
        "assumed": _assumed(walk),
        "twin": {"run": run.id if run else "", "state": run.state.value if run else ""},
        "error": plain(walk.error.finding()) if walk.error else None,
    }


def wider(profile: CardProfile, readout: Readout, selection: Selection) -> Selection:
    """The selection with the types that the real device closes together with those asked for: the twin clears each alone."""
    licensed = tuple(m.invoice_type for m in readout.state.monitoring)
    asked = selection.asked_types(licensed) if selection.types or selection.kinds else ()
    types = tuple(t for group in profile.groups(asked) for t in group if t in licensed) if asked else ()
    return replace(selection, types=types, kinds=())


def verdict(walk: Walk, wanted: Sequence[Mapping[str, Any]]) -> RehearsalVerdict:
    """What the walk came to; a blocker of the real side refuses what the twin has cleared."""
    run = walk.run
    if walk.error is not None and (run is None or not run.outcomes):
        return RehearsalVerdict.BROKEN_OFF
    came = run.verdict if run is not None and run.outcomes else "refused"
    if came == "unknown":
        return RehearsalVerdict.BROKEN_OFF
    if came == "refused" or any(need["severity"] == Severity.BLOCKER for need in wanted):
        return RehearsalVerdict.WOULD_BE_REFUSED
    return RehearsalVerdict.WOULD_BE_PARTIAL if came == "partial" else RehearsalVerdict.WOULD_CLEAR


def backup_assumed(made: Sequence[Backup]) -> list[dict[str, Any]]:
    """What the report says of the rehearsal's own backups."""
    if not made:
        return []
    size = max(copy.size for copy in made[-1].copies)
    return [plain(finding("rehearsal_backup_trial", files=made[-1].files, kilobytes=max(1, size // 1000)))]


def _shown(walk: Walk) -> list[dict[str, Any]]:
    """What the walk itself showed to be missing: the findings that shut a gate, and a report (抄税) still to be made."""
    shut = [f for step in walk.steps if step.outcome == STOPPED for f in step.findings]
    grave = [f for f in shut if f["severity"] in (Severity.BLOCKER, Severity.UNKNOWN)] or shut
    report = next(step for step in walk.steps if step.name == "report")
    return [*grave, *(f for f in report.findings if f["code"] == "rehearsal_report_needed")]


def _units(run: Run | None) -> list[dict[str, Any]]:
    if run is None:
        return []
    held = {(u["invoice_type"], u["period"]): u for u in run.frozen.get("units", ())}
    rows = []
    for unit in run.units:
        kind, period, outcome = unit.invoice_type.value, str(unit.period), run.outcomes.get(unit)
        rows.append(
            {
                "name": unit.invoice_type.zh,
                **(plain(held[(kind, period)]) if (kind, period) in held else {}),
                "invoice_type": kind,
                "period": period,
                "outcome": outcome.value if outcome else "",
            }
        )
    return rows


def _assumed(walk: Walk) -> list[dict[str, Any]]:
    """What the rehearsal took for granted."""
    told = [plain(finding("rehearsal_twin_answers"))]
    filed = next(step for step in walk.steps if step.name == "file_return")
    return [*told, *filed.findings] if filed.outcome == "done" else told
