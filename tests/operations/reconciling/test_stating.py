"""A return's figures as people write them; what cannot be meant is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.period import Period
from fapiao_kernel.operations.reconciling.stating import a_period, a_rate, figure, stated
from fapiao_kernel.ports.statements import Figure
from tests.operations.reconciling.making import D


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.13=10000.00/1300.00", Figure("", "0.13", D("10000.00"), D("1300.00"), D("11300.00"))),
        ("13%=10,000/1300", Figure("", "0.13", D("10000.00"), D("1300.00"), D("11300.00"))),
        ("专票 １３％＝10000/1300", Figure("004", "0.13", D("10000.00"), D("1300.00"), D("11300.00"))),
        ("007=¥1.00/0.13", Figure("007", "", D("1.00"), D("0.13"), D("1.13"))),
        ("082 免税=5.00/0.00", Figure("082", "免税", D("5.00"), D("0.00"), D("5.00"))),
        ("专用发票 9%=1.00/0.09", Figure("special", "0.09", D("1.00"), D("0.09"), D("1.09"))),
        ("其他发票=1.00/0.09", Figure("other", "", D("1.00"), D("0.09"), D("1.09"))),
        ("设备=-113.00", Figure("device", "", None, None, D("-113.00"))),
        ("=113.00", Figure("", "", None, None, D("113.00"))),
    ],
)
def test_what_people_write_is_read(text: str, told: Figure) -> None:
    assert stated(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13%",
        "13%=",
        "13%=1/2/3",
        "13%=1.001/0.13",
        "甲票=1/1",
        "130%=1/1",
        "-3%=1/1",
        "=nan",
        "=1e3000",
        "=1000000000000000.00",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        stated(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        told = stated(text)
    except ValueError:
        return
    assert told.amount is None or told.tax is None or told.total == told.amount + told.tax


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False),
    st.sampled_from(["13%", "0.09", "免税", ""]),
)
def test_every_fen_is_kept(amount, rate) -> None:
    told = stated(f"{rate}={amount:.2f}/0.00")
    assert (told.amount, told.rate) == (amount, a_rate(rate))


def test_a_row_needs_amount_and_tax_or_the_total() -> None:
    assert figure({"invoice_type": "", "rate": "", "total": "9.99"}) == Figure("", "", None, None, D("9.99"))
    for cells in ({"amount": "1.00"}, {"tax": "1.00"}, {"amount": "1.00", "total": "2.00"}, {}):
        with pytest.raises(ValueError):
            figure(cells)


@pytest.mark.parametrize("text", ["2026-10", "202610", "2026年10月", "2026.10", "２０２６-１０"])
def test_a_period_in_any_of_its_forms(text: str) -> None:
    assert a_period(text) == Period(2026, 10)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "十月"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        a_period(text)
