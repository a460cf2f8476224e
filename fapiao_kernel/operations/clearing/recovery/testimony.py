"""Testimony (四方证词): what device, ledger, tax side and journal say of one unit, each for itself. Pure but for the asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring
from fapiao_kernel.domain.clearing import Outcome, Run, State
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.desk import Desk, periods_of, types_of
from fapiao_kernel.operations.clearing.settling import moved


class Device(StrEnum):
    """What the card shows of a unit."""

    CLEARED = "cleared"
    REPORTED = "reported"
    OPEN = "open"
    UNCLEAR = "unclear"


class Books(StrEnum):
    """What the ledger holds of a unit; ``nothing``: no invoice of it, and not closed."""

    CLOSED = "closed"
    OPEN = "open"
    NOTHING = "nothing"


class TaxSide(StrEnum):
    """Whether the tax side counts a unit as cleared."""

    CLEARED = "cleared"
    NOT = "not"
    UNKNOWN = "unknown"


class Told(StrEnum):
    """What the journal tells of a unit."""

    CLEARED = "cleared"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Said:
    """Four witnesses of one unit. ``ledger_run``/``journal_run``: the run each names; ``authority_why``: why it is unknown."""

    unit: ClearUnit
    device: Device
    ledger: Books
    authority: TaxSide
    journal: Told
    ledger_run: str = ""
    authority_why: str = ""
    journal_run: str = ""

    @property
    def unrecorded(self) -> bool:
        """Whether the ledger holds it as closed, and the journal does not know the run that it names as one that cleared it.

        No step of a clear passes through this: an outcome is in the journal before the ledger is closed (结转). So records are
        missing from the journal, or the ledger is of another time.
        """
        if self.ledger is not Books.CLOSED:
            return False
        return self.journal is not Told.CLEARED or self.journal_run != self.ledger_run

    @property
    def agree(self) -> bool:
        """Whether nobody contradicts. Unknown is never agreement for device and journal; a tax side that is away says nothing."""
        if self.device is Device.UNCLEAR or self.journal is Told.UNKNOWN or self.unrecorded:
            return False
        said = {self.device is Device.CLEARED}
        if self.ledger is not Books.NOTHING:
            said.add(self.ledger is Books.CLOSED)
        if self.authority is not TaxSide.UNKNOWN:
            said.add(self.authority is TaxSide.CLEARED)
        if self.journal is not Told.NOTHING:
            said.add(self.journal is Told.CLEARED)
        return len(said) == 1


def device_says(unit: ClearUnit, state: CardState | None, before: CardState | None) -> Device:
    """By the dates: past the unit when its span starts later and its lock date lies beyond the unit's own clear month.

    Both dates move on together in a clear (domain note 1.5), so one that moved alone proves nothing.
    """
    now = state.of(unit.invoice_type) if state is not None else None
    if now is None:
        return Device.UNCLEAR
    if Period.of(now.report_start) > unit.period:
        return Device.CLEARED if Period.of(now.lock_date) > unit.period.next() else Device.UNCLEAR
    was = before.of(unit.invoice_type) if before is not None else None
    if _odd(was, now):
        return Device.UNCLEAR
    return Device.REPORTED if now.reported else Device.OPEN


def _odd(was: Monitoring | None, now: Monitoring) -> bool:
    if was is not None and moved(was, now) is Outcome.REFUSED:
        return False
    return Period.of(now.lock_date) > Period.of(now.report_end).next()


def backwards(was: Monitoring | None, now: Monitoring | None) -> bool:
    """Whether a card's dates are older than those read before: it was restored from an older state, or is a copy."""
    if was is None or now is None:
        return False
    return now.lock_date < was.lock_date or now.report_start < was.report_start


def ledger_says(desk: Desk, units: Sequence[ClearUnit]) -> dict[ClearUnit, tuple[Books, str]]:
    """Closed and by which run, open, or nothing of it."""
    said: dict[ClearUnit, tuple[Books, str]] = {}
    left: list[ClearUnit] = []
    for unit in units:
        run = desk.ledger.closed(unit)
        if run is not None:
            said[unit] = (Books.CLOSED, run)
        else:
            left.append(unit)
    for preview in desk.ledger.preview(left) if left else ():
        said[preview.unit] = (Books.OPEN if preview.count else Books.NOTHING, "")
    return said


def authority_says(
    desk: Desk, address: str, identity: CardIdentity, groups: Sequence[tuple[ClearUnit, ...]]
) -> dict[ClearUnit, tuple[TaxSide, str]]:
    """Asked group by group, as devices close them; what cannot be asked is unknown, with the reason."""
    said: dict[ClearUnit, tuple[TaxSide, str]] = {}
    for group in groups:
        try:
            done = desk.authority(address).cleared(identity, types_of(group), periods_of(group))
        except FapiaoError as error:
            said |= dict.fromkeys(group, (TaxSide.UNKNOWN, error.sentence))
        else:
            said |= dict.fromkeys(group, (TaxSide.CLEARED if done else TaxSide.NOT, ""))
    return said


def journal_says(unit: ClearUnit, runs: Sequence[Run]) -> tuple[Told, str]:
    """By the newest run that has anything to tell of the unit. ``runs``: of this card, oldest first."""
    for run in reversed(runs):
        outcome = run.outcomes.get(unit)
        if outcome is not None and outcome is not Outcome.UNKNOWN:
            return (Told.CLEARED if outcome.closed else Told(outcome.value)), run.id
        if unit in run.sent:
            return Told.UNKNOWN, run.id
        if unit in run.units and run.state in (State.CLEARING, State.OUTCOME_UNKNOWN):
            return Told.NOT_SENT, run.id
    return Told.NOTHING, ""
