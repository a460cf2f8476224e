"""Checks of dates (日期检查): the one verdict, and the three clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fapiao_kernel.domain.errors import finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.domain.verdict import Judgement, Verdict, judge
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.device import unread
from fapiao_kernel.operations.checks.look import Seen

DRIFT_WARNING = timedelta(minutes=10)
DRIFT_BLOCKER = timedelta(hours=24)
"""Clocks that differ more than these warn, or hold up: a day decides which period it is (domain note 7 rows 13, 24; our choice)."""

_CODES = {
    Verdict.CLEARABLE: "check_verdict_clearable",
    Verdict.CLEARED: "check_verdict_cleared",
    Verdict.NOT_REPORTED: "check_verdict_not_reported",
    Verdict.NOT_DECLARED: "check_verdict_not_declared",
    Verdict.NOT_YET: "check_verdict_not_yet",
    Verdict.LOCKED: "check_verdict_locked",
    Verdict.TAX_OFFICE: "check_verdict_tax_office",
    Verdict.UNKNOWN: "check_verdict_unknown",
}


def judgement(seen: Seen) -> Judgement | None:
    """The verdict over the run's types (all, when it names none); None when the card was not read or has no type licensed.

    A type that this run does not touch (cleared last week, say) does not speak for the ones it does.
    """
    if seen.card is None:
        return None
    mine = {unit.invoice_type for unit in seen.units}
    own = tuple(m for m in seen.card.monitoring if m.invoice_type in mine or not mine)
    return judge(replace(seen.card, monitoring=own), seen.declared) if own else None


def verdict(seen: Seen) -> Check | None:
    """The one plain verdict (判定) with the two dates that decide it."""
    if seen.card is None:
        return None
    judged = judgement(seen)
    if judged is None:
        return named("verdict", finding("no_type_licensed"))
    facts: dict[str, Any] = {"clock": judged.clock, "lock_date": judged.lock_date, "days": abs(judged.days_left)}
    return named("verdict", finding(_CODES[judged.verdict], **facts))


def card_clock(seen: Seen) -> Check | None:
    """The device's clock against this computer's."""
    if seen.card is None:
        return None
    return named("card_clock", _drift("check_clock_drift", seen.card.clock, seen.now))


def tax_clock(seen: Seen) -> Check:
    """The tax side's time against this computer's."""
    if seen.authority_time is None:
        return named("tax_clock", unread(seen, "authority_time"))
    return named("tax_clock", _drift("check_tax_clock_drift", seen.authority_time, seen.now))


def clocks(seen: Seen) -> Check | None:
    """The device's clock against the tax side's: the third way, which no wrong clock of this computer hides."""
    if seen.card is None:
        return None
    if seen.authority_time is None:
        return named("clocks", unread(seen, "authority_time"))
    zone = seen.now.tzinfo
    there = seen.authority_time if seen.authority_time.tzinfo else seen.authority_time.replace(tzinfo=zone)
    return named("clocks", _drift("check_clocks_drift", seen.card.clock, there))


def _drift(warning: str, other: datetime, reference: datetime) -> Finding:
    """``warning``: the code of a drift between these two, each pair its own, so that one is not taken on with another."""
    told = other if other.tzinfo else other.replace(tzinfo=reference.tzinfo)
    drift = abs(told - reference)
    code = "check_clock_ok" if drift <= DRIFT_WARNING else warning
    if drift > DRIFT_BLOCKER:
        code = "check_clock_far"
    minutes = round(drift.total_seconds() / 60)
    facts: dict[str, Any] = {"told": f"{told:%Y-%m-%d %H:%M}", "here": f"{reference:%Y-%m-%d %H:%M}"}
    return finding(code, weight=minutes, minutes=minutes, **facts)
