"""Ready-made queries: each has titles, a label for every parameter and every column, and counts what is true now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pytest

from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import DEVICE_TYPES, InvoiceType
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports.statements import Figure, FiledReturn, Told
from fapiao_kernel.records.ledger.named import queries

from .making import (
    AT,
    DEVICE,
    OCTOBER,
    ORDINARY,
    OTHER,
    SPECIAL,
    D,
    adder,
    digital,
    invoice,
    mixed,
    ordinary,
    red,
    void,
)

TAXPAYER = "91999999000000107U"


@pytest.fixture
def add(ledger):
    return adder(ledger)


@pytest.fixture
def ask(ledger, tmp_path):
    def named(name: str, **params: Any) -> duckdb.DuckDBPyRelation:
        ledger.named(name, params, tmp_path / f"{name}.parquet")
        return duckdb.read_parquet(str(tmp_path / f"{name}.parquet"))

    return named


@pytest.fixture
def filled(ledger, add):
    """One of everything: a gap, a void, a red, an invoice not uploaded, statistics, a return."""
    add(invoice(1), invoice(5), void(6), red(7), digital(8), ordinary(9))
    mark(ledger, ORDINARY, 9, "unsent")
    told = MonthStatistics(InvoiceType.SPECIAL, OCTOBER, 2, 1, 1, 0, D("200.00"), D("26.00"), D("-40.00"), D("-5.20"))
    ledger.statements.keep_statistics(DEVICE, [told], source=Source.READ, at=AT)
    figures = (
        Figure("", "0.13", D("360.00"), D("46.80"), D("406.80")),
        Figure("device", "", None, None, D("293.80")),
        Figure("007", "0.13", D("90.00"), D("13.00"), D("103.00")),
        Figure("special", "", D("160.00"), D("20.80"), D("180.80")),
        Figure("other", "", D("200.00"), D("26.00"), D("226.00")),
    )
    ledger.statements.keep_return(FiledReturn(TAXPAYER, OCTOBER, figures, Told.FILE, AT))
    return ledger


def mark(ledger, unit, number: int, said: str, seq: int = 2) -> None:
    code = "099002600104" if unit is ORDINARY else "9900261130"
    ledger._writer.execute(
        "INSERT INTO invoice_mark VALUES (?, ?, ?, ?, ?)", [unit.key, seq, code, f"{number:08d}", said]
    )


@pytest.mark.parametrize("name", sorted(queries()))
def test_every_query_runs_and_labels_each_parameter_and_column(filled, ask, name):
    query = queries()[name]
    given = {"keys": [SPECIAL.key], "watermarks": [1]} if name == "preview" else {}
    found = ask(name, **given)
    assert found.fetchall(), "there is something of it"
    assert found.columns == list(query.columns)
    assert set(query.labels) == set(query.params)
    told = query.told()
    assert all(each["zh"] and each["en"] for each in [told, *told["params"], *told["columns"]])


def test_there_is_one_of_each_that_the_field_asks_for():
    assert set(queries()) == {
        *("by_unit", "totals", "by_buyer", "voids_and_reds", "number_gaps", "not_uploaded"),
        *("against_card", "against_return", "preview"),
    }


def test_a_query_answers_to_one_name(ledger, tmp_path):
    for other in ("frozen_preview", "totals_by_type_and_rate"):
        with pytest.raises(UsageError) as refused:
            ledger.named(other, {}, tmp_path / "out.parquet")
        assert refused.value.code == "query_unknown"


def test_a_month_stands_for_its_first_day(filled, ask):
    assert len(ask("by_unit", period="2026-10").fetchall()) == 2
    assert ask("by_unit", period="2026-11").fetchall() == []


def test_a_unit_is_named_as_its_key_says(ledger, ask):
    periods = (replace(OCTOBER, year=1990, month=1), OCTOBER, replace(OCTOBER, month=12))
    units = [ClearUnit(OTHER, kind, period) for period in periods for kind in DEVICE_TYPES]
    for table, row in (("unit_import", "?, 1, 1, 1, 0, 1, 0, 0"), ("unit_rate", "?, 1, '0.13', 1, 0, 0, 1, 0, 1")):
        ledger._writer.executemany(f"INSERT INTO {table} VALUES ({row})", [[unit.key] for unit in units])
    named = [(unit.invoice_type.value, unit.period.first_day) for unit in units]
    assert ask("by_unit").project("device_number, invoice_type, period").fetchall() == [(OTHER, *one) for one in named]
    assert ask("totals").project("invoice_type, period").fetchall() == named


def test_units_are_told_open_cleared_and_late(ledger, add, ask):
    add(invoice(1), ordinary(2))
    (special,) = ledger.preview([SPECIAL])
    ledger.close_units([special], run="r1", at=AT)
    add(invoice(3, "50.00", "6.50"))
    rows = ask("by_unit").project("invoice_type, state, count, total, run, digest").fetchall()
    assert rows == [
        ("004", "late", 1, D("56.50"), "r1", ""),
        ("004", "cleared", 1, D("113.00"), "r1", special.digest),
        ("007", "open", 1, D("113.00"), "", ""),
    ]


def test_gaps_can_be_asked_of_what_is_open_alone(ledger, add, ask):
    add(invoice(1), invoice(3))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    add(invoice(8))
    gaps = lambda **given: ask("number_gaps", **given).project("after_number, missing").fetchall()  # noqa: E731 asked thrice below
    assert gaps() == [("00000001", 1), ("00000003", 4)]
    assert gaps(state="cleared") == [("00000001", 1)]
    assert gaps(state="late") == gaps(state="open") == []
    with pytest.raises(UsageError) as refused:
        gaps(state="opened")
    assert refused.value.code == "query_parameter", "no gaps would be no answer"


def test_a_later_void_counts_as_void(ledger, add, ask):
    add(invoice(1), invoice(2))
    mark(ledger, SPECIAL, 2, "void")
    assert ask("by_buyer").project("count, voids, total").fetchall() == [(2, 1, D("113.00"))]
    assert ask("voids_and_reds").project("number, status, marked").fetchall() == [("00000002", "void", True)]
    frozen = {"keys": [SPECIAL.key], "watermarks": [1]}
    assert ask("preview", **frozen).project("status").fetchall() == [("normal",), ("normal",)], "frozen before it"
    frozen["watermarks"] = [2]
    assert ask("preview", **frozen).project("status").fetchall() == [("normal",), ("void",)]


def test_what_was_uploaded_since_is_not_listed(ledger, add, ask):
    add(ordinary(1), ordinary(2))
    for number, said, seq in ((1, "unsent", 1), (2, "unsent", 1), (1, "sent", 2)):
        mark(ledger, ORDINARY, number, said, seq)
    assert ask("not_uploaded").project("number").fetchall() == [("00000002",)]


def test_totals_fold_what_imports_wrote_by_rate(ledger, add, ask):
    add(invoice(1), mixed(2), void(3))
    rows = ask("totals", period="2026-10").project("rate, count, voids, amount, tax").fetchall()
    assert rows == [
        ("0.13", 2, 1, D("100.00"), D("13.00")),
        ("0.09", 1, 0, D("60.00"), D("5.40")),
        ("0.06", 1, 0, D("40.00"), D("2.40")),
    ]


def test_the_card_stands_beside_the_ledger_and_what_was_not_read_is_not_agreed(filled, ask):
    rows = ask("against_card").project("invoice_type, ledger_count, card_count, amount_difference, agrees").fetchall()
    assert rows == [("004", 4, 4, D("0.00"), True), ("007", 1, None, None, None)]


def test_the_return_stands_beside_the_ledger_figure_by_figure(filled, ask):
    rows = ask("against_return").project("invoice_type, rate, ledger_total, total_difference, agrees").fetchall()
    assert rows == [
        ("", "0.13", D("406.80"), D("0.00"), True),
        ("007", "0.13", D("113.00"), D("10.00"), False),
        ("device", "", D("293.80"), D("0.00"), True),
        ("other", "", D("226.00"), D("0.00"), True),
        ("special", "", D("180.80"), D("0.00"), True),
    ]
