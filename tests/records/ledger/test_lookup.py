"""One invoice by its number, as it stands now, and the red ones that take it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.ports import Reading
from fapiao_kernel.records.ledger.ledger import DuckLedger

CODE = "4200261130"
LINE = InvoiceLine("轴承", Decimal("100.00"), "0.13", Decimal("13.00"), "109")
BLUE = Invoice(
    CODE, "00000001", InvoiceType.SPECIAL, date(2026, 11, 5), Decimal("100.00"), Decimal("13.00"), Decimal("113.00"),
    buyer_name="北京样例", machine_number="999900001234", lines=(LINE,),
)  # fmt: skip
RED = replace(
    BLUE, number="00000002", amount=Decimal("-40.00"), tax=Decimal("-5.20"), total=Decimal("-45.20"), red=True,
    red_of=f"{CODE}00000001", lines=(),
)  # fmt: skip


def take(ledger: DuckLedger, *invoices: Invoice) -> None:
    reading = Reading("file", "0" * 64, "own-issued", invoices, ())
    ledger.take([reading], at=datetime(2026, 11, 5, 9, 0), cards={})


def test_an_invoice_is_found_with_its_lines_unit_and_reds(tmp_path: Path) -> None:
    ledger = DuckLedger(tmp_path / "l.duckdb", practice=True)
    take(ledger, BLUE, RED)
    found = ledger.lookup(CODE, "00000001")
    assert found is not None
    invoice, unit, reds = found
    assert (invoice.total, invoice.lines, invoice.status) == (Decimal("113.00"), (LINE,), InvoiceStatus.NORMAL)
    assert unit is not None and (unit.device_number, str(unit.period)) == ("999900001234", "2026-11")
    assert [(red.number, red.amount) for red in reds] == [("00000002", Decimal("-40.00"))]
    assert ledger.lookup(CODE, "00000009") is None
    ledger.close()


def test_a_void_mark_counts_and_a_void_red_takes_nothing_back(tmp_path: Path) -> None:
    ledger = DuckLedger(tmp_path / "l.duckdb", practice=True)
    take(ledger, BLUE, RED)
    take(ledger, replace(BLUE, status=InvoiceStatus.VOID), replace(RED, status=InvoiceStatus.VOID))
    found = ledger.lookup(CODE, "00000001")
    assert found is not None and (found[0].status, found[2]) == (InvoiceStatus.VOID, ())
    ledger.close()
