"""A ledger of the test's own, and invoices made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.ports import Added
from fapiao_kernel.records.ledger.ledger import DuckLedger

DEVICE = "661000012345"
AT = datetime(2026, 11, 5, 9, tzinfo=timezone(timedelta(hours=8)))


def make(place: int, /, amount: str = "100.00", tax: str = "13.00", **changes: Any) -> Invoice:
    """A 专票 of October 2026 with one line at 13 %."""
    money = Decimal(amount), Decimal(tax)
    fields: dict[str, Any] = {
        "code": "9900261130",
        "number": f"{place:08d}",
        "invoice_type": InvoiceType.SPECIAL,
        "issue_date": date(2026, 10, 1 + place % 28),
        "amount": money[0],
        "tax": money[1],
        "total": sum(money),
        "seller_id": "91999999000000107U",
        "seller_name": "示例商贸（练习）有限公司",
        "buyer_id": "91999999000001011U",
        "buyer_name": "示例建材(武汉)有限公司",
        "lines": (InvoiceLine("*建材*水泥", money[0], "0.13", money[1]),),
    }
    return Invoice(**{**fields, **changes})


def void(invoice: Invoice) -> Invoice:
    from dataclasses import replace

    return replace(invoice, status=InvoiceStatus.VOID)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.duckdb"


@pytest.fixture
def ledger(path: Path) -> Iterator[DuckLedger]:
    ledger = DuckLedger(path, practice=True)
    yield ledger
    ledger.close()


@pytest.fixture
def add(ledger: DuckLedger) -> Callable[..., Added]:
    """Bring invoices in as the only card's, unless told otherwise."""

    def bring(*invoices: Invoice, **changes: Any) -> Added:
        options: dict[str, Any] = {"original": "0" * 64, "file": "十月.xlsx", "at": AT, "cards": {DEVICE: ()}}
        return ledger.add(invoices, **{**options, **changes})

    return bring
