"""What changed between freeze and execute (变化): any change voids the preview, with a sentence saying which."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fapiao_kernel.domain.card import CardState, MonthStatistics
from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import message
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.clearing.desk import Desk, types_of
from fapiao_kernel.operations.clearing.due import is_due
from fapiao_kernel.operations.clearing.preparing import fresh_backup
from fapiao_kernel.operations.clearing.recall import card_of
from fapiao_kernel.ports import Card

PREVIEW_LIFE = timedelta(hours=24)
"""A frozen preview older than this is looked at again before anything is cleared (our choice: one working day)."""

RUNNING = ("clock", "pin_tries")
"""What a card state may differ in: its clock runs, and a PIN shown wrongly says nothing about what will close."""


def still(state: Any) -> dict[str, Any]:
    """A card state (or its record) without what runs by itself."""
    return {key: value for key, value in plain(state).items() if key not in RUNNING}


def what_changed(desk: Desk, run: Run, card: Card, state: CardState) -> str | None:
    """The code of the first thing that changed since the preview was frozen; None when nothing did."""
    frozen = run.frozen
    if desk.policy.maintenance(desk.now()):
        return "void_maintenance"
    statistics: tuple[MonthStatistics, ...] = card.read_statistics()
    if still(frozen["card"]) != still(state) or frozen["card_statistics"] != plain(statistics):
        return "void_card"
    if not _in_window(desk, run, state):
        return "void_clock"
    latest = fresh_backup(desk)
    if latest is None or latest.id != frozen["backup"]:
        return "void_backup"
    shown = [(unit["digest"], unit["watermark"], unit["count"]) for unit in frozen["units"]]
    if shown != [
        (unit.digest, unit.watermark, unit.count) for unit in desk.ledger.preview(run.units, desk.telling(run))
    ]:
        return "void_ledger"
    return None


def _in_window(desk: Desk, run: Run, state: CardState) -> bool:
    """PC clock: not before the freeze, not a day after it. Card clock: not back, same month, same side of every lock date, the same due."""
    frozen_at = datetime.fromisoformat(run.frozen["frozen_at"])
    if not timedelta(0) <= desk.now() - frozen_at <= PREVIEW_LIFE:
        return False
    before, now = datetime.fromisoformat(run.frozen["card"]["clock"]).date(), state.clock.date()
    if now < before or Period.of(now) != Period.of(before):
        return False
    if any((before > m.lock_date) != (now > m.lock_date) for m in state.monitoring):
        return False
    shown = card_of(run.frozen["card"])
    return all(is_due(shown, t) == is_due(state, t) for group in run.groups for t in types_of(group))


def void(desk: Desk, run: Run, code: str) -> Run:
    """Write that the frozen preview counts no more, and why."""
    reason = message(code).sentence({})
    return desk.book.append(run.id, Event.VOIDED, {"revision": run.revision, "reason_code": code, "reason": reason})
