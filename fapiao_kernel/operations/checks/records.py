"""Checks of what is kept (记录检查): journal, disk, backups, ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fapiao_kernel.domain.errors import FapiaoError, finding
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.device import unread
from fapiao_kernel.operations.checks.look import Seen
from fapiao_kernel.operations.issuing.acts import Act
from fapiao_kernel.ports import Backup, Journal

DISK_LEAST = 500 * 1024 * 1024
"""Bytes that a clear with its two backups must find free (our choice, several times what 200,000 invoices take)."""

BACKUP_PLACES = 2
"""Copies that a backup set has at least (MISSION S3)."""

BACKUP_RECENT = timedelta(days=31)

BACKUP_LIFE = timedelta(hours=24)
"""A backup older than this is made again before the preview is frozen (our choice: one working day)."""


def chain_check(journal: Journal | None, backup: Backup | None = None) -> Check:
    """Whether the journal's chain holds: seq without a gap, each record naming the hash before it; and, where a ``backup`` is
    known, whether it still holds the record that was its last when that backup was made.

    The chain alone cannot tell that whole records are gone from its end. There is no verb yet that puts a home back to an
    older backup: one that did would make this true of a newer backup, and would have to say so in the journal.
    """
    if journal is None:
        return named("journal", finding("check_journal_broken", seq=0))
    count, before = 0, ""
    sought = backup.journal_head if backup is not None else ""
    held = not sought
    try:
        for record in journal.records():
            if record.seq != count + 1 or record.prev != before:
                return named("journal", finding("check_journal_broken", seq=record.seq))
            count, before = record.seq, record.hash
            held = held or record.hash == sought
        if journal.head() != (count, before):
            return named("journal", finding("check_journal_broken", seq=count))
    except FapiaoError as error:
        return named("journal", error.finding())
    if backup is not None and not held:
        return named(
            "journal", finding("check_journal_cut", count=count, backup=backup.id, time=f"{backup.time:%Y-%m-%d %H:%M}")
        )
    return named("journal", finding("check_journal_ok", count=count))


def disk(seen: Seen) -> Check | None:
    """Whether there is room for backups and journal."""
    if not seen.disk_asked:
        return None
    if seen.disk_free is None:
        return named("disk", unread(seen, "disk_free"))
    free = f"{seen.disk_free / 1024**3:.1f}"
    return named("disk", finding("check_disk_ok" if seen.disk_free >= DISK_LEAST else "check_disk_low", free=free))


def backups(seen: Seen) -> Check:
    """Whether the backup folders answer, and what the newest set is. None yet is no blocker: the next step makes one."""
    if "backup" in seen.errors:
        return named("backups", unread(seen, "backup"))
    latest = seen.backup
    if latest is None:
        return named("backups", finding("check_backup_none"))
    facts: dict[str, Any] = {"backup": latest.id, "time": f"{latest.time:%Y-%m-%d %H:%M}", "places": len(latest.copies)}
    if not latest.proven or len(latest.copies) < BACKUP_PLACES:
        return named("backups", finding("check_backup_weak", **facts))
    old = seen.now - latest.time > BACKUP_RECENT
    return named("backups", finding("check_backup_old" if old else "check_backup_ok", **facts))


def is_fresh(backup: Backup | None, now: datetime) -> bool:
    """Whether a backup is there, proven, of every place, and not older than ``BACKUP_LIFE``."""
    return backup is not None and backup.proven and timedelta(0) <= now - backup.time <= BACKUP_LIFE


def backup_fresh(seen: Seen) -> Check:
    """Whether the newest backup may be stood on now (备份): a clear without one is never confirmed."""
    if "backup" in seen.errors:
        return named("backup_fresh", unread(seen, "backup"))
    latest = seen.backup
    if latest is None:
        return named("backup_fresh", finding("check_backup_missing"))
    code = "check_backup_fresh" if is_fresh(latest, seen.now) else "check_backup_stale"
    facts: dict[str, Any] = {"backup": latest.id, "time": f"{latest.time:%Y-%m-%d %H:%M}"}
    return named("backup_fresh", finding(code, hours=BACKUP_LIFE // timedelta(hours=1), **facts))


def card_unknown(seen: Seen) -> Check:
    """Device-issued invoices of these periods whose card is unknown hold up the clear (DESIGN §2)."""
    if seen.card_unknown is None:
        return named("card_unknown", unread(seen, "card_unknown"))
    count = sum(seen.card_unknown.values())
    if count:
        periods = "、".join(str(p) for p, n in seen.card_unknown.items() if n)
        return named("card_unknown", finding("check_card_unknown", count=count, periods=periods))
    return named("card_unknown", finding("check_card_known"))


def ledger(seen: Seen) -> Check:
    """Whether the ledger holds open invoices at all while the card counts some. Unit by unit the preview compares."""
    if seen.census is None:
        return named("ledger", unread(seen, "census"))
    told: int | None = None
    if seen.statistics is not None:
        mine = {(unit.invoice_type, unit.period) for unit in seen.units}
        told = sum(s.count for s in seen.statistics if (s.invoice_type, s.period) in mine)
    if told is None and seen.card is not None:
        return named("ledger", unread(seen, "statistics"))
    facts: dict[str, Any] = {"open": seen.census.open.count, "card": told or 0}
    code = "check_ledger_empty" if told and not seen.census.open.count else "check_ledger_ok"
    return named("ledger", finding(code, **facts))


def issuing_settled(seen: Seen) -> Check:
    """Whether every invoice issued or voided on the card has its outcome and stands in the ledger (开票): else the sums may move."""
    if seen.issuing is None:
        return named("issuing", unread(seen, "issuing"))
    return unsettled(seen.issuing)


def unsettled(acts: Sequence[Act]) -> Check:
    """What is to be said of acts of issuing that are not at their end; of none, that all are."""
    if not acts:
        return named("issuing", finding("check_issuing_settled"))
    numbers = "、".join(f"{act.invoice.code} {act.invoice.number}" for act in acts[:3])
    return named("issuing", finding("check_issuing_open", count=len(acts), numbers=numbers))


def already_cleared(seen: Seen) -> Check:
    """Whether the ledger holds one of these units as closed already."""
    if seen.closed is None:
        return named("already_cleared", unread(seen, "closed"))
    if seen.closed:
        units = "、".join(str(unit) for unit in seen.closed)
        runs = "、".join(sorted(set(seen.closed.values())))
        return named("already_cleared", finding("check_closed_before", units=units, runs=runs))
    return named("already_cleared", finding("check_not_closed"))
