"""RunViews as the agent gives them, one for every state a run can be in."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import BackupView, CheckView, PreviewView, RateView, RunView, StatisticsView, UnitView
from fapiao_kernel.api.shapes import AgentView, CardView, FindingView, RunSummary, StatusView, TypeView
from fapiao_kernel.domain.clearing import CANCELLABLE, OVER, State
from fapiao_kernel.domain.steps import current, rail

ADDRESS = "gb18240+sim://novice"
DEVICE = "661000012345"
RUN = "r-20261105-1"
REVISION = "p-0001"
PIN = "88887777"
TIME = "2026-11-05T09:12:00+08:00"

_AFTER_CLEAR = (
    State.CLEARED,
    State.ACKNOWLEDGED,
    State.CLOSED,
    State.VERIFIED,
    State.RECORDED,
    State.FINISHED,
)
_FROZEN = (
    State.PREVIEWED,
    State.CONFIRMED,
    State.AUTHORISING,
    State.AUTHORISED,
    State.CLEARING,
    State.OUTCOME_UNKNOWN,
    State.PARTIAL,
    State.REFUSED,
    *_AFTER_CLEAR,
)
_BUSY = (State.REPORTING, State.AUTHORISING, State.AUTHORISED, State.CLEARING)


def card(**changes: Any) -> CardView:
    types = [
        TypeView(
            invoice_type=code,
            name=name,
            verdict="not_reported",
            lock_date="2026-11-17",
            report_start="2026-10-01",
            report_end="2026-10-31",
            last_report="2026-10-05",
            reported=False,
        )
        for code, name in (("004", "专票"), ("007", "普票"))
    ]
    fields: dict[str, Any] = {
        "address": ADDRESS,
        "device_number": DEVICE,
        "taxpayer_id": "91330106MA2TEST01X",
        "taxpayer_name": "杭州练习商贸有限公司",
        "verdict": "not_reported",
        "clock": TIME,
        "lock_date": "2026-11-17",
        "days_left": 12,
        "simulated": True,
        "pin_tries": 8,
        "types": types,
    }
    return CardView(**{**fields, **changes})


def finding(code: str = "clock", severity: str = "ok", **changes: Any) -> FindingView:
    return FindingView(**{"code": code, "severity": severity, "message": f"{code} 的说明", **changes})


def check(name: str, title: str, severity: str = "ok", **changes: Any) -> CheckView:
    return CheckView(name=name, title=title, finding=finding(name, severity, **changes))


def unit(code: str, state: State) -> UnitView:
    frozen = state in _FROZEN
    stage, outcome = "", ""
    if state is State.CLEARING:
        stage = "answered" if code == "004" else "sent"
        outcome = "cleared" if code == "004" else "unknown"
    elif state is State.OUTCOME_UNKNOWN:
        stage, outcome = "sent", "unknown"
    elif state is State.REFUSED:
        stage, outcome = "answered", "refused"
    elif state is State.PARTIAL:
        stage, outcome = "answered", "cleared" if code == "004" else "refused"
    elif state in _AFTER_CLEAR:
        stage, outcome = "answered" if state is State.CLEARED else "acknowledged", "cleared"
    after = outcome == "cleared"
    names = ["sent", "answered", "acknowledged"]
    reached = names[: names.index(stage) + 1] if stage else []
    return UnitView(
        invoice_type=code,
        name={"004": "专票", "007": "普票"}[code],
        period="2026-10",
        count={"004": 812, "007": 1188}[code] if frozen else None,
        total={"004": "9876543.21", "007": "1234567.89"}[code] if frozen else None,
        digest={"004": "ab", "007": "cd"}[code] * 32 if frozen else "",
        outcome=outcome,
        stage=stage,
        stage_times={name: f"2026-11-05T09:2{at}:0{at}+08:00" for at, name in enumerate(reached)},
        lock_date_before="2026-11-17",
        lock_date_after="2026-12-15" if after else "",
        report_start_before="2026-10-01",
        report_start_after="2026-11-01" if after else "",
    )


def preview(units: list[UnitView]) -> PreviewView:
    rates = {
        f"{u.invoice_type} {u.period}": [
            RateView(rate="0.13", count=500, amount="1000000.00", tax="130000.00"),
            RateView(rate="0.06", count=200, amount="200000.00", tax="12000.00"),
            RateView(rate="免税", count=12, amount="-300.00", tax="0.00"),
        ]
        for u in units
    }
    statistics = [
        StatisticsView(
            invoice_type=u.invoice_type,
            period=u.period,
            card_count=u.count or 0,
            card_total=u.total or "0.00",
            ledger_count=u.count or 0,
            ledger_total=u.total or "0.00",
            agrees=True,
        )
        for u in units
    ]
    return PreviewView(
        revision=REVISION,
        frozen_at=TIME,
        units=units,
        rates=rates,
        statistics=statistics,
        findings=[],
        confirm_device=DEVICE[-4:],
        confirm_period="2026-10",
    )


def run(state: State, **changes: Any) -> RunView:
    units = [unit("004", state), unit("007", state)]
    backup = BackupView(
        id="b1",
        time=TIME,
        copies=["/h/backups/a/b1", "/h/backups/b/b1"],
        sha256="e" * 64,
        size=1_234_567,
        files=9,
        proven=True,
    )
    backed = state not in (State.OPENED, State.CHECKED)
    census = {"open": {"count": 2000, "total": "11111111.10"}, "cleared": {"count": 0, "total": "0.00"}}
    verdicts = {State.CANCELLED: "cancelled", State.PARTIAL: "partial", State.REFUSED: "refused"}
    verdicts |= {State.CLEARING: "unknown", State.OUTCOME_UNKNOWN: "unknown"} | dict.fromkeys(_AFTER_CLEAR, "cleared")
    fields: dict[str, Any] = {
        "id": RUN,
        "card": ADDRESS,
        "device_number": DEVICE,
        "state": state.value,
        "verdict": verdicts.get(state, "open"),
        "step": current(state).value,
        "steps": {step.value: mark.value for step, mark in rail(state).items()},
        "opened_at": TIME,
        "opened_by": "王会计",
        "period": "2026-10",
        "busy": "clear" if state in _BUSY else "",
        "units": units,
        "checks": [] if state is State.OPENED else [check("clock", "设备时钟"), check("lock", "锁死日期")],
        "backups": [backup, *([backup] if state is State.FINISHED else [])] if backed else [],
        "preview": preview(units) if state in _FROZEN else None,
        "verification": [check("read-back", "读回核验")] if state in _AFTER_CLEAR[3:] else [],
        "record": "/h/records/r/record.html" if state is State.FINISHED else "",
        "bundle": "/h/records/r/bundle.zip" if state is State.FINISHED else "",
        "census_before": {**census, "all": census["open"]} if state in _AFTER_CLEAR else None,
        "census_after": {"open": census["cleared"], "cleared": census["open"], "all": census["open"]}
        if state in _AFTER_CLEAR[2:]
        else None,
        "cancellable": state in CANCELLABLE,
    }
    return RunView(**{**fields, **changes})


def summary(view: RunView) -> RunSummary:
    return RunSummary(
        id=view.id,
        card=view.card,
        device_number=view.device_number,
        state=view.state,
        verdict=view.verdict,
        opened_at=view.opened_at,
        over=State(view.state) in OVER,
    )


def status(cards: list[CardView], runs: list[RunView], **changes: Any) -> StatusView:
    fields: dict[str, Any] = {
        "time": TIME,
        "boot_id": "boot-1",
        "changes": 7,
        "agent": AgentView(url="http://127.0.0.1:1", pid=1, version="0.1.0"),
        "home": "/h",
        "practice": True,
        "who": "王会计",
        "cards": cards,
        "runs": [summary(r) for r in runs],
        "work": [],
    }
    return StatusView(**{**fields, **changes})
