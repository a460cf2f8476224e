"""The one plain verdict (判定) on a card, with the two dates that decide it: its clock and its lock date (锁死日期)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fapiao_kernel.domain.card import CardState, Monitoring
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period

DORMANT_DAYS = 90
"""More days than this since the last report make a dormant device (僵尸设备; nisec_report_clear.c, domain note 1.2)."""


class Verdict(StrEnum):
    """可清卡 / 已清卡 / 未抄报 / 未申报 / 未到征期 / 已锁死 / 需去大厅 / 不确定."""

    CLEARABLE = "clearable"
    CLEARED = "cleared"
    NOT_REPORTED = "not_reported"
    NOT_DECLARED = "not_declared"
    NOT_YET = "not_yet"
    LOCKED = "locked"
    TAX_OFFICE = "tax_office"
    UNKNOWN = "unknown"

    @property
    def zh(self) -> str:
        return _ZH[self]


_ZH = {
    Verdict.CLEARABLE: "可清卡",
    Verdict.CLEARED: "已清卡",
    Verdict.NOT_REPORTED: "未抄报",
    Verdict.NOT_DECLARED: "未申报",
    Verdict.NOT_YET: "未到征期",
    Verdict.LOCKED: "已锁死",
    Verdict.TAX_OFFICE: "需去大厅",
    Verdict.UNKNOWN: "不确定",
}

_WORST_FIRST = (
    Verdict.TAX_OFFICE,
    Verdict.LOCKED,
    Verdict.UNKNOWN,
    Verdict.NOT_REPORTED,
    Verdict.NOT_DECLARED,
    Verdict.CLEARABLE,
    Verdict.NOT_YET,
    Verdict.CLEARED,
)


@dataclass(frozen=True)
class Judgement:
    """The verdict over all types, and each type's own. ``clock`` and ``lock_date`` (the earliest) are its evidence."""

    verdict: Verdict
    clock: date
    lock_date: date
    types: tuple[tuple[InvoiceType, Verdict], ...]

    @property
    def days_left(self) -> int:
        """Days until the device locks; negative once it has."""
        return (self.lock_date - self.clock).days


def judge(card: CardState, declared: bool | None) -> Judgement:
    """The verdict. ``declared``: whether the tax side has the return (申报) for the reported span; None when not known.

    Raises ``ValueError`` for a card with no invoice type licensed (无票种授权).
    """
    if not card.monitoring:
        raise ValueError("card has no licensed invoice type")
    today = card.clock.date()
    types = tuple((m.invoice_type, judge_type(m, today, declared)) for m in card.monitoring)
    verdict = next(v for v in _WORST_FIRST if any(v is own for _, own in types))
    return Judgement(verdict, today, min(m.lock_date for m in card.monitoring), types)


def judge_type(monitoring: Monitoring, today: date, declared: bool | None) -> Verdict:
    """One type's verdict (rules: domain note 1.2, 1.3)."""
    if (today - monitoring.last_report).days > DORMANT_DAYS and not monitoring.reported:
        return Verdict.TAX_OFFICE
    if Period.of(monitoring.lock_date) > Period.of(today):
        return Verdict.CLEARED
    if today > monitoring.lock_date:
        return Verdict.LOCKED
    if monitoring.report_end >= today:
        return Verdict.NOT_YET
    if not monitoring.reported:
        return Verdict.NOT_REPORTED
    if declared is None:
        return Verdict.UNKNOWN
    return Verdict.CLEARABLE if declared else Verdict.NOT_DECLARED
