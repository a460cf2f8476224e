"""Who issued the units' invoices (销方), and which devices the ledger knows: what the clear holds against card and backup."""

from __future__ import annotations

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from tests.records.ledger.conftest import AT, DEVICE, make, void

SPECIAL = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))
ORDINARY = ClearUnit(DEVICE, InvoiceType.ORDINARY, Period(2026, 10))
OURS, THEIRS = "91999999000000107U", "91999999000009999X"


def test_sheets_are_counted_by_seller_voids_among_them(add, ledger):
    add(make(1), void(make(2)), make(3, seller_id=THEIRS), make(4, seller_id=""))
    assert ledger.sellers([SPECIAL]) == {OURS: 2, THEIRS: 1, "": 1}


def test_only_the_units_asked_for_are_counted(add, ledger):
    add(make(1), make(2, invoice_type=InvoiceType.ORDINARY, seller_id=THEIRS))
    assert ledger.sellers([SPECIAL]) == {OURS: 1}
    assert ledger.sellers([ORDINARY]) == {THEIRS: 1}
    assert ledger.sellers([SPECIAL, ORDINARY]) == {OURS: 1, THEIRS: 1}


def test_units_without_invoices_and_no_units_name_nobody(add, ledger):
    add(make(1))
    assert ledger.sellers([ORDINARY]) == {}
    assert ledger.sellers([]) == {}


def test_a_unit_that_is_closed_still_names_its_sellers(add, ledger):
    add(make(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    assert ledger.sellers([SPECIAL]) == {OURS: 1}


def test_the_devices_are_those_with_invoices_each_once_in_order(add, ledger):
    assert ledger.devices() == ()
    add(make(1), cards={"661000099999": ()})
    add(make(2), make(3, invoice_type=InvoiceType.ORDINARY))
    assert ledger.devices() == (DEVICE, "661000099999")
