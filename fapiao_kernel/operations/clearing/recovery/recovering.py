"""Recovering (按设备结果继续): the card was cleared by other hands, or by a command whose answer was lost. Its reading is the proof.

Nothing is sent to the card here. What it proves is written into the journal; the usual conclusion then closes the ledger.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from time import perf_counter

from fapiao_kernel.domain.clearing import Event, Outcome, Run, State, unit_data
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.concluding import conclude
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.preparing import fresh_backup
from fapiao_kernel.operations.clearing.recovery.grounds import grounds
from fapiao_kernel.operations.clearing.recovery.looking import Look, look, units_of_look
from fapiao_kernel.operations.clearing.recovery.offering import dates, recoverable
from fapiao_kernel.operations.clearing.recovery.situation import grouped, testimonies
from fapiao_kernel.operations.clearing.recovery.testimony import Books, Device, Said, Told, backwards
from fapiao_kernel.operations.clearing.settling import UNSETTLED, WAITING, moved, recovered, settle_one
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.ports import Backup

INTERRUPTED = (State.AUTHORISING, State.AUTHORISED)


def continue_from_device(desk: Desk, address: str, who: str = "") -> Run:
    """Go on from what the card shows. Gives the run with its outcome written; the conclusion is the engine's next step.

    An unknown outcome is settled by the reading; a run before the point of no return, or a new one over what the ledger still
    has open, is recovered. Asked twice it acts once. Raises what reading raises, and ``Refused``: ``recovery_not_cleared``
    (the card does not show a clear), ``recovery_nothing``, ``recovery_stopped`` (card and records contradict), ``wrong_step``
    (being cancelled); ``OutcomeUnknown`` (``readback_unclear``).
    """
    with desk.book.holding(address):
        seen = look(desk, address)
        seen.read()
        run = seen.run
        _refuse_contradictions(desk, seen)
        if run is not None and run.state in UNSETTLED:
            run = _settle(desk, seen, run)
            if run.state not in WAITING and not recoverable(run):
                return run
            seen = look(desk, address)
        if run is not None and run.state is State.REFUSED and _proven(desk, seen, run.units):
            conclude(desk, run.id)  # this run cleared nothing; what others cleared is a recovery of its own
            seen, run = look(desk, address), None
        if run is not None and run.state in WAITING:
            return run
        if run is not None and not recoverable(run):
            require(run)
        return _recover(desk, seen, who)


def _recover(desk: Desk, seen: Look, who: str) -> Run:
    if not _ahead(desk, seen):
        return _nothing(desk, seen)
    backup, seconds, made = _backup(desk, seen)
    if made:
        # Reading and proving a backup takes a while: the card is read anew, and must still say it.
        seen = look(desk, seen.address)
        _refuse_contradictions(desk, seen)
    found = _ahead(desk, seen)
    if not found:
        return _nothing(desk, seen)
    run = seen.run if seen.run is not None else _open(desk, seen, [one.unit for one in found], who)
    if run.state in INTERRUPTED:
        run = settle_one(desk, run)
    data = grounds(desk, seen, run, found, backup, who, seconds)
    event = Event.RECOVERED if len(found) == len(run.units) else Event.RECOVERED_PARTLY
    return desk.book.append(run.id, event, data, who)


def _ahead(desk: Desk, seen: Look) -> tuple[Said, ...]:
    """Units that the card proves as cleared and the ledger has not closed: of the open run, or of the card when none is open."""
    units = seen.run.units if seen.run is not None else units_of_look(desk, seen)
    return tuple(one for one in _proven(desk, seen, units) if one.ledger is not Books.CLOSED)


def _proven(desk: Desk, seen: Look, units: Sequence[ClearUnit]) -> tuple[Said, ...]:
    seen.read()
    return tuple(one for one in testimonies(desk, seen, units, ask=False) if one.device is Device.CLEARED)


def _settle(desk: Desk, seen: Look, run: Run) -> Run:
    """An unknown outcome, settled by the reading; refused, with proof, when the card shows no clear of any of its units."""
    if not _proven(desk, seen, run.units):
        if run.state in (State.CLEARING, State.OUTCOME_UNKNOWN) and _unclear(seen, run):
            return settle_one(desk, run)  # raises what a read-back raises
        raise Refused("recovery_not_cleared", proof=proof(desk, seen, run.units))
    return settle_one(desk, run)


def _unclear(seen: Look, run: Run) -> bool:
    state, before = seen.read(), seen.before
    if before is None:
        return False
    return any(moved(before.of(u.invoice_type), state.of(u.invoice_type)) is not Outcome.REFUSED for u in run.undecided)


def _nothing(desk: Desk, seen: Look) -> Run:
    """Nothing to make up for: the run that an earlier call recovered or settled, else a refusal with the dates."""
    if seen.run is not None:
        raise Refused("recovery_not_cleared", proof=proof(desk, seen, seen.run.units))
    last = seen.last
    if last is not None and last.state is State.FINISHED and (recovered(last) or Event.UNIT_SETTLED in last.facts):
        return last
    state = seen.read()
    units = [ClearUnit(seen.device_number, m.invoice_type, m.periods[-1]) for m in state.monitoring]
    raise Refused("recovery_nothing", proof=proof(desk, seen, units))


def proof(desk: Desk, seen: Look, units: Sequence[ClearUnit]) -> str:
    """What the card's dates say of units, one after the other."""
    state = seen.read()
    said = testimonies(desk, seen, units, ask=False)
    return either("；", "; ").join(f"{one.unit} {dates(one, state, seen.before)}" for one in said)


def _refuse_contradictions(desk: Desk, seen: Look) -> None:
    """Card behind the records: it, or the ledger, was restored from an older state. Nothing here may be made up for."""
    state = seen.read()
    wrong = []
    for one in testimonies(desk, seen, units_of_look(desk, seen), ask=False):
        was = seen.before.of(one.unit.invoice_type) if seen.before is not None else None
        behind = one.device in (Device.OPEN, Device.REPORTED) and (
            one.ledger is Books.CLOSED or one.journal is Told.CLEARED
        )
        if behind or backwards(was, state.of(one.unit.invoice_type)):
            wrong.append(f"{one.unit} {dates(one, state, seen.before)}")
    if wrong:
        raise Refused("recovery_stopped", what=either("；", "; ").join(wrong))


def _backup(desk: Desk, seen: Look) -> tuple[Backup, float, bool]:
    """A proven fresh backup, made now when there is none: what is made up for can be undone in the ledger only from one."""
    kept = fresh_backup(desk)
    if kept is not None:
        return kept, 0.0, False
    begun = perf_counter()
    name = seen.run.id if seen.run is not None else ""
    backup = desk.backups.make("before-recovery", lambda label, done, total: desk.progress(name, label, done, total))
    if not backup.proven:
        raise Refused("backup_not_proven", backup=backup.id)
    return backup, perf_counter() - begun, True


def _open(desk: Desk, seen: Look, units: Sequence[ClearUnit], who: str) -> Run:
    """A run over what other hands cleared, opened only to be recovered (``recovery`` in its record says so)."""
    assert seen.card is not None, "a card was read"
    identity = seen.read().identity
    groups = grouped(seen.card.profile, units, seen.before)
    run = f"{desk.now():%Y%m%d}-{identity.device_number[-4:]}-{secrets.token_hex(3)}"
    return desk.book.open(
        run,
        who,
        {
            "card": seen.card.address,
            "device_number": identity.device_number,
            "taxpayer_id": identity.taxpayer_id,
            "taxpayer_name": identity.taxpayer_name,
            "simulated": identity.simulated,
            "groups": [[unit_data(unit) for unit in group] for group in groups],
            "types_asked": [],
            "periods_asked": [],
            "recovery": True,
        },
    )
