"""Invoices made by hand for the tests of this room: of two rates, red, void, fully digital, of no known card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Added
from fapiao_kernel.records.ledger.ledger import DuckLedger

DEVICE, OTHER = "990000000261", "990000000262"
OCTOBER = Period(2026, 10)
AT = datetime(2026, 11, 5, 9, 0, tzinfo=timezone(timedelta(hours=8)))
SPECIAL = ClearUnit(DEVICE, InvoiceType.SPECIAL, OCTOBER)
ORDINARY = ClearUnit(DEVICE, InvoiceType.ORDINARY, OCTOBER)
D = Decimal


def invoice(place: int = 1, /, amount: str = "100.00", tax: str = "13.00", **changes: Any) -> Invoice:
    """A paper special invoice of the tests' device, with one goods line at 13 %."""
    without, own = D(amount), D(tax)
    fields: dict[str, Any] = {
        "code": "9900261130",
        "number": f"{place:08d}",
        "invoice_type": InvoiceType.SPECIAL,
        "issue_date": date(2026, 10, 8),
        "amount": without,
        "tax": own,
        "total": without + own,
        "seller_id": "91999999000000107U",
        "seller_name": "示例商贸",
        "buyer_id": "91999999000001011U",
        "buyer_name": "示例餐饮（武汉）",
        "machine_number": DEVICE,
        "lines": (InvoiceLine("*蔬菜*示例", without, "0.13", own),),
    }
    return Invoice(**fields | changes)


def ordinary(number: int = 1, **changes: Any) -> Invoice:
    """A paper ordinary one."""
    return invoice(number, **{"code": "099002600104", "invoice_type": InvoiceType.ORDINARY} | changes)


def void(number: int, **changes: Any) -> Invoice:
    """A voided one: it keeps its printed amounts."""
    return invoice(number, status=InvoiceStatus.VOID, **changes)


def red(number: int, amount: str = "-40.00", tax: str = "-5.20", **changes: Any) -> Invoice:
    """A red one."""
    return invoice(number, amount, tax, **{"red": True, "red_of": "990026113000000001"} | changes)


def digital(place: int = 1, /, **changes: Any) -> Invoice:
    """A fully digital one."""
    fields = {"code": "", "number": f"26992000{place:012d}", "invoice_type": InvoiceType.DIGITAL_ORDINARY}
    return invoice(place, **fields | {"machine_number": ""} | changes)


def mixed(number: int, **changes: Any) -> Invoice:
    """One of two rates."""
    lines = (
        InvoiceLine("*蔬菜*示例", D("60.00"), "0.09", D("5.40")),
        InvoiceLine("*现代服务*示例", D("50.00"), "0.06", D("3.00")),
        InvoiceLine("*现代服务*示例", D("-10.00"), "0.06", D("-0.60")),
    )
    return invoice(number, "100.00", "7.80", lines=lines, **changes)


Add = Callable[..., Added]


def adder(ledger: DuckLedger) -> Add:
    """``add(invoice, …, cards={}, card=None)``: one import."""

    def add(*invoices: Invoice, **how: Any) -> Added:
        given = {"original": "ab" * 32, "file": "十月.xlsx", "at": AT, "cards": {}} | how
        return ledger.add(invoices, **given)

    return add


def codes(added: Added) -> Sequence[str]:
    """Codes of what an import had to say."""
    return [finding.code for finding in added.findings]
