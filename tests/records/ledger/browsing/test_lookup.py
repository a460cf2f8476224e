"""Looking an invoice up (查发票): by number, by code and number however they are written; what is not near is not read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.records.ledger.browsing import numbers
from fapiao_kernel.records.ledger.browsing.columns import COLUMNS
from fapiao_kernel.records.ledger.browsing.numbers import Numbers, readings

from .conftest import Made, make

AT = list(COLUMNS).index


def found(made: Made, text: str, code: str = "") -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in made.browser.look_up(text, code)]


def test_a_number_finds_every_invoice_of_it_whatever_its_code(made: Made) -> None:
    made.add(make(7), make(7, code="990026113099"), make(8))
    assert found(made, "00000007") == [("9900261130", "00000007"), ("990026113099", "00000007")]
    assert found(made, "00000007", "9900261130") == [("9900261130", "00000007")]
    assert found(made, "7") == []


@pytest.mark.parametrize(
    "text", ["990026113000000007", "9900261130 00000007", "9900261130-00000007", " 9900261130|00000007 "]
)
def test_code_and_number_may_come_together(made: Made, text: str) -> None:
    made.add(make(7), make(8))
    assert found(made, text) == [("9900261130", "00000007")]


def test_twenty_digits_are_a_fully_digital_number_or_a_long_code_and_its_number(made: Made) -> None:
    made.add(make(1, invoice_type="081", number="99002611309900000007"), make(7, code="990026113099"))
    assert found(made, "99002611309900000007") == [("", "99002611309900000007"), ("990026113099", "00000007")]


def test_a_row_says_where_it_stands_and_whether_it_was_marked_void(made: Made) -> None:
    made.add(make(1), make(2), make(3, device=None), make(4, amount="-1.20"))
    made.void(made.rows[0])
    made.close(made.rows[0]["unit_key"])
    made.void(made.rows[1])  # after the clear: what was cleared stays as it was
    made.add(make(5))
    told = {row[1]: row for row in (made.browser.look_up(f"{n:08d}")[0] for n in range(1, 6))}
    assert [told[f"{n:08d}"][AT("status")] for n in range(1, 6)] == ["void", "normal", "normal", "normal", "normal"]
    states = [told[f"{n:08d}"][AT("state")] for n in range(1, 6)]
    assert states == ["cleared", "cleared", "card_unknown", "cleared", "open"]
    assert told["00000004"][AT("amount")] == "-1.20"


def test_what_came_in_after_the_first_lookup_is_found_too(made: Made) -> None:
    made.add(make(1))
    assert found(made, "00000002") == []
    made.add(make(2))
    assert found(made, "00000002") == [("9900261130", "00000002")]


@settings(max_examples=25, deadline=None)
@given(wanted=st.integers(0, 420), step=st.integers(1, 40), rows=st.sampled_from([1, 40, 10**6]))
def test_stretches_never_hide_a_row(many: Made, wanted: int, step: int, rows: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "PART", step)
        patch.setattr(numbers, "ROWS_A_RUN", rows)
        many.browser._numbers = Numbers()
        expected = sorted((r["code"], r["number"]) for r in many.rows if r["number"] == f"{wanted:08d}")
        assert found(many, f"{wanted:08d}") == expected


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from fapiao_kernel.records.ledger.opening import open_ledger

    connection = open_ledger(tmp_path_factory.mktemp("many") / "ledger.duckdb", practice=True)
    made = Made(connection)
    made.add(*[make(place * 7 % 401, code=f"99002611{place % 3:02d}", amount=Decimal("1.00")) for place in range(150)])
    made.add(*[make(place, code="9900261190") for place in range(0, 400, 9)])
    yield made
    connection.close()


@settings(max_examples=50)
@given(text=st.text(max_size=40), code=st.text(max_size=12))
def test_anything_may_be_typed(text: str, code: str) -> None:
    assert all(isinstance(c, str) and isinstance(n, str) for c, n in readings(text, code))
