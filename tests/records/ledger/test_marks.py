"""What becomes known later: void and upload marks, rows of their own, while the invoice is open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.checking import prove
from fapiao_kernel.records.ledger.digest import reference
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, OTHER, SPECIAL, D, adder, codes, digital, invoice, mixed, red, void
from .tables import fast, row, sheets


@pytest.fixture
def add(ledger):
    return adder(ledger)


def marks(ledger):
    cursor = ledger._connection.cursor()
    return cursor.execute("SELECT import_seq, number, mark FROM invoice_mark ORDER BY ALL").fetchall()


def proved(ledger: DuckLedger) -> list[str]:
    return [finding.message for proof in prove(ledger._connection.cursor()) for finding in proof.findings]


def test_an_invoice_voided_after_import_no_longer_counts_in_any_sum(ledger, add):
    add(invoice(1), invoice(2), mixed(3), red(4))
    again = add(
        invoice(1), void(2), replace(mixed(3), status=InvoiceStatus.VOID), replace(red(4), status=InvoiceStatus.VOID)
    )
    assert codes(again) == ["ledger_voided"]
    assert (again.new, again.known) == (0, 4)
    assert ledger.census().open == Tally(4, D("113.00"))
    (preview,) = ledger.preview([SPECIAL])
    assert (preview.count, preview.voids, preview.reds, preview.total) == (4, 3, 0, D("113.00"))
    assert {total.rate: total.amount for total in preview.rates} == {"0.13": D("100.00"), "0.09": D(0), "0.06": D(0)}
    shown = ledger._connection.execute("SELECT number, status FROM open_invoice ORDER BY number").fetchall()
    assert [status for _, status in shown] == ["normal", "void", "void", "void"]


def test_the_digest_of_a_unit_with_marks_is_that_of_its_invoices_as_they_are_now(ledger, add):
    add(invoice(1), invoice(2))
    before = ledger.preview([SPECIAL])[0]
    add(void(2))
    after = ledger.preview([SPECIAL])[0]
    assert before.digest == reference([invoice(1), invoice(2)])
    assert after.digest == reference([invoice(1), void(2)])
    assert after.watermark == before.watermark + 1


def test_the_same_void_told_twice_is_marked_once(ledger, add):
    add(invoice(1))
    add(void(1))
    assert codes(add(void(1))) == []
    assert marks(ledger) == [(2, "00000001", "void")]


def test_an_older_file_that_calls_it_standing_changes_nothing(ledger, add):
    add(invoice(1))
    add(void(1))
    assert codes(add(invoice(1))) == []
    assert ledger.census().open == Tally(1, D("0.00"))


def test_a_void_of_a_cleared_unit_is_told_and_nothing_changes(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    assert codes(add(void(1))) == ["ledger_void_cleared"]
    assert ledger.census().cleared == Tally(1, D("113.00"))
    assert marks(ledger) == []


def test_a_mark_that_came_after_the_frozen_preview_does_not_count_for_what_is_cleared(ledger, add, path):
    add(invoice(1), mixed(2))
    frozen = ledger.preview([SPECIAL])
    add(void(1), replace(mixed(2), status=InvoiceStatus.VOID))
    ledger.close_units(frozen, run="r1", at=AT)
    for each in (ledger, None):
        if each is None:
            ledger.close()
            each = DuckLedger(path, practice=True)
        census = each.census()
        assert (census.open, census.cleared) == (Tally(0, D("0.00")), Tally(2, D("220.80")))
        assert each.late(SPECIAL) == 0
        shown = each._connection.execute("SELECT DISTINCT status FROM cleared_invoice").fetchall()
        assert shown == [("normal",)]
        assert proved(each) == []
    each.close()


def test_a_late_invoice_can_still_become_void(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    add(invoice(2))
    assert codes(add(void(2))) == ["ledger_voided"]
    assert ledger.census().open == Tally(1, D("0.00"))
    assert proved(ledger) == []


def test_fully_digital_ones_and_those_of_no_known_card_can_become_void_too(ledger, add):
    add(digital(1), invoice(2, machine_number=""))
    add(digital(1, status=InvoiceStatus.VOID), void(2, machine_number=""))
    census = ledger.census()
    assert (census.fully_digital, census.card_unknown) == (Tally(1, D("0.00")), Tally(1, D("0.00")))
    add(invoice(2, machine_number=OTHER))
    census = ledger.census()
    assert (census.open, census.card_unknown) == (Tally(1, D("0.00")), Tally(0, D("0.00")))
    assert proved(ledger) == []


def test_upload_states_are_marked_once_each(ledger, add):
    add(invoice(1, uploaded=False), invoice(2, uploaded=True), invoice(3))
    add(invoice(1, uploaded=False), invoice(3, uploaded=False))
    add(invoice(1, uploaded=True), invoice(2, uploaded=True))
    add(invoice(1, uploaded=False))
    assert marks(ledger) == [(1, "00000001", "unsent"), (2, "00000003", "unsent"), (3, "00000001", "sent")]


def test_a_table_marks_as_other_files_do(ledger, tmp_path):
    first = [row(n, uploaded="未上传") for n in range(1, 6)]
    fast(ledger, sheets(tmp_path / "a", first))
    added = fast(
        ledger, sheets(tmp_path / "b", [row(1, status="作废", uploaded="已上传"), row(2, uploaded="已上传"), row(3)])
    )
    assert codes(added) == ["ledger_voided"]
    assert marks(ledger)[-3:] == [(2, "00000001", "sent"), (2, "00000001", "void"), (2, "00000002", "sent")]
    assert ledger.census().open == Tally(5, D("452.00"))
    assert proved(ledger) == []
