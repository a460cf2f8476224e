"""Preparing (准备, 备份): checks, and the backup that every later step stands on."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.checks import examine
from fapiao_kernel.operations.checks.records import is_fresh
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.gates import look_at
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.ports import Backup


def check(desk: Desk, run_id: str) -> Run:
    """Compute every check now. A blocker, or anything that could not be found out, sends the run back to its start."""
    run = desk.book.run(run_id)
    require(run, State.OPENED, State.CHECKED, State.BACKED_UP)
    begun = perf_counter()
    with desk.book.holding(run.card):
        desk.say(run, either("检查设备、时钟、备份和发票库", "Checking device, clock, backups and ledger"))
        seen = look_at(desk, run)
        report = examine(seen)
        data: dict[str, Any] = {
            "checks": report.checks,
            "card": seen.card,
            "verdict": report.verdict,
            "seconds": perf_counter() - begun,
        }
        if report.holds_up:
            return desk.book.append(run.id, Event.BLOCKED, data)
        if run.state is State.BACKED_UP:
            return run
        return desk.book.append(run.id, Event.CHECKED, data)


BEFORE_BACKUP = (State.CHECKED, State.BACKED_UP, State.REPORTED, State.DECLARED)


def back_up(desk: Desk, run_id: str) -> Run:
    """Make a backup set and prove it by reading every copy back. Raises what the store raises; then the run stays where it is."""
    run = desk.book.run(run_id)
    require(run, *BEFORE_BACKUP)
    with desk.book.holding(run.card):
        require(desk.book.run(run_id), *BEFORE_BACKUP)
        begun = perf_counter()
        desk.say(run, either("备份，并读回核对", "Backing up, and reading it back"))
        backup = desk.backups.make("before-clear", desk.telling(run))
        if not backup.proven:
            raise Refused("backup_not_proven", backup=backup.id)
        return desk.book.append(run.id, Event.BACKED_UP, backup_data(backup, "before-clear", perf_counter() - begun))


def backup_data(backup: Backup, reason: str, seconds: float) -> dict[str, Any]:
    """How a record writes a backup set."""
    return {**plain(backup), "reason": reason, "seconds": seconds}


def fresh_backup(desk: Desk) -> Backup | None:
    """The newest backup if it is proven and not older than ``checks.records.BACKUP_LIFE``."""
    latest = desk.backups.latest()
    return latest if is_fresh(latest, desk.now()) else None
