"""Period, money, unit, card and plain: values that say what they are, or refuse."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.card import CardProfile, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.finding import Severity, Who
from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.money import fen, from_fen, money, rounded, text
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.unit import ClearUnit, unit_key

periods = st.builds(Period, st.integers(1990, 2999), st.integers(1, 12))
units = st.builds(
    ClearUnit,
    st.integers(0, 999_999_999_999).map(lambda n: f"{n:012d}"),
    st.sampled_from(DEVICE_TYPES),
    st.builds(Period, st.integers(1990, 2500), st.integers(1, 12)),
)

# --- period


@given(periods)
def test_a_period_is_written_and_read_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(periods.filter(lambda p: p.year < 2990), st.integers(0, 100))
def test_shifting_there_and_back_is_where_it_was(period: Period, months: int) -> None:
    assert period.shift(months).shift(-months) == period
    assert period.shift(months) >= period


@given(st.dates(date(1990, 1, 1), date(2998, 12, 31)))
def test_a_day_lies_within_its_period(day: date) -> None:
    period = Period.of(day)
    assert period.first_day <= day <= period.last_day
    assert Period.of(period.last_day) == period


@pytest.mark.parametrize("wrong", ["2026-13", "2026-00", "1989-12", "2026-1", "202610", "", "2026-10 "])
def test_what_is_no_period_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a tax period"):
        Period.parse(wrong)


# --- money


@given(st.integers(-(10**15), 10**15))
def test_fen_and_yuan_are_exact(count: int) -> None:
    assert fen(from_fen(count)) == count
    assert Decimal(text(from_fen(count))) * 100 == count


@pytest.mark.parametrize("wrong", ["***", "", "1.005", "NaN", "Infinity", "1e-3", "一百"])
def test_text_that_is_no_amount_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money(wrong)


@pytest.mark.parametrize("wrong", [0.1, True, None, b"1"])
def test_a_float_is_never_money(wrong: object) -> None:
    with pytest.raises(TypeError):
        money(wrong)  # type: ignore[arg-type]  # what the test is about


def test_amounts_take_separators_and_blanks() -> None:
    assert money(" 1,234,567.80 ") == Decimal("1234567.80")


def test_rounding_is_half_away_from_zero() -> None:
    assert (rounded(Decimal("0.125")), rounded(Decimal("-0.125"))) == (Decimal("0.13"), Decimal("-0.13"))


# --- unit


@given(units)
def test_a_unit_key_stands_for_its_unit(unit: ClearUnit) -> None:
    assert ClearUnit.from_key(unit.key) == unit
    assert 0 <= unit.key < 2**63


@given(units, units)
def test_keys_run_month_first(one: ClearUnit, other: ClearUnit) -> None:
    if one.period < other.period:
        assert one.key < other.key


@pytest.mark.parametrize("number", ["", "12345678901234", "abc", "１２３", "-1", "1.5"])
def test_a_machine_number_is_digits(number: str) -> None:
    with pytest.raises(ValueError, match="machine number"):
        unit_key(number, InvoiceType.SPECIAL, Period(2026, 10))


def test_a_fully_digital_type_has_no_unit() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        unit_key("1", InvoiceType.DIGITAL_SPECIAL, Period(2026, 10))


# --- card


def test_a_span_over_new_year_has_all_its_periods() -> None:
    day = date(2026, 1, 1)
    m = Monitoring(InvoiceType.SPECIAL, day, date(2025, 11, 1), date(2026, 1, 31), day, False)
    assert [str(p) for p in m.periods] == ["2025-11", "2025-12", "2026-01"]


def test_groups_are_listed_once_and_strangers_stand_alone() -> None:
    special, ordinary, roll = InvoiceType.SPECIAL, InvoiceType.ORDINARY, InvoiceType.ROLL
    profile = CardProfile("f", ((special, ordinary),))
    assert profile.groups((ordinary, special, roll)) == ((special, ordinary), (roll,))


def test_statistics_count_voids_and_sum_reds() -> None:
    s = MonthStatistics(
        InvoiceType.SPECIAL, Period(2026, 10), 3, 1, 2, 1, Decimal("100.00"), Decimal("13.00"), Decimal("-10.00"),
        Decimal("-1.30"),
    )  # fmt: skip
    assert (s.count, s.total) == (7, Decimal("101.70"))


@pytest.mark.parametrize(
    ("code", "number", "held"),
    [
        ("42", "00000010", True),
        ("42", "00000009", False),
        ("42", "00000021", False),
        ("43", "00000015", False),
        ("42", "15", False),
    ],
)
def test_a_volume_holds_its_numbers(code: str, number: str, held: bool) -> None:
    assert Volume(InvoiceType.SPECIAL, "42", "00000010", "00000020").holds(code, number) is held


# --- plain


@dataclasses.dataclass
class Sample:
    amount: Decimal
    when: datetime
    where: Path
    kinds: frozenset[InvoiceType]
    period: Period


def test_values_become_plain_json() -> None:
    sample = Sample(
        Decimal("1.5"), datetime(2026, 11, 5, 9), Path("a/b"),
        frozenset({InvoiceType.ORDINARY, InvoiceType.SPECIAL}), Period(2026, 10),
    )  # fmt: skip
    found = plain({InvoiceType.SPECIAL: [sample, None, True, 3, Severity.OK, Who.IT]})
    assert json.loads(json.dumps(found)) == {
        "004": [
            {"amount": "1.50", "when": "2026-11-05T09:00:00", "where": str(Path("a/b")), "kinds": ["004", "007"],
             "period": "2026-10"},
            None, True, 3, "ok", "it",
        ]
    }  # fmt: skip


@pytest.mark.parametrize("secret", [b"payload", object(), lambda: None, Sample])
def test_what_has_no_plain_form_is_refused(secret: object) -> None:
    with pytest.raises(TypeError):
        plain({"x": secret})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_plain_values_stay_as_they_are(value: object) -> None:
    assert plain(value) == value
