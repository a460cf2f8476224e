"""The kit's own month (示例月份): few invoices of every sort that a card counts apart, so that what it must say is known beforehand."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from fapiao_kernel.domain.card import MonthStatistics
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.period import Period

TAXPAYER_ID = "91999999000099990X"
TAXPAYER_NAME = "𠮷䶮示例商行（练习）"
"""𠮷 and 䶮 take four bytes in GB 18030: a name of such a character must come back as it is."""
DEVICE_NUMBER = "999900004321"
PERIOD = Period(2026, 10)
EACH = 8
"""Invoices of each type."""
_CODES = {InvoiceType.SPECIAL: ("9900264130", 20_000_001), InvoiceType.ORDINARY: ("099002600404", 60_000_001)}
_VOID, _RED = 3, 5


def invoices() -> tuple[Invoice, ...]:
    """The month: two types, in each one void (作废) and one red (红字) invoice."""
    return tuple(_invoice(kind, serial) for kind in _CODES for serial in range(EACH))


def _invoice(kind: InvoiceType, serial: int) -> Invoice:
    code, first = _CODES[kind]
    red = serial == _RED
    amount = Decimal(10037 * (serial + 1)).scaleb(-2) * (-1 if red else 1)
    tax = (amount * Decimal("0.13")).quantize(Decimal("0.01"))
    return Invoice(
        code,
        str(first + serial),
        kind,
        date(PERIOD.year, PERIOD.month, serial + 1),
        amount,
        tax,
        amount + tax,
        TAXPAYER_ID,
        TAXPAYER_NAME,
        "91999999000088880X",
        "示例客户",
        DEVICE_NUMBER,
        InvoiceStatus.VOID if serial == _VOID else InvoiceStatus.NORMAL,
        red=red,
        red_of=code + str(first) if red else "",
        declared_rate="0.13",
    )


def statistics(month: Iterable[Invoice]) -> dict[tuple[InvoiceType, Period], MonthStatistics]:
    """What a card that issued them must count and add up, by type and period."""
    found: dict[tuple[InvoiceType, Period], MonthStatistics] = {}
    for kind, period in {(i.invoice_type, i.period) for i in month}:
        mine = [i for i in month if (i.invoice_type, i.period) == (kind, period)]
        good = [i for i in mine if i.status is InvoiceStatus.NORMAL]
        blue, red = [i for i in good if not i.red], [i for i in good if i.red]
        found[kind, period] = MonthStatistics(
            kind,
            period,
            len(blue),
            len([i for i in mine if i.status is InvoiceStatus.VOID and not i.red]),
            len(red),
            len([i for i in mine if i.status is InvoiceStatus.VOID and i.red]),
            sum((i.amount for i in blue), ZERO),
            sum((i.tax for i in blue), ZERO),
            sum((i.amount for i in red), ZERO),
            sum((i.tax for i in red), ZERO),
        )
    return found


def write(path: Path) -> Path:
    """The month as a table that the ledger takes in (CSV)."""
    head = ("发票代码,发票号码,开票日期,发票票种,销方识别号,销方名称,购方识别号,购买方名称,金额,税额,价税合计,"
            "是否正数发票,发票状态,机器编号,发票来源")  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(head.split(","))
        for i in invoices():
            kind = "增值税专用发票" if i.invoice_type is InvoiceType.SPECIAL else "增值税普通发票"
            status = "作废" if i.status is InvoiceStatus.VOID else "正常"
            who = (i.seller_id, i.seller_name, i.buyer_id, i.buyer_name)
            sums = (i.amount, i.tax, i.total, "否" if i.red else "是")
            table.writerow(
                (i.code, i.number, i.issue_date, kind, *who, *sums, status, i.machine_number, "增值税发票管理系统")
            )
    return path
