"""Looking back (回看): one fresh reading of a card, beside what journal and ledger hold of it. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fapiao_kernel.domain.card import CardState, MonthStatistics
from fapiao_kernel.domain.clearing import Run, State
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.due import is_due
from fapiao_kernel.operations.clearing.recall import card_of
from fapiao_kernel.ports import Card

MONTHS_BACK = 12
"""How many months before the card's span are looked up in ledger and journal (our choice: a journal that was cut lost its newest
records, and a year covers a year's clears)."""


@dataclass(frozen=True)
class Look:
    """What was read. ``state`` is None when the card cannot be read, and ``error`` says why.

    ``run``: the open run of this card · ``last``: the newest one that is over · ``before``: the last state of this card that
    the journal knows, of the open run first · ``summaries``: SHA-256 of each sealed summary that the card gives, by type ·
    ``closed_by``: the newest finished run that the ledger has closed units by.
    """

    address: str
    device_number: str
    card: Card | None = None
    state: CardState | None = None
    error: FapiaoError | None = None
    run: Run | None = None
    last: Run | None = None
    before: CardState | None = None
    summaries: Mapping[InvoiceType, str] = field(default_factory=dict)
    statistics: tuple[MonthStatistics, ...] | None = None
    closed_by: Run | None = None

    def read(self) -> CardState:
        """The card's state; raises why there is none."""
        if self.error is not None:
            raise self.error
        assert self.state is not None, "a look has a state or an error"
        return self.state


def look(desk: Desk, address: str) -> Look:
    """Read the card now, whatever the journal says; a card that cannot be read, or another one in its place, is told as error."""
    try:
        card = desk.card(address)
        state = card.read_state()
    except FapiaoError as error:
        run, last = _runs(desk, address, "")
        told = run or last
        number = told.device_number if told else ""
        return Look(address, number, error=error, run=run, last=last, before=known(desk, number, run))
    number = state.identity.device_number
    run, last = _runs(desk, address, number)
    if run is not None and run.device_number != number:
        other = Refused("other_card", seen=number, expected=run.device_number)
        expected = run.device_number
        return Look(address, expected, card, error=other, run=run, last=last, before=known(desk, expected, run))
    statistics = _statistics(card)
    summaries = _summaries(card, state)
    before = known(desk, number, run)
    closed_by = _closed_by(desk, number)
    return Look(address, number, card, state, None, run, last, before, summaries, statistics, closed_by)


def _runs(desk: Desk, address: str, number: str) -> tuple[Run | None, Run | None]:
    """The open run and the newest one over: by the machine number, else (an open one only, or an unread card) by address."""
    runs = desk.book.runs()
    mine = [r for r in runs if r.device_number == number] if number else []
    here = [r for r in runs if r.card == address]
    run = next((r for r in (*mine, *here) if not r.over), None)
    over = [r for r in (mine if number else here) if r.over]
    return run, over[-1] if over else None


def _closed_by(desk: Desk, number: str) -> Run | None:
    finished = (r for r in reversed(desk.book.runs()) if r.device_number == number and r.state is State.FINISHED)
    return next((run for run in finished if any(desk.ledger.closed(unit) == run.id for unit in run.units)), None)


def _statistics(card: Card) -> tuple[MonthStatistics, ...] | None:
    try:
        return card.read_statistics()
    except FapiaoError:
        return None  # shown as not known; the dates alone decide


def _summaries(card: Card, state: CardState) -> dict[InvoiceType, str]:
    """The sealed summaries of what says of itself that it is reported, as digests: proof beside the flag, where the card gives it."""
    found: dict[InvoiceType, str] = {}
    for group in card.profile.groups(tuple(m.invoice_type for m in state.monitoring)):
        types = tuple(t for t in group if (m := state.of(t)) is not None and m.reported)
        if not types:
            continue
        try:
            summary = card.read_summary(types)
        except FapiaoError:
            continue  # the flag stands alone then
        if summary is not None:
            found |= dict.fromkeys(types, hashlib.sha256(summary.sealed).hexdigest())
    return found


def known(desk: Desk, device_number: str, run: Run | None) -> CardState | None:
    """The last state of a card that the journal knows: of the open run, else of the newest run that holds one."""
    return next(states(desk, device_number, run), None)


def states(desk: Desk, device_number: str, run: Run | None) -> Iterator[CardState]:
    """Every state of a card that the journal knows, newest first, the open run's before all others'."""
    others = [
        r for r in reversed(desk.book.runs()) if r.device_number == device_number and (run is None or r.id != run.id)
    ]
    for one in ([run] if run is not None else []) + others:
        for record in reversed(desk.book.records(one.id)):
            for key in ("card_now", "card"):
                told = record.data.get(key)
                if isinstance(told, Mapping) and _is_of(told, device_number):
                    yield card_of(told)


def _is_of(card: Mapping[str, Any], device_number: str) -> bool:
    """A blocked check may have read another card."""
    return bool(card["identity"]["device_number"] == device_number)


def units_of_look(desk: Desk, seen: Look) -> tuple[ClearUnit, ...]:
    """Units to speak of: the open run's, those the ledger has open though the card is past them, those the card has due, those the
    ledger closed that the card still shows in its span, those it closed lately by a run that the journal does not know, and what
    the last finished run closed (到底清了没有)."""
    units = dict.fromkeys(seen.run.units if seen.run is not None else ())
    state = seen.state
    if state is None:
        return tuple(units)
    for unit in desk.ledger.open_units(seen.device_number):
        monitoring = state.of(unit.invoice_type)
        if monitoring is not None and unit.period < Period.of(monitoring.report_start):
            units[unit] = None
    for monitoring in state.monitoring:
        due = is_due(state, monitoring.invoice_type)
        for period in monitoring.periods:
            unit = ClearUnit(seen.device_number, monitoring.invoice_type, period)
            if due or desk.ledger.closed(unit) is not None:
                units[unit] = None
    units |= dict.fromkeys(_unrecorded(desk, seen.device_number, state))
    if seen.closed_by is not None:
        units |= dict.fromkeys(u for u in seen.closed_by.units if desk.ledger.closed(u) == seen.closed_by.id)
    return tuple(units)


def _unrecorded(desk: Desk, device_number: str, state: CardState) -> Iterator[ClearUnit]:
    """Units behind the card's span that the ledger closed, without a clear by that run in the journal: it was cut short."""
    known_runs = {run.id: run for run in desk.book.runs()}
    for monitoring in state.monitoring:
        period = Period.of(monitoring.report_start)
        for _ in range(MONTHS_BACK):
            period = period.previous()
            unit = ClearUnit(device_number, monitoring.invoice_type, period)
            closed_by = desk.ledger.closed(unit)
            if closed_by is None:
                continue
            run = known_runs.get(closed_by)
            outcome = run.outcomes.get(unit) if run is not None else None
            if outcome is None or not outcome.closed:
                yield unit
