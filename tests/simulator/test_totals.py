from dataclasses import replace
from datetime import date
from decimal import Decimal

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.simulator.totals import statistics_of, volumes_of, with_spare

D = Decimal
BLUE = Invoice("1100", "00000001", InvoiceType.SPECIAL, date(2026, 9, 3), D("100.00"), D("13.00"), D("113.00"))


def test_nothing_has_no_statistics_and_no_volumes():
    assert statistics_of([]) == volumes_of([]) == ()


def test_counts_tell_void_and_red_apart_and_voids_add_nothing():
    red = replace(BLUE, number="00000002", amount=D("-40.00"), tax=D("-5.20"), total=D("-45.20"), red=True)
    voids = [replace(BLUE, number="00000003", status=InvoiceStatus.VOID), replace(red, status=InvoiceStatus.VOID)]
    (found,) = statistics_of([BLUE, red, *voids])
    assert (found.positive, found.positive_void, found.negative, found.negative_void) == (1, 1, 1, 1)
    assert (found.positive_amount, found.positive_tax) == (D("100.00"), D("13.00"))
    assert (found.negative_amount, found.negative_tax) == (D("-40.00"), D("-5.20"))


def test_types_and_months_are_kept_apart_in_order():
    later = replace(BLUE, issue_date=date(2026, 10, 1))
    ordinary = replace(BLUE, invoice_type=InvoiceType.ORDINARY)
    found = statistics_of([ordinary, later, BLUE])
    assert [(s.invoice_type.value, str(s.period)) for s in found] == [
        ("004", "2026-09"),
        ("004", "2026-10"),
        ("007", "2026-09"),
    ]


def test_a_total_that_is_not_amount_plus_tax_is_still_the_cards_total():
    (found,) = statistics_of([replace(BLUE, tax=D("0.00"))])
    assert found.total == D("113.00")


def test_fully_digital_invoices_are_in_no_statistics_and_no_volume():
    digital = replace(BLUE, code="", number="2" * 20, invoice_type=InvoiceType.DIGITAL_SPECIAL)
    assert statistics_of([digital]) == volumes_of([digital]) == ()


def test_numbers_far_apart_come_from_different_volumes_and_near_ones_from_one():
    numbers = ["00000001", "00000900", "00050000"]
    found = volumes_of([replace(BLUE, number=n) for n in reversed(numbers)])
    assert [(v.first, v.last) for v in found] == [("00000001", "00000900"), ("00050000", "00050000")]


def test_a_code_or_number_that_is_no_digits_is_in_no_volume():
    assert volumes_of([replace(BLUE, code="AB"), replace(BLUE, number="12X"), replace(BLUE, number="1" * 9)]) == ()


def test_the_last_volume_of_each_type_gets_spare_numbers_and_its_next():
    special, ordinary = InvoiceType.SPECIAL, InvoiceType.ORDINARY
    used = (
        Volume(special, "1100", "00000001", "00000100"),
        Volume(special, "1200", "00000050", "00000060"),
        Volume(ordinary, "1100", "00000501", "00000600"),
    )
    volumes, upcoming = with_spare(used, 500)
    longer = replace(used[0], last="00000600"), replace(used[2], last="00001100")
    assert volumes == (longer[0], used[1], longer[1])
    assert upcoming == {longer[0]: "00000101", longer[1]: "00000601"}


def test_spare_numbers_end_where_the_digits_end():
    nearly, full = (
        Volume(kind, "1", "1", last) for kind, last in ((InvoiceType.SPECIAL, "7"), (InvoiceType.ROLL, "9"))
    )
    volumes, upcoming = with_spare((nearly, full), 500)
    assert volumes == (replace(nearly, last="9"), full) and upcoming == {volumes[0]: "8"}
    assert with_spare((), 500) == ((), {})
