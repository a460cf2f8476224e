"""A run (一次清卡) as a face sees it, from its journal facts alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fapiao_kernel.agent.views import backup_of, check_of, finding_of, finding_of_error, preview_of
from fapiao_kernel.api.runs import AcceptedView, CheckView, RunView, UnitView
from fapiao_kernel.api.shapes import ErrorView, FindingView, RunSummary, WorkView
from fapiao_kernel.domain.clearing import CANCELLABLE, Event, Outcome, Run, State, unit_data
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.steps import current, rail
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.words import span
from fapiao_kernel.ports import Record

_SECONDS: Mapping[str, str] = {
    Event.CHECKED: "check",
    Event.BLOCKED: "check",
    Event.BACKED_UP: "backup",
    Event.REPORT_RESULT: "report",
    Event.UPLOADED: "upload",
    Event.DECLARED: "declaration",
    Event.FROZEN: "preview",
    Event.AUTHORISED: "authorise",
    Event.ACKNOWLEDGED: "acknowledge",
    Event.CLOSED: "ledger",
    Event.VERIFIED: "verify",
    Event.RECORDED: "record",
    Event.FINISHED: "finish",
}
_BASES = (Event.RECOVERED, Event.RECOVERED_PARTLY, Event.CLEAR_INTENT)
"""What an outcome stands on (``Run.basis``)."""
_CARD_BEFORE = (*_BASES, Event.FROZEN, Event.REPORT_RESULT, Event.BLOCKED, Event.CHECKED)
_CARD_AFTER = (Event.VERIFIED, Event.CLEARED, Event.PARTLY, Event.REFUSED)
_STAGES: Mapping[str, str] = {
    Event.UNIT_SENT: "sent",
    Event.UNIT_ANSWERED: "answered",
    Event.UNIT_SETTLED: "answered",
    Event.ACKNOWLEDGED: "acknowledged",
}
_TOLD_ERRORS = (Event.REPORT_REFUSED, Event.REPORT_UNKNOWN, Event.EXECUTION_ABANDONED, Event.CLEAR_UNKNOWN)


def summary(run: Run) -> RunSummary:
    """A run in one line, as the status lists it."""
    return RunSummary(
        id=run.id,
        card=run.card,
        device_number=run.device_number,
        state=run.state.value,
        verdict=run.verdict,
        opened_at=run.opened_at,
        over=run.over,
    )


def run_view(
    run: Run,
    records: Sequence[Record],
    *,
    busy: str = "",
    progress: WorkView | None = None,
    error: ErrorView | None = None,
) -> RunView:
    """The run whole. ``records``: its own, in order; ``busy``/``progress``: the agent's work on it; ``error``: its last failure."""
    if error is not None and error.code == "cancel_asked" and run.state is State.CANCELLED:
        error = None  # what broke the act off is done, and no failure any more
    recorded = _fact(run, Event.RECORDED)
    last_check = next((r for r in reversed(records) if r.kind in (Event.CHECKED, Event.BLOCKED)), None)
    return RunView(
        id=run.id,
        card=run.card,
        device_number=run.device_number,
        state=run.state.value,
        verdict=run.verdict,
        step=current(run.state).value,
        steps={step.value: state.value for step, state in rail(run.state).items()},
        opened_at=run.opened_at,
        opened_by=run.opened_by,
        period=span(unit.period for unit in run.units),
        busy=busy,
        progress=progress,
        units=_units(run, records),
        checks=_checks(last_check.data if last_check else {}),
        findings=_findings(run, records, error),
        warnings=_warnings(run, error),
        accepted=_accepted(run, records),
        needs=_needs(run),
        error=error,
        backups=[backup_of(b) for b in _backups(records)],
        declaration=dict(_fact(run, Event.DECLARED)) or None,
        preview=preview_of(run.frozen, run.device_number) if run.frozen else None,
        verification=_checks(_fact(run, Event.VERIFIED)),
        record=recorded.get("record", ""),
        sheet=recorded.get("sheet", ""),
        data=recorded.get("data", ""),
        bundle=recorded.get("bundle", ""),
        census_before=_first(run, (*_BASES, Event.FROZEN), "census"),
        census_after=_first(run, (Event.CLOSED,), "census"),
        seconds=_seconds(records),
        cancellable=run.state in CANCELLABLE,
    )


def _fact(run: Run, event: Event) -> Mapping[str, Any]:
    return run.facts.get(event, {})


def _first(run: Run, events: Iterable[Event], key: str) -> Any:
    return next((value for e in events if (value := _fact(run, e).get(key))), None)


def _checks(data: Mapping[str, Any]) -> list[CheckView]:
    return [check_of(check) for check in data.get("checks", ())]


def _backups(records: Sequence[Record]) -> list[Mapping[str, Any]]:
    made = [r.data for r in records if r.kind == Event.BACKED_UP]
    made += [r.data["backup"] for r in records if r.kind == Event.FINISHED and r.data.get("backup")]
    return made


def _units(run: Run, records: Sequence[Record]) -> list[UnitView]:
    before, after = (_monitoring(_first(run, events, "card")) for events in (_CARD_BEFORE, _CARD_AFTER))
    held = {(u["invoice_type"], u["period"]): u for u in run.frozen.get("units", ())}
    stages = _stages(run, records)
    views = []
    for unit in run.units:
        name = unit_data(unit)
        holds = held.get((name["invoice_type"], name["period"]), {})
        was, now = before.get(name["invoice_type"], {}), after.get(name["invoice_type"], {})
        times = stages[unit]
        outcome = run.outcomes.get(unit)
        views.append(
            UnitView(
                **name,
                name=unit.invoice_type.zh,
                count=holds.get("count"),
                total=holds.get("total"),
                digest=holds.get("digest", ""),
                outcome=outcome.value if outcome else "unknown" if unit in run.sent else "",
                stage=list(times)[-1] if times else "",  # type: ignore[arg-type]  # keys are stages
                stage_times=times,
                lock_date_before=was.get("lock_date", ""),
                lock_date_after=now.get("lock_date", ""),
                report_start_before=was.get("report_start", ""),
                report_start_after=now.get("report_start", ""),
            )
        )
    return views


def _monitoring(card: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    return {m["invoice_type"]: m for m in (card or {}).get("monitoring", ())}


def _stages(run: Run, records: Sequence[Record]) -> dict[ClearUnit, dict[str, str]]:
    """When each unit was sent, answered by the device, and acknowledged by the tax side."""
    times: dict[ClearUnit, dict[str, str]] = {unit: {} for unit in run.units}
    named = {(u.invoice_type.value, str(u.period)): u for u in run.units}
    for record in records:
        stage = _STAGES.get(record.kind)
        if stage is None or record.data.get("outcome") == Outcome.NOT_SENT:
            continue  # nothing went out, so nothing was answered
        if stage == "acknowledged":
            units = [u for u in run.units if (o := run.outcomes.get(u)) is not None and o.closed]
        else:
            units = [named[u["invoice_type"], u["period"]] for u in record.data["units"]]
        for unit in units:
            times[unit].setdefault(stage, record.time)
    return times


def _findings(run: Run, records: Sequence[Record], error: ErrorView | None) -> list[FindingView]:
    """What holds the run up now, the most recent statement first."""
    told: list[FindingView] = []
    if error is not None and not run.over:
        told.append(finding_of_error(error.model_dump()))
    last = records[-1] if records else None
    if last is not None and last.kind in _TOLD_ERRORS and last.data.get("error"):
        told.append(finding_of_error(last.data["error"]))
    if last is not None and last.kind == Event.VOIDED:
        told.append(_voided(last.data))
    if run.state is State.OPENED:
        checks = _fact(run, Event.BLOCKED).get("checks", ())
        told += [finding_of(c["finding"]) for c in checks if c["finding"]["severity"] in ("blocker", "unknown")]
    return list({(f.code, f.message): f for f in reversed(told)}.values())[::-1]


def _warnings(run: Run, error: ErrorView | None) -> list[FindingView]:
    """Of the frozen preview what nobody took on yet; before the report what its last refusal named."""
    if run.state is State.PREVIEWED:
        told = [*(c["finding"] for c in run.frozen.get("gates", ())), *run.frozen.get("findings", ())]
        open_ones = [f for f in told if f["severity"] == "warning" and f["code"] not in run.accepted]
        return [finding_of(f) for f in open_ones]
    if run.state is State.BACKED_UP and error is not None and error.code == "warning_not_accepted":
        return [finding_of_error(error.model_dump()).model_copy(update={"code": error.original, "severity": "warning"})]
    return []


def _accepted(run: Run, records: Sequence[Record]) -> list[AcceptedView]:
    """Those that count for the step ahead: a new preview has forgotten the older ones."""
    told = [r for r in records if r.kind == Event.WARNING_ACCEPTED and r.data["code"] in run.accepted]
    latest = {r.data["code"]: r for r in told}
    return [
        AcceptedView(code=code, sentence=r.data["sentence"], reason=r.data["reason"], who=r.data["who"], time=r.time)
        for code, r in latest.items()
    ]


def _needs(run: Run) -> list[str]:
    if run.state is not State.AWAITING:
        return []
    given = {str(one["need"]) for one in run.approvals}
    return [need for need in _fact(run, Event.CONFIRM_ASKED).get("needs", ()) if need not in given]


def _voided(data: Mapping[str, Any]) -> FindingView:
    entry = finding("preview_voided", reason=data["reason"])
    return FindingView(
        code=data.get("reason_code") or entry.code,
        severity=entry.severity.value,
        message=entry.message,
        remedy=entry.remedy,
        who=entry.who.value,
    )


def _seconds(records: Sequence[Record]) -> dict[str, float]:
    """Seconds by act, repeated acts added up; ``clear``: from intent to outcome by the journal's own times."""
    spent: dict[str, float] = {}
    for record in records:
        name = _SECONDS.get(record.kind)
        if name and isinstance(record.data.get("seconds"), int | float):
            spent[name] = round(spent.get(name, 0.0) + float(record.data["seconds"]), 3)
    return spent
