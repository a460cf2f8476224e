"""What can be asked of the table, and what is refused with a sentence; nothing that is written ever becomes SQL."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import FapiaoError, UsageError
from fapiao_kernel.records.ledger.browsing.columns import COLUMNS, find
from fapiao_kernel.records.ledger.browsing.filtering import OPS

from .conftest import Made, make, view

HOSTILE = [
    "'; DROP TABLE invoice; --",
    "$p0",
    "{source}",
    "%' OR 1=1 --",
    "\x00\x1e\x1f",
    "\\",
    '"',
    "',''); ATTACH '/etc/passwd",
    "\U0010ffff",
]


@pytest.mark.parametrize("op", ["=", "!=", "<", "contains", "in"])
def test_a_hostile_value_is_only_a_value(filled: Made, op: str) -> None:
    for value in HOSTILE:
        asked = view(filters=[("remark", op, [value] if op == "in" else value), ("seller_name", "!=", value)])
        held = {
            "=": lambda text, v=value: text == v,
            "!=": lambda text, v=value: text != v,
            "<": lambda text, v=value: text < v,
            "contains": lambda text, v=value: v in text,
            "in": lambda text, v=value: text == v,
        }[op]
        expected = sorted((row["code"], row["number"]) for row in filled.rows if held(row["remark"]))
        assert filled.browser.page(asked, 99)["rows"] == expected, value
    assert filled.browser.totals(view())["count"] == len(filled.rows)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("grid_column", {"filters": [("amount) OR (1=1", "=", "1")]}),
        ("grid_column", {"sort": [("code; --", False)]}),
        ("grid_column", {"sort": [("state", False)]}),
        ("grid_column", {"columns": ["unit_key"]}),
        ("grid_op", {"filters": [("amount", "contains", "1")]}),
        ("grid_op", {"filters": [("amount", "= 1 OR", "1")]}),
        ("grid_op", {"filters": [("red", "<", True)]}),
        ("grid_value", {"filters": [("amount", "=", 1.5)]}),
        ("grid_value", {"filters": [("amount", "=", "1.999")]}),
        ("grid_value", {"filters": [("amount", "=", "1e400")]}),
        ("grid_value", {"filters": [("amount", "=", "NaN")]}),
        ("grid_value", {"filters": [("amount", "=", "99999999999999999.00")]}),
        ("grid_value", {"filters": [("issue_date", "=", "2026-02-30")]}),
        ("grid_value", {"filters": [("period", "=", "2026-13")]}),
        ("grid_value", {"filters": [("lines", "=", "9" * 30)]}),
        ("grid_value", {"filters": [("lines", "=", True)]}),
        ("grid_value", {"filters": [("red", "=", "yes")]}),
        ("grid_value", {"filters": [("remark", "=", None)]}),
        ("grid_value", {"filters": [("remark", "=", "\ud800")]}),
        ("grid_value", {"filters": [("remark", "in", "text")]}),
        ("grid_value", {"filters": [("remark", "empty", "no")]}),
        ("grid_scope", {"state": "half"}),
        ("grid_scope", {"period": "2026-10-01"}),
        ("grid_scope", {"units": [-1]}),
        ("grid_scope", {"units": list(range(6000))}),
    ],
)
def test_what_is_no_view_is_refused_and_the_sentence_says_what_there_is(code: str, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        view(**changes)
    assert refused.value.code == code
    if code == "grid_column":
        assert "buyer_name" in refused.value.sentence
    if code == "grid_op":
        assert "=" in refused.value.sentence


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(
    column=st.sampled_from(sorted(COLUMNS)),
    op=st.sampled_from(sorted({op for ops in OPS.values() for op in ops})),
    value=JSON,
)
def test_any_value_is_answered_or_refused(filled: Made, column: str, op: str, value: Any) -> None:
    try:
        asked = view(filters=[(column, op, value)])
    except FapiaoError as error:
        assert error.code in ("grid_column", "grid_op", "grid_value")
    else:
        assert len(filled.browser.page(asked, 99)["rows"]) == filled.browser.totals(asked)["count"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from fapiao_kernel.records.ledger.opening import open_ledger

    connection = open_ledger(tmp_path_factory.mktemp("filled") / "ledger.duckdb", practice=True)
    made = Made(connection)
    made.add(make(1), make(2, issue_date=date(2026, 9, 30)), make(3, invoice_type="081"), make(4, device=None))
    made.add(*[make(10 + place, remark=text) for place, text in enumerate(HOSTILE) if "\x00" not in text])
    yield made
    connection.close()


def test_a_name_is_found_in_any_writing(made: Made) -> None:
    made.add(
        make(1, buyer_name="示例建材（武汉）有限公司"),
        make(2, buyer_name="示例建材(武汉)有限公司"),
        make(3, buyer_name="别家"),
    )
    for written in ("建材（武汉", "建材(武汉", "建材【武汉", "建材 (武汉"):
        assert len(made.browser.page(view(filters=[("buyer_name", "contains", written)]), 9)["rows"]) == 2


# --- summaries of a column


def test_bins_hold_every_row_once_between_exact_bounds(made: Made) -> None:
    amounts = ["-1.01", "0.00", "0.01", "3.33", "3.34", "1999999.99"]
    made.add(*[make(place, amount=amount) for place, amount in enumerate(amounts)])
    told = made.browser.facets(view(), find("amount"))
    assert (told["min"], told["max"], told["count"]) == ("-1.01", "1999999.99", 6)
    assert len(told["bins"]) == 20
    assert sum(each["count"] for each in told["bins"]) == 6
    for each in told["bins"]:
        wanted = [("amount", ">=", each["from"]), ("amount", "<=", each["to"])]
        assert made.browser.totals(view(filters=wanted))["count"] == each["count"]


@pytest.mark.parametrize(
    ("column", "amounts"), [("amount", ["5.00"] * 3), ("issue_date", ["1.00"]), ("lines", ["2.00"] * 2)]
)
def test_one_value_is_one_bin(made: Made, column: str, amounts: list[str]) -> None:
    made.add(*[make(place, amount=amount, issue_date=date(2026, 10, 3)) for place, amount in enumerate(amounts)])
    (only,) = made.browser.facets(view(), find(column))["bins"]
    assert only["from"] == only["to"]
    assert only["count"] == len(amounts)


def test_the_most_frequent_values_come_first_and_the_rest_is_counted(made: Made) -> None:
    made.add(*[make(place, buyer_name=f"客户{min(place, 24):02d}") for place in range(30)])
    told = made.browser.facets(view(), find("buyer_name"))
    assert told["values"][0] == {"value": "客户24", "count": 6}
    assert (len(told["values"]), told["distinct"], told["others"], told["count"]) == (20, 25, 5, 30)


def test_a_summary_of_no_rows_is_empty(made: Made) -> None:
    made.add(make(1))
    for column in ("amount", "buyer_name", "issue_date"):
        for asked in (view("cleared"), view(filters=[("amount", "<", "0")])):
            told = made.browser.facets(asked, find(column))
            assert (told["count"], told["values"], told["bins"]) == (0, [], [])


def test_totals_of_a_column_with_far_too_many_values_are_the_same(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    from fapiao_kernel.records.ledger.browsing import totals

    made.add(
        *[make(place, rate=f"0.{place:03d}", status="void" if place % 5 == 0 else "normal") for place in range(40)]
    )
    made.add(make(99, amount="-7.00"))
    few = made.browser.totals(view())
    monkeypatch.setattr(totals, "MOST", 3)
    assert made.browser.totals(view()) == few
    assert few["voids"] == 8
