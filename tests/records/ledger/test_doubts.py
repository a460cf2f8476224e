"""Doubts: an invoice comes in all the same, flagged, and is told by name as long as there are few."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.invoice import InvoiceLine
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Reading
from fapiao_kernel.records.ledger.doubts import Doubt, id_doubtful, rate_doubtful

from .making import AT, D, adder, codes, invoice, mixed
from .tables import fast, row, sheets


@pytest.fixture
def add(ledger):
    return adder(ledger)


def flags(ledger):
    found = ledger._connection.execute("SELECT doubts FROM invoice ORDER BY code, number").fetchall()
    return [Doubt(value) for (value,) in found]


@pytest.mark.parametrize(
    ("taxpayer", "doubtful"),
    [
        ("91999999000000107U", False),
        ("91999999000000107u", False),
        ("91999999000000107A", True),
        ("9199999900000010IU", True),
        ("919999990000001", False),
        ("", False),
        ("某公司", False),
    ],
)
def test_only_a_whole_credit_code_has_a_check_digit(taxpayer, doubtful):
    assert id_doubtful(taxpayer) is doubtful


@pytest.mark.parametrize(
    ("rate", "day", "red", "doubtful"),
    [
        ("0.13", date(2026, 1, 1), False, False),
        ("免税", date(2026, 1, 1), False, False),
        ("0.17", date(2018, 4, 30), False, False),
        ("0.17", date(2018, 5, 1), False, True),
        ("0.17", date(2026, 5, 1), True, False),
        ("0.16", date(2019, 3, 31), False, False),
        ("0.08", date(2026, 1, 1), False, True),
    ],
)
def test_rates_are_those_of_their_day(rate, day, red, doubtful):
    assert rate_doubtful(rate, day, red=red) is doubtful


LINES = (InvoiceLine("*蔬菜*示例", D("90.00"), "0.13", D("13.00")),)
CASES = {
    "lines": (invoice(1, lines=LINES, row=5), Doubt.LINES, "ledger_lines_differ"),
    "rate": (
        invoice(1, lines=(InvoiceLine("*蔬菜*示例", D("100.00"), "0.08", D("13.00")),), row=5),
        Doubt.RATE,
        "ledger_rate_doubtful",
    ),
    "id": (invoice(1, buyer_id="91999999000001011A", row=5), Doubt.ID, "ledger_id_doubtful"),
    "future": (invoice(1, issue_date=date(2026, 11, 6), row=5), Doubt.FUTURE, "ledger_in_future"),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_doubtful_invoice_comes_in_and_is_told_with_its_row(ledger, add, case):
    doubtful, flag, code = CASES[case]
    added = add(doubtful)
    assert (added.new, codes(added), added.findings[0].row) == (1, [code], 5)
    assert flags(ledger) == [flag]
    assert codes(add(doubtful)) == []  # told once


def test_what_the_importer_tells_itself_is_only_flagged(ledger, add):
    assert codes(add(invoice(1, total=D("1.00")))) == []
    assert flags(ledger) == [Doubt.SUM]


def test_one_rate_among_several_is_enough(ledger, add):
    lines = (*mixed(1).lines[:2], InvoiceLine("*蔬菜*示例", D("-10.00"), "0.08", D("-0.60")))
    assert codes(add(replace(mixed(1), lines=lines))) == ["ledger_rate_doubtful"]


@pytest.mark.parametrize("road", ["objects", "table"])
def test_what_lies_outside_the_chosen_period_is_told_and_kept_under_its_own(ledger, tmp_path, road):
    period = Period(2026, 9)
    if road == "table":
        added = fast(ledger, sheets(tmp_path, [row(1), row(2, issued="2026-09-30 10:00:00")]), period=period)
    else:
        invoices = (invoice(1), invoice(2, issue_date=date(2026, 9, 30)))
        (added,) = ledger.take([Reading("a", "0" * 64, "x", invoices, ())], at=AT, cards={}, period=period)
    assert (added.new, codes(added)) == (2, ["ledger_out_of_period"])
    assert flags(ledger) == [Doubt.PERIOD, Doubt(0)]


def test_doubts_of_a_table_are_bounded_and_counted(ledger, tmp_path):
    rows = [row(n, rate="8%", buyer_id="91999999000001011A") for n in range(100)]
    added = fast(ledger, sheets(tmp_path, rows))
    (more,) = (f for f in added.findings if f.code.endswith("_more"))
    assert "80" in more.message
    assert codes(added).count("ledger_rate_doubtful") == 20
    assert set(flags(ledger)) == {Doubt.RATE | Doubt.ID}


def test_a_number_with_a_wrong_check_digit_is_told_once_whoever_and_how_often_it_stands_for(ledger, tmp_path):
    wrong = "91999999000001011A"
    rows = [row(n, buyer_id=wrong, seller_id="9199999900000107U" + "AB"[n % 2]) for n in range(90)]
    found = [f for f in fast(ledger, sheets(tmp_path, rows)).findings if f.code == "ledger_id_doubtful"]
    assert [(wrong in f.message, f.row) for f in found].count((True, 2)) == 1
    assert len(found) == 3 and "90" in found[0].message + found[1].message
    readings = [Reading(f"{n}.ofd", f"{n:064d}", "x", (invoice(n, buyer_id=wrong),), ()) for n in range(200, 260)]
    told = [f.code for each in ledger.take(readings, at=AT, cards={}) for f in each.findings]
    assert told.count("ledger_id_doubtful") == 1


def test_lines_of_a_table_that_add_up_to_another_tax_are_told(ledger, tmp_path):
    added = fast(ledger, sheets(tmp_path, [row(1)], [row(1, tax="12.00", total="112.00")], numbered=True))
    assert (added.new, codes(added)) == (1, ["ledger_lines_differ"])
    assert added.findings[0].row == 2
    assert Decimal("113.00") == ledger.census().open.total + ledger.census().card_unknown.total
