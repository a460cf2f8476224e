"""A unit's invoices in brief: those that its preview counted, no other."""

from __future__ import annotations

import pytest

from .making import AT, ORDINARY, SPECIAL, D, adder, digital, invoice, ordinary, red, void


@pytest.fixture
def add(ledger):
    return adder(ledger)


def test_the_units_invoices_are_told_in_order_with_state_and_printed_total(ledger, add):
    add(invoice(3), void(2), red(1), ordinary(9), digital(1))
    told = list(ledger.details(ledger.preview([SPECIAL])[0]))
    assert [(one.number, one.total, one.red, one.void) for one in told] == [
        ("00000001", D("-45.20"), True, False),
        ("00000002", D("113.00"), False, True),
        ("00000003", D("113.00"), False, False),
    ]
    assert {(one.invoice_type, one.code, one.period) for one in told} == {
        (SPECIAL.invoice_type, "9900261130", SPECIAL.period)
    }


def test_an_import_after_the_preview_is_not_among_them(ledger, add):
    add(invoice(1))
    preview = ledger.preview([SPECIAL])[0]
    add(invoice(2))
    assert [one.number for one in ledger.details(preview)] == ["00000001"]
    assert len(list(ledger.details(ledger.preview([SPECIAL])[0]))) == 2


def test_what_was_closed_before_is_not_counted_again(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    add(invoice(2))
    assert [one.number for one in ledger.details(ledger.preview([SPECIAL])[0])] == ["00000002"]


def test_an_empty_unit_has_none(ledger):
    assert list(ledger.details(ledger.preview([ORDINARY])[0])) == []


def test_a_later_void_counts_from_the_import_that_told_it(ledger, add):
    add(invoice(1), invoice(2))
    before = ledger.preview([SPECIAL])[0]
    add(void(2))
    after = ledger.preview([SPECIAL])[0]
    assert [[one.void for one in ledger.details(preview)] for preview in (before, after)] == [
        [False, False],
        [False, True],
    ]
