"""What a tax-control card (税控设备) says of itself: identity, monitoring data, statistics, volumes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period


class Evidence(StrEnum):
    """How we know that a command means what we think (MISSION, Honesty)."""

    STANDARD = "standard"
    DOCUMENTED = "documented"
    ASSUMED = "assumed"


class Source(StrEnum):
    """Whether an answer was read from a device or stated by a person (companion driver)."""

    READ = "read"
    STATED = "stated"


@dataclass(frozen=True)
class CardIdentity:
    """Who the card belongs to (企业名称, 税号) and which card it is (机器编号, 卡号)."""

    device_number: str
    card_number: str
    taxpayer_id: str
    taxpayer_name: str
    valid_until: date
    simulated: bool


@dataclass(frozen=True)
class Monitoring:
    """Monitoring data (监控数据 JKData, JSKInfoDef.h) of one invoice type on the card.

    ``lock_date`` kpjzsj 开票截止时间/锁死日期 · ``report_start``/``report_end`` bsqsrq/bszzrq 报税起止 ·
    ``last_report`` zxbsrq 最新报税日期 · ``reported`` the span has been reported (抄税) and waits for its clear ·
    ``not_uploaded`` invoices issued offline and not uploaded (离线未上传张数).
    """

    invoice_type: InvoiceType
    lock_date: date
    report_start: date
    report_end: date
    last_report: date
    reported: bool
    not_uploaded: int = 0

    @property
    def periods(self) -> tuple[Period, ...]:
        """Every period in the span that report and clear cover."""
        periods = [Period.of(self.report_start)]
        while periods[-1] < Period.of(self.report_end):
            periods.append(periods[-1].next())
        return tuple(periods)


@dataclass(frozen=True)
class MonthStatistics:
    """Monthly statistics (月统计 TJXXCX) of one invoice type: sheet counts, and sums in yuan without tax / of tax.

    Counts: positive 正数, positive void 正废, negative (red) 负数, negative void 负废.
    """

    invoice_type: InvoiceType
    period: Period
    positive: int = 0
    positive_void: int = 0
    negative: int = 0
    negative_void: int = 0
    positive_amount: Decimal = ZERO
    positive_tax: Decimal = ZERO
    negative_amount: Decimal = ZERO
    negative_tax: Decimal = ZERO

    @property
    def count(self) -> int:
        return self.positive + self.positive_void + self.negative + self.negative_void

    @property
    def total(self) -> Decimal:
        """With tax, voids as zero: what the ledger's unit total must equal."""
        return self.positive_amount + self.positive_tax + self.negative_amount + self.negative_tax


@dataclass(frozen=True)
class Volume:
    """Invoice volume (发票卷): numbers ``first``..``last`` under one code; ``pending`` not yet read in or being returned."""

    invoice_type: InvoiceType
    code: str
    first: str
    last: str
    pending: bool = False

    def holds(self, code: str, number: str) -> bool:
        return code == self.code and len(number) == len(self.first) and self.first <= number <= self.last


@dataclass(frozen=True)
class CardState:
    """One reading of the card: identity, its own clock, monitoring data per type, PIN tries left (None: not told)."""

    identity: CardIdentity
    clock: datetime
    monitoring: tuple[Monitoring, ...]
    pin_tries: int | None
    source: Source = Source.READ

    def of(self, invoice_type: InvoiceType) -> Monitoring | None:
        return next((m for m in self.monitoring if m.invoice_type is invoice_type), None)


@dataclass(frozen=True)
class CardProfile:
    """What a driver knows of its device family, as data.

    ``clears_together``: each tuple is a group of types that one clear command closes (税控盘: each type alone;
    金税盘: 专普 together; 税务UKey: all at once; domain note 1.3).
    ``menu`` names the vendor software's menu entries for report and clear.
    """

    family: str
    clears_together: tuple[tuple[InvoiceType, ...], ...]
    menu: tuple[tuple[str, str], ...] = ()

    def groups(self, types: tuple[InvoiceType, ...]) -> tuple[tuple[InvoiceType, ...], ...]:
        """The groups that the given types fall into, each listed once, in the profile's order; a type of no group stands alone."""
        known = [group for group in self.clears_together if any(t in group for t in types)]
        alone = [(t,) for t in types if not any(t in group for group in self.clears_together)]
        return (*known, *alone)
