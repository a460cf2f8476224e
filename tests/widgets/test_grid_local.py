"""The paged grid's view model over a relation in the kernel: a query's own rows."""

from __future__ import annotations

import csv
import hashlib
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fapiao_widgets.viewmodels.columns import separated
from fapiao_widgets.viewmodels.grid import Grid, free
from fapiao_widgets.viewmodels.local_pages import LocalPages
from hypothesis import given, settings
from hypothesis import strategies as st


def local(query: str, folder: Path | None = None) -> Grid:
    relation = duckdb.connect().sql(query)
    made = Grid(LocalPages(relation, query), folder=folder, name="结果")
    made.answer({"ask": "page"})
    return made


MANY = """SELECT (i % 3)::VARCHAR AS kind, lpad(i::VARCHAR, 8, '0') AS number, DATE '2026-10-01' + (i % 31)::INT AS day,
  (i * 7919 % 100000 / 100)::DECIMAL(18,2) AS amount, CASE WHEN i % 5 > 0 THEN 'x' END AS gap FROM range(2000) r(i)"""


def test_keys_are_written_as_they_are_and_never_summed() -> None:
    made = local("SELECT 2780226395017746 AS unit_key, 1 AS import_seq, 5000 AS lines")
    assert made.answer({"ask": "page"})["rows"] == [["2780226395017746", "1", "5,000"]]
    assert made.answer({"ask": "totals"})["sums"] == {"lines": "5,000"}


def test_a_result_says_its_own_columns_and_exact_sums() -> None:
    answer = local(MANY).answer({"ask": "totals"})
    (exact,) = duckdb.sql(f"SELECT sum(amount) FROM ({MANY})").fetchall()[0]
    assert (answer["sentence"], answer["sums"]) == ("共 2,000 行", {"amount": f"{exact:,.2f}"})


@pytest.mark.parametrize("column", ["kind", "day", "amount", "gap"])
def test_every_part_of_a_summary_filters_down_to_just_its_count(column: str) -> None:
    made = local(MANY)
    facet = made.answer({"ask": "facet", "column": column})
    assert sum(part["count"] for part in facet["parts"]) + facet["rest_count"] == 2000
    for part in facet["parts"]:
        assert made.answer({"ask": "totals", "view": {"picked": [part]}})["count"] == part["count"]


def test_a_column_of_which_every_row_is_its_own_has_nothing_to_pick() -> None:
    facet = local(MANY).answer({"ask": "facet", "column": "number"})
    assert facet["parts"] == [] and facet["note"] == "2,000 种"


@settings(max_examples=6, deadline=None)
@given(st.integers(230, 500), st.sampled_from(["amount", "number", "gap"]), st.booleans())
def test_the_pages_together_are_all_rows_once(limit: int, column: str, descending: bool) -> None:
    made = local(MANY)
    view = {"typed": {"amount": ">=100"}, "sort": [{"column": column, "descending": descending}]}
    seen: list[str] = []
    for offset in itertools.count(0, limit):
        page = made.answer({"ask": "page", "offset": offset, "limit": limit, "view": view})
        seen += [row[1] for row in page["rows"]]
        if page["end"]:
            break
    assert len(seen) == len(set(seen)) == made.answer({"ask": "totals", "view": view})["count"]


@pytest.mark.parametrize("format", ["xlsx", "csv", "parquet"])
def test_an_export_holds_all_filtered_rows_in_order_with_its_digest(format: str, tmp_path: Path) -> None:
    made = local(MANY, tmp_path)
    view = {"typed": {"amount": ">=900"}, "sort": [{"column": "amount", "descending": True}]}
    answer = made.answer({"ask": "export", "format": format, "view": view})
    file = Path(answer["path"])
    assert hashlib.sha256(file.read_bytes()).hexdigest() in answer["exported"]
    expected = duckdb.sql(f"SELECT number, amount FROM ({MANY}) WHERE amount >= 900 ORDER BY amount DESC").fetchall()
    assert answer["count"] == len(expected)
    assert [(n, Decimal(str(a)).quantize(Decimal("0.01"))) for n, a in read(file)] == expected


def read(file: Path) -> list[tuple[str, Any]]:
    if file.suffix == ".parquet":
        return duckdb.read_parquet(str(file)).select("number", "amount").fetchall()
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return [(row["number"], row["amount"]) for row in csv.DictReader(lines)]
    from python_calamine import CalamineWorkbook

    head, *rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return [(row[head.index("number")], row[head.index("amount")]) for row in rows]


def test_a_result_without_rows_and_with_odd_names_is_shown_too() -> None:
    made = local("""SELECT 1 AS "a ""b", [1, 2] AS c, {'x': 1} AS d, 1.5::DOUBLE AS e, NULL AS f WHERE false""")
    assert made.answer({"ask": "page"})["rows"] == [] and made.answer({"ask": "totals"})["count"] == 0
    full = local("""SELECT 1 AS "a ""b", [1, 2] AS c, {'x': 1} AS d, 1.5::DOUBLE AS e, NULL AS f""")
    for column in ('a "b', "c", "d", "e", "f"):
        assert full.answer({"ask": "facet", "column": column})["parts"][0]["count"] == 1
    assert full.answer({"ask": "page", "view": {"sort": [{"column": 'a "b'}]}})["rows"][0][0] == "1"


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4, allow_nan=False))
def test_separators_change_no_digit(value: Decimal) -> None:
    assert separated(f"{value:f}").replace(",", "") == f"{value:f}"


def test_what_is_no_plain_number_stays_as_it_is() -> None:
    assert [separated(t) for t in ("nan", "1e+20", "-", "", "12.")] == ["nan", "1e+20", "-", "", "12."]


def test_the_first_free_name_is_taken(tmp_path: Path) -> None:
    assert free(tmp_path, "发票", "csv").name == "发票-1.csv"
