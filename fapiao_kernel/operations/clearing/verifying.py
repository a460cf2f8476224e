"""Verification (核验): device, ledger, journal and tax side, each asked for itself after the clear."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.card import CardState
from fapiao_kernel.domain.clearing import Event, Outcome, Run
from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.operations.checks import Check, chain_check, named
from fapiao_kernel.operations.clearing.desk import Desk, periods_of, types_of
from fapiao_kernel.operations.clearing.recall import card_of, identity_of
from fapiao_kernel.operations.clearing.settling import closed_groups, closed_units, recovered


def verification(desk: Desk, run: Run, state: CardState) -> tuple[Check, ...]:
    """Every post-condition of a clear (domain note 1.5), with its before → after."""
    return (
        *_device(run, state),
        *_ledger(desk, run),
        _journal(desk, run),
        chain_check(desk.book.journal),
        _authority(desk, run),
    )


def _device(run: Run, state: CardState) -> list[Check]:
    before = card_of(run.basis["card"])
    checks = []
    for invoice_type in dict.fromkeys(unit.invoice_type for unit in closed_units(run)):
        was, now = before.of(invoice_type), state.of(invoice_type)
        if was is None or now is None:
            checks.append(named("device_lock", finding("verify_type_missing", type=invoice_type.zh)))
            continue
        # A device that was cleared by other software before our command came shows its new dates in both readings.
        earlier = any(
            run.outcomes[unit] is Outcome.ALREADY_CLEARED
            for unit in closed_units(run)
            if unit.invoice_type is invoice_type
        )
        lock: dict[str, Any] = {"type": invoice_type.zh, "before": was.lock_date, "after": now.lock_date}
        start: dict[str, Any] = {"type": invoice_type.zh, "before": was.report_start, "after": now.report_start}
        lock_ok = now.lock_date > was.lock_date or (earlier and now.lock_date == was.lock_date)
        start_ok = now.report_start > was.report_start or (earlier and now.report_start == was.report_start)
        found = finding("verify_lock_moved", **lock) if lock_ok else finding("verify_lock_stays", **lock)
        checks.append(named("device_lock", found))
        found = finding("verify_start_moved", **start) if start_ok else finding("verify_start_stays", **start)
        checks.append(named("device_start", found))
    return checks


def _ledger(desk: Desk, run: Run) -> list[Check]:
    before, after = run.basis["census"], run.facts[Event.CLOSED]["census"]
    closed = {(unit.invoice_type.value, str(unit.period)) for unit in closed_units(run)}
    units = [u for u in run.frozen["units"] if (u["invoice_type"], u["period"]) in closed]
    count, total = sum(u["count"] for u in units), sum((Decimal(u["total"]) for u in units), Decimal(0))
    went = before["open"]["count"] - after["open"]["count"]
    worth = Decimal(before["open"]["total"]) - Decimal(after["open"]["total"])
    # Imports between the intent (or recovery) and the close (a conclusion that waited for days) move the numbers rightfully.
    imports = sum(r.kind == "import.done" for r in desk.book.journal.records(since=_since(desk, run)))
    grade = Severity.WARNING if imports else None
    facts: dict[str, Any] = {"count": went, "total": worth, "expected": count, "expected_total": total}
    right = went == count and worth == total
    first = finding("verify_open_fell", **facts) if right else finding("verify_open_wrong", severity=grade, **facts)
    facts = {"before": before["all"]["count"], "before_total": before["all"]["total"]}
    facts |= {"after": after["all"]["count"], "after_total": after["all"]["total"]}
    same = before["all"] == after["all"]
    second = finding("verify_all_same", **facts) if same else finding("verify_all_moved", severity=grade, **facts)
    return [named("ledger_open", first), named("ledger_all", second)]


def _since(desk: Desk, run: Run) -> int:
    begun = (Event.CLEAR_INTENT, Event.RECOVERED, Event.RECOVERED_PARTLY)
    return next((r.seq for r in desk.book.records(run.id) if r.kind in begun), 0)


def _journal(desk: Desk, run: Run) -> Check:
    """Intent before act: every sending comes after its intent, and every closed unit has a sending and a result.

    A recovered run sent nothing, so it must hold neither.
    """
    records = desk.book.records(run.id)
    intents = [r.seq for r in records if r.kind == Event.CLEAR_INTENT]
    sent = [r.seq for r in records if r.kind == Event.UNIT_SENT]
    if recovered(run) and not intents and not sent:
        return named("journal_intents", finding("verify_recovered"))
    whole = len(intents) == 1 and all(seq > intents[0] for seq in sent) and set(closed_units(run)) <= run.sent
    code = "verify_intents_held" if whole else "verify_intents_missing"
    return named("journal_intents", finding(code, intents=len(intents), sent=len(sent)))


def _authority(desk: Desk, run: Run) -> Check:
    identity = identity_of(run.basis["card"])
    authority = desk.authority(run.card)
    groups = closed_groups(run)
    cleared = all(authority.cleared(identity, types_of(g), periods_of(g)) for g in groups)
    receipts = "、".join(str(r) for r in run.facts[Event.ACKNOWLEDGED]["receipts"])
    return named("authority", finding("verify_authority_yes" if cleared else "verify_authority_no", receipts=receipts))
