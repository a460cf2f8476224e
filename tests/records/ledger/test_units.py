"""Preview and close: per unit, resolved from memory, and the same after a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import EXEMPT, InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import RateTotal, Tally
from fapiao_kernel.records.ledger.differing import NAMED
from fapiao_kernel.records.ledger.digest import EMPTY, reference
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, OCTOBER, ORDINARY, OTHER, SPECIAL, D, adder, codes, digital, invoice, mixed, ordinary, red, void

SEPTEMBER = replace(SPECIAL, period=Period(2026, 9))


@pytest.fixture
def add(ledger):
    return adder(ledger)


def test_a_preview_counts_sheets_and_sums_what_stands(ledger, add):
    add(invoice(1), void(2), red(3), red(4, status=InvoiceStatus.VOID), ordinary(1))
    special, plain = ledger.preview([SPECIAL, ORDINARY])
    assert (special.count, special.voids, special.reds) == (4, 2, 1)
    assert (special.amount, special.tax, special.total) == (D("60.00"), D("7.80"), D("67.80"))
    assert (plain.count, plain.total, special.watermark) == (1, D("113.00"), 1)


def test_totals_by_rate_take_the_lines_of_mixed_invoices_only(ledger, add):
    exempt = (InvoiceLine("*蔬菜*示例", D("10.00"), EXEMPT),)
    add(invoice(1), mixed(2), void(3), invoice(4, "10.00", "0.00", lines=exempt), mixed(5, status=InvoiceStatus.VOID))
    (preview,) = ledger.preview([SPECIAL])
    assert [(r.rate, r.amount, r.tax) for r in preview.rates if r.rate != EXEMPT] == [
        ("0.13", D("100.00"), D("13.00")),
        ("0.09", D("60.00"), D("5.40")),
        ("0.06", D("40.00"), D("2.40")),
    ]
    assert preview.rates[-1] == RateTotal(EXEMPT, 1, D("10.00"), D("0.00"))
    assert sum(r.amount for r in preview.rates) == preview.amount
    assert sum(r.tax for r in preview.rates) == preview.tax


def test_a_unit_without_invoices_is_nothing_with_the_digest_of_nothing(ledger):
    (preview,) = ledger.preview([SPECIAL])
    assert (preview.count, preview.total, preview.digest, preview.watermark) == (0, D("0.00"), EMPTY, 0)


def test_other_units_do_not_show_in_a_preview(ledger, add):
    add(invoice(1, machine_number=OTHER), ordinary(1), digital(1), invoice(2, issue_date=date(2026, 9, 30)))
    assert ledger.preview([SPECIAL])[0].count == 0
    assert ledger.preview([SEPTEMBER])[0].count == 1


def test_a_preview_tells_how_far_it_is(ledger, add):
    told = []
    ledger.preview([SPECIAL, ORDINARY], lambda label, done, total: told.append((label, done, total)))
    assert told == [("专票 2026-10", 0, 2), ("普票 2026-10", 1, 2), ("普票 2026-10", 2, 2)]


def test_closing_moves_the_units_and_no_invoice_is_changed(ledger, add):
    add(invoice(1), void(2), ordinary(1))
    before = ledger._connection.execute("SELECT * FROM invoice ORDER BY ALL").fetchall()
    assert ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT) == 1
    assert ledger._connection.execute("SELECT * FROM invoice ORDER BY ALL").fetchall() == before
    census = ledger.census()
    assert (census.open, census.cleared, census.all) == (
        Tally(1, D("113.00")),
        Tally(2, D("113.00")),
        Tally(3, D("226.00")),
    )
    assert (ledger.closed(SPECIAL), ledger.closed(ORDINARY)) == ("r1", None)
    assert ledger._connection.execute("SELECT count(*) FROM cleared_invoice").fetchone() == (2,)
    assert ledger._connection.execute("SELECT count(*) FROM open_invoice").fetchone() == (1,)


def test_a_unit_without_invoices_can_be_closed(ledger):
    assert ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT) == 1
    assert ledger.closed(SPECIAL) == "r1"


def test_the_row_of_a_closed_unit_holds_watermark_digest_and_run(ledger, add):
    given = [invoice(1), invoice(2)]
    add(*given)
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    (row,) = ledger._connection.execute("SELECT * FROM clear_unit").fetchall()
    assert row == (
        *(SPECIAL.key, SPECIAL.device_number, "004", OCTOBER.first_day),
        *(1, reference(given), 2, D("226.00"), "r1", AT.isoformat()),
    )


def test_the_same_run_closes_a_unit_once(ledger, add):
    add(invoice(1), ordinary(1))
    special, plain = ledger.preview([SPECIAL, ORDINARY])
    assert ledger.close_units([special], run="r1", at=AT) == 1
    assert ledger.close_units([special, plain], run="r1", at=AT) == 1
    assert ledger.close_units([special, special], run="r1", at=AT) == 0


def test_another_run_closes_nothing_when_one_unit_is_closed(ledger, add):
    add(invoice(1), ordinary(1))
    previews = ledger.preview([SPECIAL, ORDINARY])
    ledger.close_units(previews[:1], run="r1", at=AT)
    with pytest.raises(Refused) as caught:
        ledger.close_units(previews[::-1], run="r2", at=AT)
    assert caught.value.code == "unit_closed_by_other_run"
    assert ledger.closed(ORDINARY) is None


def test_an_invoice_that_comes_after_its_unit_was_closed_is_late_and_open(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    added = add(invoice(2), ordinary(1))
    assert codes(added) == ["ledger_late"]
    assert "00000002" in added.findings[0].message
    assert (ledger.late(SPECIAL), ledger.late(ORDINARY)) == (1, 0)
    census = ledger.census()
    assert (census.cleared.count, census.open.count) == (1, 2)
    rows = ledger._connection.execute("SELECT code, number FROM open_invoice ORDER BY code, number").fetchall()
    assert rows == [ordinary(1).key, invoice(2).key]
    (late,) = ledger.preview([SPECIAL])
    assert (late.count, late.digest, late.watermark) == (1, reference([invoice(2)]), 2)


def test_many_late_ones_are_counted_from_some_point(ledger, add):
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    assert codes(add(*(invoice(i) for i in range(NAMED + 2)))) == ["ledger_late"] * NAMED + ["ledger_more_late"]


def test_a_closed_unit_without_late_ones_previews_as_empty(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    (after,) = ledger.preview([SPECIAL])
    assert (after.count, after.digest, after.watermark) == (0, EMPTY, 1)


def test_a_preview_taken_before_an_import_keeps_its_watermark_when_it_closes(ledger, add):
    add(invoice(1))
    frozen = ledger.preview([SPECIAL])
    add(invoice(2))
    ledger.close_units(frozen, run="r1", at=AT)
    assert (ledger.census().cleared.count, ledger.late(SPECIAL)) == (1, 1)


def test_everything_is_the_same_after_a_restart(path):
    first = DuckLedger(path, practice=True)
    first.add([invoice(1), digital(1), ordinary(1, machine_number="")], original="", file="a", at=AT, cards={})
    first.close_units(first.preview([SPECIAL]), run="r1", at=AT)
    first.add([invoice(2), ordinary(1)], original="", file="b", at=AT, cards={})
    known = (first.census(), first.late(SPECIAL), first.closed(SPECIAL), first.preview([SPECIAL, ORDINARY]))
    first.close()
    second = DuckLedger(path, practice=True)
    assert (second.census(), second.late(SPECIAL), second.closed(SPECIAL), second.preview([SPECIAL, ORDINARY])) == known
    assert second.add([invoice(3)], original="", file="c", at=AT, cards={}).seq == 3
    second.close()


def test_every_device_type_has_units_of_its_own(ledger, add):
    add(*(invoice(1, code=f"99002611{i:02d}", invoice_type=t) for i, t in enumerate(InvoiceType) if t.on_device))
    units = [ClearUnit(SPECIAL.device_number, t, OCTOBER) for t in InvoiceType if t.on_device]
    assert [p.count for p in ledger.preview(units)] == [1] * len(units)


def test_the_open_units_of_a_card_are_those_with_invoices_and_no_row(ledger, add):
    add(invoice(1), ordinary(1))
    number = SPECIAL.device_number
    assert set(ledger.open_units(number)) == {SPECIAL, ORDINARY}
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    assert ledger.open_units(number) == (ORDINARY,)
    assert ledger.open_units("000000000001") == ()
