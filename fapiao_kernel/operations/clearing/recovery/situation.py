"""The situation (现状): what four witnesses say of each unit, whether they agree, and the one action that is left.

It starts from a fresh reading of the card, whatever the journal says, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fapiao_kernel.domain.card import CardProfile, CardState, MonthStatistics
from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding, Severity
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.recall import card_of
from fapiao_kernel.operations.clearing.recovery.looking import Look, look, units_of_look
from fapiao_kernel.operations.clearing.recovery.offering import GRAVEST_FIRST, Action, evidence, offer, told
from fapiao_kernel.operations.clearing.recovery.testimony import (
    Device,
    Said,
    TaxSide,
    authority_says,
    backwards,
    device_says,
    journal_says,
    ledger_says,
)
from fapiao_kernel.operations.clearing.settling import UNSETTLED

Groups = tuple[tuple[ClearUnit, ...], ...]


@dataclass(frozen=True)
class UnitSituation:
    """One unit: its witnesses, what may be done, and the finding that says so with its ground."""

    said: Said
    action: Action
    finding: Finding

    @property
    def agree(self) -> bool:
        return self.said.agree


@dataclass(frozen=True)
class Situation:
    """A card as it stands. ``card`` is None when it could not be read. ``last``: the newest run that is over.

    ``read_at``: ISO time of the reading · ``action``: the one over all units, the gravest first (``offering``) ·
    ``late``: invoices that came in after their unit was closed, which nothing here closes · ``unread``: why there is no ``card``.
    """

    address: str
    device_number: str
    read_at: str
    card: CardState | None
    before: CardState | None
    statistics: tuple[MonthStatistics, ...] | None
    run: Run | None
    last: Run | None
    units: tuple[UnitSituation, ...]
    late: tuple[Finding, ...] = ()
    unread: Finding | None = None

    @property
    def action(self) -> Action:
        return next((a for a in GRAVEST_FIRST if any(u.action is a for u in self.units)), Action.NONE)

    @property
    def agree(self) -> bool:
        """Whether the card was read and nobody contradicts."""
        return self.card is not None and all(unit.agree for unit in self.units)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is said beside the units."""
        return (*((self.unread,) if self.unread is not None else ()), *self.late)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*(unit.finding for unit in self.units), *self.notes)


def look_back(desk: Desk, address: str) -> Situation:
    """Read the card and ask the other three. Raises nothing for a card that is away: then everything of it is unknown."""
    return situation(desk, look(desk, address))


def situation(desk: Desk, seen: Look) -> Situation:
    """The situation of one look."""
    return Situation(
        seen.address,
        seen.device_number,
        desk.now().isoformat(),
        seen.state,
        seen.before,
        seen.statistics,
        seen.run,
        seen.last,
        _units(desk, seen),
        late_findings(desk, [unit for run in (seen.last, seen.run) if run is not None for unit in run.units]),
        replace(seen.error.finding(), severity=Severity.UNKNOWN) if seen.error is not None else None,
    )


def late_findings(desk: Desk, units: Sequence[ClearUnit]) -> tuple[Finding, ...]:
    """Closed units that got invoices afterwards: told, never silently closed (DESIGN §2)."""
    found = []
    for unit in dict.fromkeys(units):
        run, count = desk.ledger.closed(unit), desk.ledger.late(unit)
        if run is not None and count:
            found.append(finding("recovery_late", unit=unit, run=run, count=count))
    return tuple(found)


def _units(desk: Desk, seen: Look) -> tuple[UnitSituation, ...]:
    units = units_of_look(desk, seen)
    said = testimonies(desk, seen, units)
    if seen.state is None:
        return tuple(_unread(seen, one) for one in said)
    own = [one for one in said if seen.run is not None and one.unit in seen.run.units]
    still = all(one.device in (Device.OPEN, Device.REPORTED) for one in own)
    records = desk.book.records(seen.run.id) if seen.run is not None else ()
    last_kind = records[-1].kind if records else ""
    found = []
    for one in said:
        was = seen.before.of(one.unit.invoice_type) if seen.before is not None else None
        back = backwards(was, seen.state.of(one.unit.invoice_type))
        action, code = offer(one, seen.run, last_kind, still, back)
        found.append(
            UnitSituation(one, action, told(one, code, seen.run, evidence(one, seen.state, _before(seen, one))))
        )
    return tuple(found)


def _before(seen: Look, said: Said) -> CardState | None:
    """The card before: of a unit that a finished run closed, and the card is past, its state before that clear."""
    run = seen.closed_by
    if run is not None and said.ledger_run == run.id and said.device is Device.CLEARED:
        return card_of(run.basis["card"])
    return seen.before


def _unread(seen: Look, said: Said) -> UnitSituation:
    why = seen.error.sentence if seen.error is not None else ""
    unsettled = seen.run is not None and seen.run.state in UNSETTLED
    action = Action.READ_BACK if unsettled else Action.NONE
    return UnitSituation(said, action, finding("recovery_card_unread", unit=said.unit, why=why))


def testimonies(desk: Desk, seen: Look, units: Sequence[ClearUnit], *, ask: bool = True) -> tuple[Said, ...]:
    """The witnesses of each unit. The tax side is asked with the identity that was read, so only when one was; and not at all
    without ``ask``: an act is decided by the card alone, whether the tax side can be reached or not."""
    runs = [r for r in desk.book.runs() if r.device_number == seen.device_number]
    ledger = ledger_says(desk, units)
    authority: dict[ClearUnit, tuple[TaxSide, str]] = {}
    if ask and seen.state is not None and seen.card is not None:
        own = seen.run.groups if seen.run is not None else ()
        if seen.closed_by is not None:
            own = (*own, *(group for group in seen.closed_by.groups if group not in own and set(group) <= set(units)))
        rest = [unit for unit in units if not any(unit in group for group in own)]
        groups = (*own, *grouped(seen.card.profile, rest, seen.before))
        authority = authority_says(desk, seen.address, seen.state.identity, groups)
    found = []
    for unit in units:
        books, ledger_run = ledger[unit]
        tax, why = authority.get(unit, (TaxSide.UNKNOWN, ""))
        journal, journal_run = journal_says(unit, runs)
        device = device_says(unit, seen.state, seen.before)
        found.append(Said(unit, device, books, tax, journal, ledger_run, why, journal_run))
    return tuple(found)


def grouped(profile: CardProfile, units: Sequence[ClearUnit], before: CardState | None) -> Groups:
    """Units as they must have been cleared: types that the device clears together, and the span that the journal last knew
    of as one; of older periods nobody knows the span, so each stands for itself (most cards clear month by month)."""
    groups: dict[tuple[int, str], list[ClearUnit]] = {}
    for number, types in enumerate(profile.groups(tuple(dict.fromkeys(unit.invoice_type for unit in units)))):
        for unit in sorted(units):
            if unit.invoice_type in types:
                groups.setdefault((number, _span(unit, before)), []).append(unit)
    return tuple(tuple(group) for group in groups.values())


def _span(unit: ClearUnit, before: CardState | None) -> str:
    was = before.of(unit.invoice_type) if before is not None else None
    if was is not None and Period.of(was.report_start) <= unit.period <= Period.of(was.report_end):
        return f"{was.report_start}"
    return str(unit.period)
