"""What a person types under a column head."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fapiao_widgets.viewmodels.columns import of_ledger, written
from fapiao_widgets.viewmodels.filtering import OPS, Unreadable, typed
from hypothesis import given
from hypothesis import strategies as st

LEDGER = ("number", "amount", "issue_date", "period", "invoice_type", "status", "red", "rate", "lines")


def meant(column: str, text: str) -> list[tuple[str, Any]]:
    return [(each["op"], each["value"]) for each in typed(of_ledger(column), text)]


@pytest.mark.parametrize(
    ("column", "text", "filters"),
    [
        ("number", "0042", [("contains", "0042")]),
        ("number", "=00000042", [("=", "00000042")]),
        ("buyer_name", "！练习", [("!=", "练习")]),
        ("amount", "1,234.50", [("=", "1234.50")]),
        ("amount", "≥１００元", [(">=", "100")]),
        ("amount", "100..200", [(">=", "100"), ("<=", "200")]),
        ("amount", "-5~", [(">=", "-5")]),
        ("issue_date", "2026-10-05", [("=", "2026-10-05")]),
        ("issue_date", "2026年10月", [(">=", "2026-10-01"), ("<", "2026-11-01")]),
        ("issue_date", "2026", [(">=", "2026-01-01"), ("<", "2027-01-01")]),
        ("issue_date", ">2026-10", [(">=", "2026-11-01")]),
        ("issue_date", "<=2026-12-31", [("<", "2027-01-01")]),
        ("issue_date", "2026-10-01到2026-10-15", [(">=", "2026-10-01"), ("<", "2026-10-16")]),
        ("period", "2026-10", [("=", "2026-10-01")]),
        ("period", ">=202607", [(">=", "2026-07-01")]),
        ("invoice_type", "专票", [("=", "004")]),
        ("invoice_type", "007", [("=", "007")]),
        ("invoice_type", "数电", [("in", ["081", "082"])]),
        ("status", "作废", [("=", "void")]),
        ("status", "!作废", [("!=", "void")]),
        ("red", "是", [("=", "true")]),
        ("rate", "13%", [("=", "0.13")]),
        ("rate", "13", [("=", "0.13")]),
        ("rate", "0.03", [("=", "0.03")]),
        ("rate", ">=9%", [(">=", "0.09"), ("<", "1")]),
        ("rate", "<9", [("<", "0.09"), (">=", "0")]),
        ("rate", "免税", [("contains", "免税")]),
        ("amount", ">10万", [(">", "100000")]),
        ("issue_date", "20261005", [("=", "2026-10-05")]),
        ("invoice_type", "增值税专用发票", [("=", "004")]),
        ("lines", ">1", [(">", "1")]),
        ("amount", "  ", []),
        ("doubts", "有", [(">", "0")]),
        ("doubts", "无", [("=", "0")]),
    ],
)
def test_a_typed_text_means(column: str, text: str, filters: list[tuple[str, Any]]) -> None:
    assert meant(column, text) == filters


def test_a_doubt_is_filtered_by_its_word_whatever_else_is_odd() -> None:
    ((op, values),) = meant("doubts", "税率")
    assert op == "in" and {int(value) & 4 for value in values} == {4} and len(values) == 64
    assert written(of_ledger("doubts"), "12") == "当日不该有的税率、税号校验位不对"
    assert written(of_ledger("doubts"), "0") == ""


@pytest.mark.parametrize(
    ("column", "text"),
    [("amount", "多少"), ("amount", "NaN"), ("number", "<"), ("issue_date", "2026-13"), ("issue_date", "昨天"), ("period", "2026-00"),
     ("period", "2026-10-05"),     ("invoice_type", "飞机票"), ("status", "好"), ("red", "也许"), ("doubts", "3"), ("lines", "1..x")],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence(column: str, text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        typed(of_ledger(column), text)
    assert str(caught.value)


@given(st.sampled_from(LEDGER), st.text(max_size=20))
def test_anything_typed_is_filters_of_that_column_or_a_sentence(column: str, text: str) -> None:
    try:
        filters = typed(of_ledger(column), text)
    except Unreadable as error:
        assert str(error)
    else:
        assert all(each["column"] == column and each["op"] in OPS and each["value"] != "" for each in filters)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
def test_an_amount_is_meant_to_the_cent(value: Decimal) -> None:
    ((op, text),) = meant("amount", f"{value:,}")
    assert op == "=" and Decimal(text) == value and "E" not in text


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_lies_in_its_own_month_and_year(day: date) -> None:
    for text in (f"{day:%Y-%m}", f"{day:%Y}"):
        (_, start), (_, end) = meant("issue_date", text)
        assert start <= day.isoformat() < end
