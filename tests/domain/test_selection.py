"""Selections: presets by the device's date, what can be meant, and plain values in and out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.selection import MOST_PICKED, Kind, Preset, Selection

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))
PERIODS = st.builds(Period, st.integers(2000, 2090), st.integers(1, 12))
TEXT = st.text("0123456789", min_size=1, max_size=20)
SELECTIONS = st.one_of(
    st.builds(
        Selection,
        types=st.lists(st.sampled_from(DEVICE_TYPES), unique=True, max_size=3).map(tuple),
        kinds=st.lists(st.sampled_from(Kind), unique=True).map(tuple),
        periods=st.lists(PERIODS, unique=True, max_size=3).map(tuple),
        first_day=st.none() | DAYS.filter(lambda day: day.year < 2040),
        last_day=st.none() | DAYS.filter(lambda day: day.year >= 2040),
        whole=st.booleans(),
    ),
    st.builds(
        Selection,
        preset=st.sampled_from(Preset),
        invoices=st.lists(st.tuples(TEXT | st.just(""), TEXT), unique=True, max_size=5).map(tuple),
    ),
)


def periods(*texts: str) -> tuple[Period, ...]:
    return tuple(map(Period.parse, texts))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 5), ("2026-10",)),
        (date(2026, 1, 1), ("2025-12",)),
        (date(2024, 3, 31), ("2024-02",)),
    ],
)
def test_last_month_is_the_month_before_the_device_clock(today: date, expected: tuple[str, ...]) -> None:
    assert Preset.LAST_MONTH.periods(today) == periods(*expected)


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 5), ("2026-10", "2026-11", "2026-12")),
        (date(2026, 1, 15), ("2025-10", "2025-11", "2025-12")),
        (date(2026, 2, 1), ("2026-01", "2026-02", "2026-03")),
        (date(2026, 10, 20), ("2026-07", "2026-08", "2026-09")),
    ],
)
def test_the_quarter_is_the_one_that_last_month_lies_in(today: date, expected: tuple[str, ...]) -> None:
    assert Preset.QUARTER.periods(today) == periods(*expected)


@given(DAYS)
def test_the_quarter_holds_last_month_and_starts_a_quarter(today: date) -> None:
    quarter = Preset.QUARTER.periods(today)
    assert set(Preset.LAST_MONTH.periods(today)) <= set(quarter)
    assert quarter[0].month in (1, 4, 7, 10)
    assert quarter == (quarter[0], quarter[0].shift(1), quarter[0].shift(2))


def test_kinds_are_words_for_types_and_share_none() -> None:
    assert not set(Kind.SPECIAL.types) & set(Kind.ORDINARY.types)
    assert all(t.on_device for kind in Kind for t in kind.types)


def test_no_type_named_is_every_type_of_the_device() -> None:
    licensed = (InvoiceType.SPECIAL, InvoiceType.ROLL)
    assert Selection().asked_types(licensed) == licensed


def test_a_kind_is_those_of_its_types_that_the_device_has() -> None:
    licensed = (InvoiceType.SPECIAL, InvoiceType.ROLL, InvoiceType.MOTOR_VEHICLE)
    assert Selection(kinds=(Kind.ORDINARY,)).asked_types(licensed) == (InvoiceType.ROLL,)
    assert Selection(kinds=tuple(Kind)).asked_types(licensed) == (InvoiceType.SPECIAL, InvoiceType.ROLL)
    with pytest.raises(ValueError, match="普通"):
        Selection(kinds=(Kind.ORDINARY,)).asked_types((InvoiceType.SPECIAL,))


def test_a_type_that_the_device_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="026"):
        Selection(types=(InvoiceType.ELECTRONIC_ORDINARY,)).asked_types((InvoiceType.SPECIAL,))


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": ["999"]},
        {"types": ["081"]},
        {"types": "004"},
        {"types": 4},
        {"kinds": ["red"]},
        {"periods": ["2026-13"]},
        {"periods": ["十月"]},
        {"preset": "next_month"},
        {"preset": "quarter", "periods": ["2026-10"]},
        {"first_day": "2026-10-32"},
        {"first_day": "20261001"},
        {"first_day": "2026-10-31", "last_day": "2026-10-01"},
        {"invoices": [["1100", "12345678"]], "first_day": "2026-10-01"},
        {"invoices": ["11"]},
        {"invoices": [["1100"]]},
        {"invoices": [["1100", ""]]},
        {"invoices": [[1100, 12345678]]},
        {"invoices": [["1", str(n)] for n in range(MOST_PICKED + 1)]},
        {"whole": "yes"},
        {"whole": 1},
        {"month": "2026-10"},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Selection.parse(wrong)


@given(SELECTIONS)
def test_a_selection_written_down_reads_back_the_same(selection: Selection) -> None:
    assert Selection.parse(plain(selection)) == selection


@given(
    st.dictionaries(
        st.sampled_from(sorted(Selection.__dataclass_fields__)),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("2026-10-01"),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_any_plain_values_make_a_selection_or_a_value_error(values: dict[str, Any]) -> None:
    try:
        selection = Selection.parse(values)
    except ValueError:
        return
    assert Selection.parse(plain(selection)) == selection


def test_named_twice_is_named_once() -> None:
    assert Selection.parse({"types": ["004", "004"]}).types == (InvoiceType.SPECIAL,)


@given(st.none() | DAYS, st.none() | DAYS, PERIODS)
def test_days_that_cover_a_month_touch_it(first: date | None, last: date | None, period: Period) -> None:
    if first and last and first > last:
        first, last = last, first
    selection = Selection(first_day=first, last_day=last)
    if selection.covers(period):
        assert selection.touches(period)
    day = period.first_day
    if selection.touches(period) and not selection.covers(period):
        assert (first and first > day) or (last and last < period.last_day)


@pytest.mark.parametrize(
    "wrong",
    [
        {"preset": "week"},
        {"kinds": ["both"]},
        {"types": ["999"]},
        {"periods": ["2026-13"]},
        {"first_day": "2026-10-40"},
        {"invoices": [["\ud800", "1"]]},
    ],
)
def test_what_cannot_be_meant_is_said_in_the_readers_words(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError) as said:
        Selection.parse(wrong)
    assert any("一" <= letter <= "鿿" for letter in str(said.value))
    assert "valid" not in str(said.value)
