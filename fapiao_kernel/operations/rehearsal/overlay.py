"""Ledger, backups and policy of a rehearsal (演练用的发票库、备份和管理要求): the real ones are read, and nothing of theirs is written."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import (
    Added,
    Backup,
    BackupStore,
    Census,
    Ledger,
    Need,
    Policy,
    Progress,
    Tally,
    UnitPreview,
)


class RehearsedLedger:
    """``ports.Ledger`` over the real one: previews and counts are the real ones, closings are kept here and nowhere else."""

    def __init__(self, real: Ledger) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._closed: dict[ClearUnit, tuple[str, UnitPreview]] = {}

    def take(self, *given: Any, **named: Any) -> tuple[Added, ...]:
        """A rehearsal imports nothing."""
        raise FapiaoError("bug", what="import in a rehearsal")

    def census(self) -> Census:
        """The real census, with what was closed here moved from open to cleared."""
        real = self._real.census()
        with self._lock:
            previews = [preview for _, preview in self._closed.values()]
        count, total = sum(p.count for p in previews), sum((p.total for p in previews), real.open.total * 0)
        return Census(
            open=Tally(real.open.count - count, real.open.total - total),
            cleared=Tally(real.cleared.count + count, real.cleared.total + total),
            all=real.all,
            fully_digital=real.fully_digital,
            card_unknown=real.card_unknown,
        )

    def preview(self, units: Sequence[ClearUnit], progress: Progress | None = None) -> tuple[UnitPreview, ...]:
        """See ``ports.Ledger``."""
        return self._real.preview(units, progress)

    def details(self, preview: UnitPreview) -> Iterable[InvoiceDetail]:
        """See ``ports.Ledger``."""
        return self._real.details(preview)

    def close_units(self, previews: Sequence[UnitPreview], *, run: str, at: datetime) -> int:
        """Closed in memory; refused (``unit_closed_before``) where the real ledger or another run closed it."""
        for preview in previews:
            other = self.closed(preview.unit)
            if other not in (None, run):
                raise Refused("unit_closed_before", unit=preview.unit, run=other)
        with self._lock:
            fresh = [preview for preview in previews if preview.unit not in self._closed]
            self._closed |= {preview.unit: (run, preview) for preview in fresh}
        return len(fresh)

    def closed(self, unit: ClearUnit) -> str | None:
        """See ``ports.Ledger``."""
        with self._lock:
            held = self._closed.get(unit)
        return held[0] if held else self._real.closed(unit)

    def open_units(self, device_number: str) -> tuple[ClearUnit, ...]:
        """See ``ports.Ledger``."""
        with self._lock:
            held = set(self._closed)
        return tuple(unit for unit in self._real.open_units(device_number) if unit not in held)

    def card_unknown(self, period: Period) -> int:
        """See ``ports.Ledger``."""
        return self._real.card_unknown(period)

    def late(self, unit: ClearUnit) -> int:
        """See ``ports.Ledger``."""
        return self._real.late(unit)

    def within(
        self,
        units: Sequence[ClearUnit],
        first_day: date | None = None,
        last_day: date | None = None,
        invoices: Sequence[tuple[str, str]] = (),
    ) -> Mapping[ClearUnit, Tally]:
        """See ``ports.Ledger``: a unit that was closed here has no open invoices left."""
        found = dict(self._real.within(units, first_day, last_day, invoices))
        with self._lock:
            return {unit: Tally(0, tally.total * 0) if unit in self._closed else tally for unit, tally in found.items()}

    def sellers(self, units: Sequence[ClearUnit]) -> Mapping[str, int]:
        """See ``ports.Ledger``."""
        return self._real.sellers(units)


class RehearsedBackups:
    """``ports.BackupStore``: backups are made in ``trial``, whole and read back; until then the newest is the real one."""

    def __init__(self, real: BackupStore, trial: BackupStore) -> None:
        self._real, self._trial = real, trial
        self.made: list[Backup] = []

    def make(self, reason: str, progress: Progress | None = None) -> Backup:
        """A backup that proves it can be made; it is thrown away when the rehearsal ends."""
        backup = self._trial.make(reason, progress)
        self.made.append(backup)
        return backup

    @property
    def largest(self) -> int:
        """Bytes of the largest archive made; 0 before any."""
        return max((copy.size for backup in self.made for copy in backup.copies), default=0)

    def latest(self) -> Backup | None:
        """The newest made here, else the real newest. Its journal head is left out: it is of the real journal, not the rehearsal's."""
        newest = self.made[-1] if self.made else self._real.latest()
        return replace(newest, journal_head="") if newest is not None else None


class RehearsedPolicy:
    """``ports.Policy``: the house's maintenance windows hold, but nobody is asked for a code or an approval of a rehearsal."""

    def __init__(self, real: Policy) -> None:
        self._real = real

    def needs(self, device_number: str) -> tuple[Need, ...]:
        """None: what the real clear would ask for stands among its needs."""
        return ()

    def code_is_right(self, run: str, revision: str, code: str) -> bool:
        """No code is given out."""
        return False

    def may_approve(self, who: str, opened_by: str) -> bool:
        """Nobody is asked."""
        return False

    def maintenance(self, now: datetime) -> str:
        """See ``ports.Policy``."""
        return self._real.maintenance(now)
