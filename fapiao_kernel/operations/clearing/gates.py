"""Gates (关口): which checks guard which step of the clear, and how one that is shut says no.

A gate is a check (``operations.checks``) with the names of what it must have seen. Blockers and what could not be found out keep
it shut; a warning does too, until a person takes it on with a reason (``accepting``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.finding import Effect, Finding, Severity, Who
from fapiao_kernel.operations.checks import Check, Seen, dates, device, look, records, taxside, types, whose
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.weighing import grown


@dataclass(frozen=True)
class Gate:
    """``check`` says nothing (None) of a device that did not answer: the gate of the device itself says that.

    ``needs``: fields of ``Seen`` without which it must stay shut.
    """

    check: Callable[[Seen], Check | None]
    needs: tuple[str, ...]


Gates = tuple[Gate, ...]

_DEVICE: Gates = (
    Gate(device.readable, ("card",)),
    Gate(device.identity, ("card",)),
    Gate(types.dormant, ("card",)),
)

REPORT_GATES: Gates = (
    *_DEVICE,
    Gate(types.reportable, ("card",)),
    Gate(device.not_uploaded, ("card",)),
    Gate(device.volumes, ("card", "volumes")),
    Gate(records.issuing_settled, ("issuing",)),
    Gate(device.pin, ("card",)),
)
"""Before 抄税: the device, its days, nothing un-uploaded (250), no volume under way (209, 222), every
issue with its outcome, PIN tries to spend."""

CONFIRM_GATES: Gates = (
    *_DEVICE,
    Gate(whose.seller, ("card", "sellers")),
    Gate(whose.backup_device, ("card", "sellers", "backup")),
    Gate(types.cleared_on_device, ("card",)),
    Gate(records.already_cleared, ("closed",)),
    Gate(types.groups_reported, ("card",)),
    Gate(taxside.tax_return, ("card", "declaration")),
    Gate(types.locked, ("card",)),
    Gate(dates.card_clock, ("card",)),
    Gate(dates.tax_clock, ("authority_time",)),
    Gate(dates.clocks, ("card", "authority_time")),
    Gate(records.backup_fresh, ("backup",)),
    Gate(records.card_unknown, ("card_unknown",)),
    Gate(records.issuing_settled, ("issuing",)),
    Gate(device.pin, ("card",)),
    Gate(taxside.maintenance, ("maintenance",)),
)
"""Before the confirmation: whose it is, what is left to clear, what the tax side has, clocks, backup, PIN tries, hours."""


def look_at(desk: Desk, run: Run, gates: Gates | None = None) -> Seen:
    """Read now what these gates need (everything without them). The caller holds the card."""
    only = None if gates is None else {name for gate in gates for name in gate.needs}
    return look(
        card=lambda: desk.card(run.card),
        authority=lambda: desk.authority(run.card),
        ledger=desk.ledger,
        journal=desk.book.journal,
        backups=desk.backups,
        clock=desk.clock,
        units=run.units,
        device_number=run.device_number,
        taxpayer_id=str(run.facts[Event.OPENED]["taxpayer_id"]),
        unsettled=lambda device: desk.issues.unsettled(device_number=device),
        disk_free=desk.disk_free,
        maintenance=desk.policy.maintenance,
        only=only,
    )


def evaluate(seen: Seen, gates: Gates) -> tuple[Check, ...]:
    """What each gate says. Pure."""
    return tuple(check for gate in gates if (check := gate.check(seen)) is not None)


def told_by_preview(run: Run) -> tuple[Check, ...]:
    """The frozen preview's own findings (数字核对), which were shown beside the gates: as frozen, for any change voids them."""
    return tuple(Check("preview", "", _finding(told)) for told in run.frozen.get("findings", ()))


def standing(desk: Desk, run: Run, gates: Gates) -> tuple[Seen, tuple[Check, ...]]:
    """All that is said now of the step that these gates guard, the preview's own findings among it."""
    seen = look_at(desk, run, gates)
    return seen, (*evaluate(seen, gates), *told_by_preview(run))


def keep_shut(desk: Desk, run: Run, act: str, gates: Gates) -> None:
    """Return only when every gate of the step is open; the caller holds the card.

    Raises the first that is shut as its own error: a device that does not answer with what reading it raised, a blocker and what
    could not be found out as ``Refused`` of their own code, a warning that nobody took on as ``warning_not_accepted``. The rest goes
    to the journal (``refusal.noted``), beside the refusal itself, which the one who asked notes.
    """
    seen, checks = standing(desk, run, gates)
    errors = [_error(seen, check.finding) for check in checks if check.finding.holds_up]
    errors += [_not_accepted(check.finding) for check in checks if is_open_warning(run, check.finding)]
    for error in errors[1:]:
        desk.book.note(run.id, act, error)
    if errors:
        raise errors[0]


def is_open_warning(run: Run, found: Finding) -> bool:
    """Whether it is a warning that nobody took on for this step as large as it is now."""
    if found.severity is not Severity.WARNING:
        return False
    return found.code not in run.accepted or grown(found.code, run.accepted_at[found.code], found.weight)


def _error(seen: Seen, found: Finding) -> FapiaoError:
    if found.code == "check_device_away" and "card" in seen.errors:
        return seen.errors["card"]
    return Refused.of(found)


def _not_accepted(found: Finding) -> Refused:
    return Refused("warning_not_accepted", original=found.code, warning=found.code, sentence=found.message)


def _finding(told: Any) -> Finding:
    """A finding as a record writes it (``domain.plain``)."""
    return Finding(
        str(told["code"]),
        Severity(told["severity"]),
        str(told["message"]),
        str(told["evidence"]),
        str(told["remedy"]),
        Who(told["who"]),
        Effect(told["effect"]),
        weight=int(told.get("weight", 0)),
    )
