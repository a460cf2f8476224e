from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.months import months_of_own, months_of_sample
from fapiao_kernel.simulator.sample_month import sample_month

D = Decimal
OWN = Invoice(
    "1100",
    "00000001",
    InvoiceType.ELECTRONIC_ORDINARY,
    date(2019, 12, 31),
    D("100.00"),
    D("13.00"),
    D("113.00"),
    seller_id="S1",
    seller_name="甲",
    machine_number="661500000001",
)
DIGITAL = replace(OWN, code="", number="2" * 20, invoice_type=InvoiceType.DIGITAL_ORDINARY, machine_number="")


def test_the_sample_month_is_reported_on_the_fifth_and_locks_on_the_seventeenth():
    months = months_of_sample(sample_month(50))
    assert months.start.isoformat() == "2026-11-05T09:00:00+08:00"
    assert [m.invoice_type.value for m in months.monitoring()] == ["004", "007"]
    for monitoring in months.monitoring():
        assert monitoring.lock_date == date(2026, 11, 17)
        assert (monitoring.report_start, monitoring.report_end) == (date(2026, 10, 1), date(2026, 10, 31))
        assert monitoring.last_report == date(2026, 10, 5)
        assert not monitoring.reported and monitoring.not_uploaded == 0


def test_own_invoices_span_from_the_earliest_month_to_the_latest_over_the_year():
    months = months_of_own([OWN, replace(OWN, number="00000002", issue_date=date(2019, 10, 7))])
    assert (months.first, months.last) == (Period(2019, 10), Period(2019, 12))
    assert [(str(s.period), s.count) for s in months.statistics] == [("2019-10", 1), ("2019-11", 0), ("2019-12", 1)]
    assert months.start.isoformat() == "2020-01-05T09:00:00+08:00"
    (monitoring,) = months.monitoring()
    assert (monitoring.report_start, monitoring.report_end) == (date(2019, 10, 1), date(2019, 12, 31))
    assert monitoring.lock_date == date(2020, 1, 17)


def test_the_card_is_the_most_common_machine_and_its_seller_and_holds_only_its_own():
    other = replace(OWN, number="00000009", machine_number="777700000001", seller_id="S2", issue_date=date(2015, 1, 1))
    months = months_of_own([other, OWN, replace(OWN, number="00000002")])
    assert (months.device_number, months.taxpayer_id, months.taxpayer_name) == ("661500000001", "S1", "甲")
    assert months.first == Period(2019, 12)
    assert [s.count for s in months.statistics] == [2]
    assert not any(v.holds(other.code, other.number) for v in months.volumes)


def test_an_invoice_without_a_machine_is_the_cards():
    months = months_of_own([OWN, replace(OWN, number="00000002", machine_number=""), DIGITAL])
    assert [s.count for s in months.statistics] == [2]


@pytest.mark.parametrize("machine", ["", "none", "1234567890123"])
def test_where_no_file_has_a_machine_number_the_card_has_one_of_its_own(machine):
    months = months_of_own([replace(OWN, machine_number=machine)])
    assert len(months.device_number) == 12 and months.device_number.isdigit()
    assert sum(s.count for s in months.statistics) == 1


def test_an_invoice_that_stands_in_two_files_counts_once():
    assert [s.count for s in months_of_own([OWN, OWN]).statistics] == [1]


def test_the_order_of_the_files_does_not_matter():
    invoices = [OWN, replace(OWN, number="00000002", seller_id="S2"), replace(OWN, number="00000003")]
    assert months_of_own(invoices) == months_of_own(invoices[::-1])


@pytest.mark.parametrize("invoices", [[], [DIGITAL]])
def test_where_no_device_issued_anything_there_is_nothing_to_clear(invoices):
    with pytest.raises(Refused) as refused:
        months_of_own(invoices)
    assert refused.value.code == "practice_nothing_to_clear"


@pytest.mark.parametrize("seller", ["", "统一社会", "X" * 21, "12 34"])
def test_a_seller_id_that_no_card_can_hold_gives_way_to_the_practice_companys(seller):
    assert months_of_own([replace(OWN, seller_id=seller)]).taxpayer_id == months_of_sample(sample_month(2)).taxpayer_id
