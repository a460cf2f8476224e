"""The preview (预览): what will close, frozen under a revision, beside the card's own statistics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from fapiao_kernel.domain.card import MonthStatistics
from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.checks.whose import holds_device
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.changes import void
from fapiao_kernel.operations.clearing.desk import Desk, periods_of, types_of
from fapiao_kernel.operations.clearing.differing import differences, in_words
from fapiao_kernel.operations.clearing.due import is_due, proof
from fapiao_kernel.operations.clearing.gates import CONFIRM_GATES, evaluate, look_at
from fapiao_kernel.operations.clearing.preparing import back_up, fresh_backup
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.ports import Backup, UnitPreview

FREEZABLE = (State.DECLARED, State.PREVIEWED, State.AWAITING, State.CONFIRMED)


def freeze(desk: Desk, run_id: str) -> Run:
    """Freeze the preview anew; an older revision is worth nothing from here on. A backup grown old, or one without this device's
    invoices, is made again first. What the gates of the confirmation say now stands beside it (``gates``), and holds nothing up yet.

    Raises ``Refused`` (``card_unknown_invoices``, ``unit_closed_before``, ``cleared_elsewhere``), and what card, ledger and backup raise.
    """
    run = desk.book.run(run_id)
    require(run, *FREEZABLE)
    with desk.book.holding(run.card):
        run = desk.book.run(run_id)
        require(run, *FREEZABLE)
        _refuse_what_holds_up(desk, run)
        backup = fresh_backup(desk)
        if backup is None or not _holds(desk, run, backup):
            if run.state is not State.DECLARED:
                run = void(desk, run, "void_backup_old" if backup is None else "void_backup")
            run = back_up(desk, run.id)
            backup = fresh_backup(desk)
        if backup is None:
            raise Refused("backup_not_proven", backup=str(run.facts[Event.BACKED_UP]["id"]))
        begun = perf_counter()
        desk.say(run, either("统计本次清卡的发票", "Counting what this clear covers"))
        card, state = desk.read(run)
        types = tuple(t for group in run.groups for t in types_of(group))
        if not any(is_due(state, t) for t in types):
            raise Refused("cleared_elsewhere", proof=proof(state, types))
        statistics = card.read_statistics()
        units = desk.ledger.preview(run.units, desk.telling(run))
        rows = beside(units, statistics)
        named = differences(card, desk.ledger, units, rows, desk.telling(run))
        data: dict[str, Any] = {
            "units": [unit_row(unit) for unit in units],
            "statistics": rows,
            "findings": compare(rows, units, named),
            "differences": named,
            "card": state,
            "card_statistics": statistics,
            "backup": backup.id,
            "census": desk.ledger.census(),
            "gates": evaluate(look_at(desk, run, CONFIRM_GATES), CONFIRM_GATES),
        }
        with desk.book.lock:
            nth = sum(record.kind == Event.FROZEN for record in desk.book.records(run.id)) + 1
            data = {**plain(data), "frozen_at": desk.now().isoformat()}
            # A digest of everything shown, and a number: freezing the same again is a new revision all the same.
            data["revision"] = f"r{nth}-{_digest(data)}"
            return desk.book.append(run.id, Event.FROZEN, {**data, "seconds": perf_counter() - begun})


def _holds(desk: Desk, run: Run, backup: Backup) -> bool:
    """Whether a backup holds this device's invoices, where the ledger has any: an import may have come after it."""
    return holds_device(backup, run.device_number) or not sum(desk.ledger.sellers(run.units).values())


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _refuse_what_holds_up(desk: Desk, run: Run) -> None:
    for period in periods_of(run.units):
        count = desk.ledger.card_unknown(period)
        if count:
            raise Refused("card_unknown_invoices", count=count, period=period)
    for unit in run.units:
        other = desk.ledger.closed(unit)
        if other is not None:
            raise Refused("unit_closed_before", unit=unit, run=other)


def unit_row(preview: UnitPreview) -> dict[str, Any]:
    """How a record writes one unit of a preview."""
    row: dict[str, Any] = plain(preview)
    del row["unit"]
    unit = preview.unit
    return {"invoice_type": unit.invoice_type.value, "period": str(unit.period), **row}


def beside(units: Sequence[UnitPreview], statistics: Sequence[MonthStatistics]) -> list[dict[str, Any]]:
    """The card's monthly statistics (月统计) beside the ledger's numbers, a row a unit."""
    told = {(s.invoice_type, s.period): s for s in statistics}
    rows = []
    for preview in units:
        unit = preview.unit
        card = told.get((unit.invoice_type, unit.period))
        count, total = (card.count, card.total) if card else (0, ZERO)
        rows.append(
            {
                "invoice_type": unit.invoice_type.value,
                "period": str(unit.period),
                "card_count": count,
                "card_total": plain(total),
                "ledger_count": preview.count,
                "ledger_total": plain(preview.total),
                "agrees": count == preview.count and total == preview.total,
            }
        )
    return rows


def compare(
    rows: Sequence[dict[str, Any]], units: Sequence[UnitPreview], named: Sequence[dict[str, Any]] = ()
) -> list[Finding]:
    """What the comparison has to say: a warning a unit that differs, or that the ledger does not hold at all.

    ``named`` (``differing.differences``): the first few invoice numbers stand in the evidence.
    """
    findings = []
    grounds = {(entry["invoice_type"], entry["period"]): in_words(entry) for entry in named}
    for row, preview in zip(rows, units, strict=True):
        if row["agrees"]:
            continue
        evidence = grounds.get((row["invoice_type"], row["period"]), "")
        facts = {
            "unit": preview.unit,
            "card_count": row["card_count"],
            "card_total": row["card_total"],
            "ledger_count": row["ledger_count"],
            "ledger_total": row["ledger_total"],
        }
        if preview.count == 0:
            findings.append(
                finding("unit_not_in_ledger", evidence=evidence, unit=preview.unit, card_count=row["card_count"])
            )
        else:
            findings.append(finding("statistics_differ", evidence=evidence, **facts))
    return findings or [finding("statistics_agree")]
