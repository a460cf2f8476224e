"""Checks of the invoice types (票种检查) by what the device's monitoring data say of each: due, reported, dormant, locked, cleared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fapiao_kernel.domain.card import CardState, Monitoring
from fapiao_kernel.domain.errors import english, finding
from fapiao_kernel.domain.verdict import Verdict, judge_type
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.look import Seen


def reportable(seen: Seen) -> Check | None:
    """Whether what is not reported yet may be: its span over (199, domain note 7 row 18), and it not cleared meanwhile (note 1.3)."""
    if seen.card is None:
        return None
    waiting = [m for m in _own(seen) if not m.reported]
    early = [m for m in waiting if _verdict(seen.card, m) is Verdict.NOT_YET]
    cleared = [m for m in waiting if _verdict(seen.card, m) is Verdict.CLEARED]
    if early:
        return named("reportable", finding("check_report_early", types=_names(early), **_dates(seen.card, early)))
    if cleared:
        return named("reportable", finding("check_report_cleared", types=_names(cleared), **_dates(seen.card, cleared)))
    return named("reportable", finding("check_report_due"))


def dormant(seen: Seen) -> Check | None:
    """Not reported for over 90 days (僵尸设备): no remote way leads out, only the tax hall (domain note 7 row 6)."""
    if seen.card is None:
        return None
    asleep = [m for m in _own(seen) if _verdict(seen.card, m) is Verdict.TAX_OFFICE]
    if not asleep:
        return named("dormant", finding("check_not_dormant"))
    return named("dormant", finding("check_verdict_tax_office", evidence=_names(asleep), **_dates(seen.card, asleep)))


def locked(seen: Seen) -> Check | None:
    """Past its lock date (已锁死). A warning: report, return and clear are the very way out, and the tax side alone says whether
    it takes a late one (domain note 7 row 4). A person says why it is late, and the reason is kept."""
    if seen.card is None:
        return None
    shut = [m for m in _own(seen) if _verdict(seen.card, m) is Verdict.LOCKED]
    if not shut:
        return named("locked", finding("check_not_locked"))
    facts = _dates(seen.card, shut)
    return named("locked", finding("check_verdict_locked", evidence=_names(shut), weight=facts["days"], **facts))


def cleared_on_device(seen: Seen) -> Check | None:
    """Whether the device has cleared these types already, by its lock date. Some of them: a warning, for the clear of such a type
    changes nothing and answers 09d118 (domain note 7 row 10). All of them: nothing is left to confirm."""
    if seen.card is None:
        return None
    own = _own(seen)
    done = [m for m in own if _verdict(seen.card, m) is Verdict.CLEARED]
    if not done:
        return named("cleared_on_device", finding("check_none_cleared"))
    code = "check_all_cleared" if len(done) == len(own) else "check_some_cleared"
    return named("cleared_on_device", finding(code, weight=len(done), types=_names(done), **_dates(seen.card, done)))


def groups_reported(seen: Seen) -> Check | None:
    """Whether every type whose span is over is reported (248 one span, 245 several; domain note 1.3, 7 row 8).

    One of this run's: a blocker, for the device refuses its clear. Another of the same device: a warning, for some families
    refuse any clear then, and others do not; and what stays behind locks on its own lock date.
    """
    if seen.card is None:
        return None
    due = [m for m in seen.card.monitoring if not m.reported and _is_due(seen.card, m)]
    mine = {unit.invoice_type for unit in seen.units}
    own = [m for m in due if m.invoice_type in mine]
    if not due:
        return named("groups_reported", finding("check_groups_reported"))
    code = "check_groups_unreported" if own else "check_groups_left_out"
    return named("groups_reported", finding(code, weight=len(own or due), types=_spans(own or due)))


def _own(seen: Seen) -> list[Monitoring]:
    """The run's types (all, when it names none). One that the device no longer lists is the preview's business to refuse."""
    mine = {unit.invoice_type for unit in seen.units}
    return [m for m in seen.card.monitoring if m.invoice_type in mine or not mine] if seen.card else []


def _verdict(card: CardState, monitoring: Monitoring) -> Verdict:
    return judge_type(monitoring, card.clock.date(), None)


def _is_due(card: CardState, monitoring: Monitoring) -> bool:
    return _verdict(card, monitoring) not in (Verdict.CLEARED, Verdict.NOT_YET)


def _names(found: Iterable[Monitoring]) -> str:
    return (", " if english() else "、").join(m.invoice_type.zh for m in found)


def _spans(found: Iterable[Monitoring]) -> str:
    parts = []
    for m in found:
        code = "245" if len(m.periods) > 1 else "248"
        span = f"{m.periods[0]}..{m.periods[-1]}" if len(m.periods) > 1 else str(m.periods[0])
        parts.append(f"{m.invoice_type.zh} {span} ({code})" if english() else f"{m.invoice_type.zh} {span}（{code}）")
    return (", " if english() else "、").join(parts)


def _dates(card: CardState, found: Iterable[Monitoring]) -> dict[str, Any]:
    """The two dates that decide it: the device's clock and the earliest lock date, and the days between them."""
    clock, lock_date = card.clock.date(), min(m.lock_date for m in found)
    return {"clock": clock, "lock_date": lock_date, "days": abs((lock_date - clock).days)}
