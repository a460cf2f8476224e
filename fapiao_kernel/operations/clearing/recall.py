"""Domain values from what records hold (从记录恢复): the inverse of ``domain.plain`` for the few values a later step needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.card import CardIdentity, CardState, Monitoring, MonthStatistics, Source
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import RateTotal, UnitPreview


def identity_of(card: Mapping[str, Any]) -> CardIdentity:
    """The identity inside a recorded card state."""
    data = card["identity"]
    return CardIdentity(
        data["device_number"],
        data["card_number"],
        data["taxpayer_id"],
        data["taxpayer_name"],
        date.fromisoformat(data["valid_until"]),
        bool(data["simulated"]),
    )


def monitoring_of(data: Mapping[str, Any]) -> Monitoring:
    """One type's monitoring data."""
    return Monitoring(
        InvoiceType(data["invoice_type"]),
        date.fromisoformat(data["lock_date"]),
        date.fromisoformat(data["report_start"]),
        date.fromisoformat(data["report_end"]),
        date.fromisoformat(data["last_report"]),
        bool(data["reported"]),
        int(data["not_uploaded"]),
    )


def card_of(data: Mapping[str, Any]) -> CardState:
    """A recorded card state."""
    return CardState(
        identity_of(data),
        datetime.fromisoformat(data["clock"]),
        tuple(monitoring_of(m) for m in data["monitoring"]),
        data["pin_tries"],
        Source(data["source"]),
    )


def statistics_of(data: Mapping[str, Any]) -> MonthStatistics:
    """One month's statistics of one type."""
    return MonthStatistics(
        InvoiceType(data["invoice_type"]),
        Period.parse(data["period"]),
        int(data["positive"]),
        int(data["positive_void"]),
        int(data["negative"]),
        int(data["negative_void"]),
        Decimal(data["positive_amount"]),
        Decimal(data["positive_tax"]),
        Decimal(data["negative_amount"]),
        Decimal(data["negative_tax"]),
    )


def previews_of(device_number: str, frozen: Mapping[str, Any]) -> tuple[UnitPreview, ...]:
    """The units of a frozen preview as the ledger gave them: what closes is what was shown, not what stands there now."""
    return tuple(_preview(device_number, unit) for unit in frozen["units"])


def _preview(device_number: str, data: Mapping[str, Any]) -> UnitPreview:
    return UnitPreview(
        ClearUnit(device_number, InvoiceType(data["invoice_type"]), Period.parse(data["period"])),
        int(data["count"]),
        int(data["voids"]),
        int(data["reds"]),
        Decimal(data["amount"]),
        Decimal(data["tax"]),
        Decimal(data["total"]),
        tuple(RateTotal(r["rate"], int(r["count"]), Decimal(r["amount"]), Decimal(r["tax"])) for r in data["rates"]),
        str(data["digest"]),
        int(data["watermark"]),
    )
