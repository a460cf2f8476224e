"""Our own originals: what is written is what is read, and what was changed is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.records.intake.intake import FileIntake
from fapiao_kernel.records.intake.own_issued import IMPORTER, written

INVOICE = Invoice(
    "4200261130", "00000001", InvoiceType.SPECIAL, date(2026, 11, 5), Decimal("100.00"), Decimal("13.00"), Decimal("113.00"),
    "91420000TEST00001X", "样例公司", "91110000600037341L", "北京样例", "999900001234", remark="合同 7",
    lines=(InvoiceLine("轴承", Decimal("100.00"), "0.13", Decimal("13.00"), "109", "608", "个", "2", "50"),),
)  # fmt: skip
ACT = {"act": "issue", "id": "R1", "at": "2026-11-05T09:00:00+08:00", "control_code": "00"}


def file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "original"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("change", [{}, {"status": InvoiceStatus.VOID}, {"red": True, "red_of": "420026113000000009"}])
def test_what_is_written_is_what_is_read(tmp_path: Path, change: dict[str, object]) -> None:
    invoice = replace(INVOICE, **change)  # type: ignore[arg-type]  # fields of any type
    path = file(tmp_path, written(invoice, ACT))
    assert IMPORTER.recognises(path, path.read_bytes()[:64])
    assert tuple(IMPORTER.read(path).invoices) == (invoice,)


def test_intake_keeps_it_and_finds_its_importer(tmp_path: Path) -> None:
    content = written(INVOICE, ACT)
    reading = FileIntake(tmp_path / "intake", {"own-issued": IMPORTER}).read("R1", file(tmp_path, content))
    assert (reading.importer, tuple(reading.invoices)) == ("own-issued", (INVOICE,))
    assert (tmp_path / "intake" / reading.original[:2] / reading.original).read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        {"total": "114.00"}, {"amount": 100.0}, {"amount": "1e3"}, {"number": "1"}, {"invoice_type": "999"},
        {"issue_date": "yesterday"}, {"lines": None}, {"code": None},
    ],
)  # fmt: skip
def test_a_changed_one_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    told = json.loads(written(INVOICE, ACT))
    told["invoice"].update(change)
    with pytest.raises(Refused) as refusal:
        IMPORTER.read(file(tmp_path, json.dumps(told).encode()))
    assert refusal.value.code == "own_issued_bad"


@pytest.mark.parametrize(
    "content", [b"", b'{"form": "fapiao-issued-1"', b'{"form": "fapiao-issued-1", "invoice": []}', b"\xff"]
)
def test_a_broken_one_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Refused):
        IMPORTER.read(file(tmp_path, content))
