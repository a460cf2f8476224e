"""A run as faces see it, from its journal records alone."""

from __future__ import annotations

from typing import Any

import pytest

from fapiao_kernel.agent.run_view import run_view
from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.clearing import fold
from fapiao_kernel.ports import Record

DEVICE = "990000004321"
SPECIAL, ORDINARY = {"invoice_type": "004", "period": "2026-10"}, {"invoice_type": "007", "period": "2026-10"}


def card(lock: str, start: str) -> dict[str, Any]:
    return {"monitoring": [{"invoice_type": t, "lock_date": lock, "report_start": start} for t in ("004", "007")]}


def finding(code: str, severity: str) -> dict[str, Any]:
    words = {"message": code, "evidence": "", "remedy": "", "who": "me", "effect": "NOT_SENT", "row": None}
    return {"name": code, "title": code, "finding": {"code": code, "severity": severity, **words}}


ERROR = {"code": "lost", "sentence": "没有答复", "effect": "UNKNOWN", "remedy": "回读", "who": "me", "original": "T=1"}
BEFORE, AFTER = card("2026-11-17", "2026-10-01"), card("2026-12-15", "2026-11-01")
OPENED = ("run.opened", {"card": "gb18240+sim://novice", "device_number": DEVICE, "groups": [[SPECIAL], [ORDINARY]]})
CHECKED = ("run.checked", {"checks": [finding("clock", "ok")], "card": BEFORE, "verdict": "clearable", "seconds": 0.5})
COPY = {"path": "/b/1", "sha256": "aa", "size": 9}
BACKUP = {"id": "b1", "time": "2026-11-05T09:00:00+08:00", "copies": [COPY, {**COPY, "path": "/b/2"}], "files": 3}
BACKED_UP = ("run.backed_up", {**BACKUP, "journal_head": "", "proven": True, "reason": "", "seconds": 1.0})
UNIT = {"count": 3, "voids": 0, "reds": 0, "amount": "1.00", "tax": "0.13", "total": "1.13", "digest": "d", "rates": []}
CENSUS = {"open": {"count": 6, "total": "2.26"}}
FROZEN = {
    "revision": "R1",
    "units": [{**SPECIAL, **UNIT}, {**ORDINARY, **UNIT}],
    "statistics": [],
    "findings": [],
    "card": BEFORE,
}
TO_PREVIEW = (
    OPENED,
    CHECKED,
    BACKED_UP,
    ("report.intent", {"groups": [], "card": BEFORE}),
    ("report.result", {"groups": [], "already": False, "card": BEFORE, "seconds": 0.25}),
    ("report.uploaded", {"receipts": ["r"], "seconds": 0.1}),
    ("declaration.seen", {"filed": True, "compared": True, "sentence": "", "source": "read", "seconds": 0.1}),
    (
        "preview.frozen",
        {**FROZEN, "census": CENSUS, "backup": "b1", "seconds": 0.2, "frozen_at": "2026-11-05T09:00:06+08:00"},
    ),
)
TO_CLEARING = (
    *TO_PREVIEW,
    ("run.confirmed", {"revision": "R1", "device_tail": "4321", "period": "2026-10", "expires_at": ""}),
    ("execution.begun", {"revision": "R1"}),
    ("authorisation.fetched", {"revision": "R1", "digests": []}),
    ("clear.intent", {"revision": "R1", "groups": [[SPECIAL], [ORDINARY]], "card": BEFORE, "census": CENSUS}),
    ("unit.sent", {"units": [SPECIAL]}),
)


def view(*told: tuple[str, dict[str, Any]], **now: Any) -> RunView:
    records = [
        Record(seq, f"2026-11-05T09:00:{seq:02d}+08:00", kind, "r1", "cai", data, "", "")
        for seq, (kind, data) in enumerate(told, 1)
    ]
    return run_view(
        fold({"kind": r.kind, "time": r.time, "run": r.run, "who": r.who, "data": r.data} for r in records),
        records,
        **now,
    )


def test_a_fresh_run_stands_at_its_first_step() -> None:
    seen = view(OPENED)
    assert (seen.state, seen.step, seen.verdict, seen.opened_by) == ("opened", "prepare", "open", "cai")
    assert [(u.invoice_type, u.name, u.period, u.count) for u in seen.units] == [
        ("004", "专票", "2026-10", None),
        ("007", "普票", "2026-10", None),
    ]
    assert seen.cancellable and not seen.busy


def test_blockers_of_the_last_check_are_what_holds_the_run_up() -> None:
    blocked = (
        "run.blocked",
        {
            "checks": [finding("clock", "ok"), finding("pin", "blocker"), finding("tax", "unknown")],
            "card": BEFORE,
            "verdict": "x",
            "seconds": 0.5,
        },
    )
    seen = view(OPENED, blocked)
    assert [f.code for f in seen.findings] == ["pin", "tax"]
    assert [c.name for c in seen.checks] == ["clock", "pin", "tax"]
    assert view(OPENED, blocked, CHECKED).findings == []


def test_the_preview_says_what_must_be_typed() -> None:
    preview = view(*TO_PREVIEW).preview
    assert preview is not None
    assert (preview.revision, preview.confirm_device, preview.confirm_period) == ("R1", "4321", "2026-10")
    assert [(u.count, u.total) for u in preview.units] == [(3, "1.13"), (3, "1.13")]


def test_a_voided_preview_is_gone_and_its_reason_is_told() -> None:
    seen = view(
        *TO_PREVIEW, ("preview.voided", {"revision": "R1", "reason_code": "card_changed", "reason": "设备变了"})
    )
    assert seen.preview is None
    assert [(f.code, f.severity) for f in seen.findings] == [("card_changed", "warning")]
    assert "设备变了" in seen.findings[0].message


def test_a_sent_unit_is_unknown_until_the_device_answers() -> None:
    seen = view(*TO_CLEARING)
    assert [(u.outcome, u.stage) for u in seen.units] == [("unknown", "sent"), ("", "")]
    assert seen.verdict == "unknown" and not seen.cancellable


def test_an_unknown_outcome_tells_the_lost_answer() -> None:
    seen = view(*TO_CLEARING, ("clear.unknown", {"units": [SPECIAL], "error": ERROR}))
    assert (seen.state, seen.verdict, seen.steps["clear"]) == ("outcome_unknown", "unknown", "attention")
    assert [(f.code, f.effect, f.severity) for f in seen.findings] == [("lost", "UNKNOWN", "unknown")]


def test_dates_before_and_after_and_stages_with_their_times() -> None:
    answered = {"outcome": "cleared", "status": "9000", "sentence": "", "source": "read"}
    seen = view(
        *TO_CLEARING,
        ("unit.answered", {"units": [SPECIAL], **answered}),
        ("unit.sent", {"units": [ORDINARY]}),
        ("unit.answered", {"units": [ORDINARY], **answered, "outcome": "refused", "status": "6985"}),
        ("clear.partial", {"card": AFTER}),
        ("clear.acknowledged", {"receipts": ["q"], "seconds": 0.1}),
    )
    first, second = seen.units
    assert (first.lock_date_before, first.lock_date_after) == ("2026-11-17", "2026-12-15")
    assert (first.report_start_before, first.report_start_after) == ("2026-10-01", "2026-11-01")
    assert list(first.stage_times) == ["sent", "answered", "acknowledged"]
    assert (second.outcome, second.stage) == ("refused", "answered")
    assert seen.verdict == "partial"


def test_seconds_of_repeated_acts_add_up() -> None:
    seen = view(OPENED, CHECKED, CHECKED, BACKED_UP)
    assert seen.seconds == {"check": 1.0, "backup": 1.0}
    assert [b.copies for b in seen.backups] == [["/b/1", "/b/2"]]


def test_what_the_agent_does_and_its_last_failure_are_told() -> None:
    error = ErrorView(code="wrong", sentence="不行", effect="NOT_SENT", remedy="", who="me")
    seen = view(OPENED, busy="检查", error=error)
    assert (seen.busy, seen.cancellable, seen.error) == ("检查", True, error)
    assert [f.code for f in seen.findings] == ["wrong"]


@pytest.mark.parametrize(("code", "told"), [("cancel_asked", False), ("wrong_step", True)])
def test_that_a_cancel_was_asked_for_is_no_failure_once_it_is_done(code: str, told: bool) -> None:
    error = ErrorView(code=code, sentence="不行", effect="NOT_SENT", remedy="", who="me")
    asked, done = ("cancel.asked", {"reason": ""}), ("run.cancelled", {"reason": ""})
    assert view(OPENED, asked, error=error).error == error
    assert (view(OPENED, asked, done, error=error).error is not None) is told


def test_a_cancelled_run_holds_nothing_up() -> None:
    error = ErrorView(code="wrong", sentence="不行", effect="NOT_SENT", remedy="", who="me")
    seen = view(OPENED, ("cancel.asked", {"reason": ""}), ("run.cancelled", {"reason": ""}), error=error)
    assert (seen.verdict, seen.findings) == ("cancelled", [])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_view_is_whole_json_in_either_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("FAPIAO_LANG", language)
    seen = view(*TO_CLEARING)
    assert RunView.model_validate_json(seen.model_dump_json()) == seen
