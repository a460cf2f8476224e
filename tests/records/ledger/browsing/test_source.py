"""Where a view's rows come from: flat wherever the units' state allows it, and the same rows as the join would give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from fapiao_kernel.records.ledger.browsing import source as module
from fapiao_kernel.records.ledger.browsing.source import source
from fapiao_kernel.records.ledger.browsing.view import View

from .conftest import DEVICES, Made, make, view

MONTHS = [date(2026, month, 3) for month in range(1, 8)]


@pytest.fixture
def year(made: Made) -> Made:
    """Seven months of two cards; some invoices of no unit in each."""
    made.add(
        *[make(10 * m + c, issue_date=day, device=DEVICES[c]) for m, day in enumerate(MONTHS) for c in range(2)],
        *[make(700 + m, issue_date=day, device=None) for m, day in enumerate(MONTHS)],
        *[make(800 + m, issue_date=day, invoice_type="082") for m, day in enumerate(MONTHS)],
    )
    return made


def close_month(made: Made, *months: int) -> None:
    made.close(*{r["unit_key"] for r in made.rows if r["unit_key"] is not None and r["issue_date"].month in months})


def sql(made: Made, asked: View) -> str:
    return source(asked, made.browser._stand(made.connection.cursor())).sql()


def held(made: Made, state: str, period: str = "") -> None:
    """The browser's rows are those of the state."""
    expected = sorted(
        (row["code"], row["number"])
        for row in made.rows
        if made.state(row) == state and (not period or f"{row['period']:%Y-%m}" == period)
    )
    assert made.browser.page(view(state, period=period), 999)["rows"] == expected
    assert made.browser.totals(view(state, period=period))["count"] == len(expected)


def late(made: Made) -> None:
    close_month(made, 1, 2)
    made.add(make(900, issue_date=MONTHS[0]))


@pytest.mark.parametrize(
    ("change", "joined"),
    [
        (lambda made: None, False),
        (lambda made: close_month(made, 1, 2, 3), False),
        (lambda made: close_month(made, 2, 4, 6), False),
        (lambda made: close_month(made, *range(1, 8)), False),
        (lambda made: made.close(made.rows[0]["unit_key"]), True),
        (late, True),
    ],
    ids=["never cleared", "cleared up to a month", "every other month", "all cleared", "half a month", "late"],
)
def test_open_and_cleared_are_what_they_are_however_they_are_found(
    year: Made, change: Callable[[Made], None], joined: bool
) -> None:
    change(year)
    for state in ("open", "cleared"):
        held(year, state)
        for month in range(1, 9):
            held(year, state, f"2026-{month:02d}")
    assert any("JOIN" in sql(year, view(state)) for state in ("open", "cleared")) is joined


def test_a_month_that_was_never_cleared_is_asked_for_as_by_hand(made: Made) -> None:
    made.add(make(1), make(2, issue_date=date(2026, 9, 1)))
    assert sql(made, view("open", period="2026-10")) == "FROM invoice i WHERE i.period = DATE '2026-10-01'"
    made.close(made.rows[1]["unit_key"])
    assert sql(made, view("open", period="2026-10")) == "FROM invoice i WHERE i.period = DATE '2026-10-01'"
    assert source(view("open", period="2026-09"), made.browser._stand(made.connection.cursor())).empty


def test_so_many_gaps_that_a_join_is_cheaper_give_the_same(year: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 1)
    close_month(year, 2, 4, 6)
    assert "JOIN open_unit" in sql(year, view("open"))
    held(year, "open")
    held(year, "cleared")


def test_only_a_view_that_a_void_mark_can_touch_pays_for_it(year: Made) -> None:
    year.void(year.rows[0])
    assert "invoice_mark" in sql(year, view("open", period="2026-01"))
    assert "invoice_mark" not in sql(year, view("open", period="2026-02"))
    assert "invoice_mark" not in sql(year, view("fully_digital"))
    assert year.browser.totals(view(period="2026-01"))["voids"] == 1


def test_a_mark_of_an_invoice_whose_card_is_unknown_counts_everywhere(year: Made) -> None:
    unknown = next(row for row in year.rows if row["unit_key"] is None and not row["fully_digital"])
    year.void(unknown)
    assert year.browser.totals(view("card_unknown"))["voids"] == 1
    assert year.browser.totals(view())["voids"] == 1


def test_totals_by_rate_tell_the_same_as_the_rows(year: Made) -> None:
    late(year)
    year.void(year.rows[4])
    told = year.browser.rate_sums()
    for state in ("open", "cleared", "fully_digital", "card_unknown"):
        whole = year.browser.totals(view(state))
        assert sum(row["count"] for row in told if row["state"] == state) == whole["count"]
    assert year.browser.rate_sums() is told  # kept until the ledger's state is another
    year.add(make(950))
    assert sum(row["count"] for row in year.browser.rate_sums()) == len(year.rows)
