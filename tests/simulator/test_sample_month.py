from collections import Counter
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import EXEMPT, MIXED, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import CENT
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.sample_month import sample_month


@pytest.fixture(scope="module")
def month():
    return sample_month(2000)


def test_the_month_has_as_many_invoices_as_asked_for_and_the_digital_ones_apart(month):
    assert len(month.invoices) == 2000
    assert len(month.digital) == 20
    assert not any(i.fully_digital for i in month.invoices)
    assert all(i.fully_digital and not i.code and len(i.number) == 20 for i in month.digital)


def test_the_same_seed_gives_the_same_month_and_another_seed_another(month):
    again = sample_month(2000)
    assert again.invoices == month.invoices
    assert again.digital == month.digital
    assert sample_month(2000, seed=1).invoices != month.invoices


def test_every_invoice_has_a_key_of_its_own(month):
    assert len({i.key for i in month.exported}) == 2020


def test_every_day_lies_in_the_period(month):
    assert {i.period for i in month.exported} == {Period(2026, 10)}


def test_amounts_are_exact_and_lines_add_up(month):
    for invoice in month.exported:
        assert invoice.total == invoice.amount + invoice.tax
        assert invoice.amount == sum(line.amount for line in invoice.lines)
        assert invoice.tax == sum(line.tax for line in invoice.lines)
        for line in invoice.lines:
            assert line.amount.as_tuple().exponent == line.tax.as_tuple().exponent == -2
            rate = Decimal(0) if line.rate == EXEMPT else Decimal(line.rate)
            assert abs(line.amount * rate - line.tax) <= CENT / 2
            assert Decimal(line.quantity) * Decimal(line.price) == line.amount


def test_both_types_voids_reds_three_rates_exempt_and_mixed_occur(month):
    assert {i.invoice_type for i in month.invoices} == {InvoiceType.SPECIAL, InvoiceType.ORDINARY}
    assert sum(i.status is InvoiceStatus.VOID for i in month.invoices) == 40
    assert 35 <= sum(i.red for i in month.invoices) <= 40
    assert set(Counter(i.rate for i in month.invoices)) == {"0.13", "0.09", "0.06", EXEMPT, MIXED}
    assert {len(i.lines) for i in month.invoices} == {1, 2, 3}


def test_exempt_goods_stand_on_ordinary_invoices_only_and_bear_no_tax(month):
    exempt = [i for i in month.invoices if any(line.rate == EXEMPT for line in i.lines)]
    assert exempt
    assert {i.invoice_type for i in exempt} == {InvoiceType.ORDINARY}
    assert {i.tax for i in exempt} == {Decimal("0.00")}


def test_a_red_invoice_takes_back_an_earlier_one_whole_and_names_it(month):
    by_number = {i.code + i.number: i for i in month.invoices}
    reds = [i for i in month.invoices if i.red]
    assert len({i.red_of for i in reds}) == len(reds)
    for red in reds:
        blue = by_number[red.red_of]
        assert red.total == -blue.total < 0
        assert (red.buyer_id, red.invoice_type) == (blue.buyer_id, blue.invoice_type)
        assert blue.issue_date <= red.issue_date
        assert blue.status is InvoiceStatus.NORMAL
        assert blue.code in red.remark and blue.number in red.remark


def test_numbers_of_a_type_are_consecutive_and_codes_have_their_length(month):
    for kind, digits in ((InvoiceType.SPECIAL, 10), (InvoiceType.ORDINARY, 12)):
        mine = [i for i in month.invoices if i.invoice_type is kind]
        numbers = [int(i.number) for i in mine]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert {len(i.code) for i in mine} == {digits}
        assert {len(i.number) for i in mine} == {8}


def test_every_invoice_lies_in_exactly_one_volume(month):
    for invoice in month.invoices:
        holding = [v for v in month.volumes if v.holds(invoice.code, invoice.number)]
        assert [v.invoice_type for v in holding] == [invoice.invoice_type]


def test_statistics_are_the_sums_of_the_invoices_with_voids_as_zero(month):
    assert [s.invoice_type for s in month.statistics] == [InvoiceType.SPECIAL, InvoiceType.ORDINARY]
    for statistics in month.statistics:
        mine = [i for i in month.invoices if i.invoice_type is statistics.invoice_type]
        standing = [i for i in mine if i.status is InvoiceStatus.NORMAL]
        assert statistics.count == len(mine)
        assert statistics.total == sum(i.total for i in standing)
        assert statistics.negative == sum(i.red for i in standing)
        assert statistics.positive_tax == sum(i.tax for i in standing if not i.red)


@pytest.mark.parametrize("size", [1, 2, 49, 101])
def test_a_small_month_is_a_month_too(size):
    month = sample_month(size)
    assert len(month.invoices) == size
    assert sum(s.count for s in month.statistics) == size


def test_a_long_month_goes_on_into_further_volumes():
    month = sample_month(60_000)
    assert len({v.code for v in month.volumes}) == len(month.volumes) > 2
    assert sum(int(v.last) - int(v.first) + 1 for v in month.volumes) == 60_000


@pytest.mark.parametrize("size", [0, -1, 1_000_001])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(UsageError) as refused:
        sample_month(size)
    assert refused.value.code == "practice_size"
