"""What of a unit is open, and how much of it lies within some days or is picked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, ORDINARY, OTHER, SPECIAL, D, adder, digital, invoice, ordinary, red, void

CODE = "9900261130"
NOTHING = Tally(0, D("0.00"))


@pytest.fixture
def add(ledger):
    return adder(ledger)


def on(day: int, number: int, **changes):
    return invoice(number, issue_date=date(2026, 10, day), **changes)


def test_a_whole_unit_counts_sheets_and_sums_what_stands(ledger, add):
    add(on(1, 1), void(2), red(3), ordinary(1))
    assert ledger.within([SPECIAL, ORDINARY]) == {
        SPECIAL: Tally(3, D("67.80")),
        ORDINARY: Tally(1, D("113.00")),
    }


def test_both_days_are_in_it_and_either_may_be_left_open(ledger, add):
    add(on(1, 1), on(2, 2), on(3, 3), on(31, 4))
    first, last = date(2026, 10, 2), date(2026, 10, 3)
    assert ledger.within([SPECIAL], first, last)[SPECIAL].count == 2
    assert ledger.within([SPECIAL], first)[SPECIAL].count == 3
    assert ledger.within([SPECIAL], None, last)[SPECIAL].count == 3
    assert ledger.within([SPECIAL], date(2026, 11, 1))[SPECIAL] == NOTHING


def test_picked_invoices_are_found_by_code_and_number_together(ledger, add):
    add(on(1, 1), on(2, 2), void(3), ordinary(1), ordinary(2))
    picked = [(CODE, "00000001"), (CODE, "00000003"), ("099002600104", "00000002"), ("", "00000002"), (CODE, "9")]
    assert ledger.within([SPECIAL, ORDINARY], None, None, picked) == {
        SPECIAL: Tally(2, D("113.00")),
        ORDINARY: Tally(1, D("113.00")),
    }


def test_an_invoice_picked_twice_counts_once(ledger, add):
    add(on(1, 1))
    assert ledger.within([SPECIAL], None, None, [(CODE, "00000001")] * 3)[SPECIAL] == Tally(1, D("113.00"))


def test_other_units_invoices_and_those_without_unit_are_not_counted(ledger, add):
    add(on(1, 1, machine_number=OTHER), digital(2), on(3, 3, machine_number=""))
    assert ledger.within([SPECIAL], date(2026, 10, 1), date(2026, 10, 31)) == {SPECIAL: NOTHING}
    assert ledger.within([SPECIAL], None, None, [("", digital(2).number)]) == {SPECIAL: NOTHING}


def test_a_unit_that_holds_nothing_has_a_tally_all_the_same(ledger, add):
    add(on(1, 1))
    empty = replace(SPECIAL, period=Period(2026, 9))
    assert ledger.within([empty]) == {empty: NOTHING}
    assert ledger.within([empty, SPECIAL], date(2026, 1, 1)) == {empty: NOTHING, SPECIAL: Tally(1, D("113.00"))}
    assert ledger.within([]) == ledger.within([], date(2026, 1, 1)) == {}


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_cleared_is_not_counted_and_what_came_late_is(ledger, add, path, restarted):
    add(on(1, 1), on(2, 2))
    ledger.close_units(ledger.preview([SPECIAL]), run="run-1", at=AT)
    add(on(3, 3), ordinary(1))
    if restarted:
        ledger.close()
        ledger = DuckLedger(path, practice=True)
    try:
        assert ledger.within([SPECIAL])[SPECIAL] == Tally(1, D("113.00"))
        assert ledger.within([SPECIAL, ORDINARY], date(2026, 10, 1)) == {
            SPECIAL: Tally(1, D("113.00")),
            ORDINARY: Tally(1, D("113.00")),
        }
        assert ledger.within([SPECIAL], None, None, [(CODE, "00000001")])[SPECIAL] == NOTHING
    finally:
        if restarted:
            ledger.close()


def test_names_that_look_like_sql_are_only_names(ledger, add):
    add(on(1, 1))
    assert ledger.within([SPECIAL], None, None, [("' OR 1=1 --", "1')")])[SPECIAL] == NOTHING
