"""A result in a file: every value exact, whole or not there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from fapiao_kernel.client.errors import RequestError
from fapiao_kernel.client.saving import save

ROWS = """
SELECT * FROM (VALUES
  ('0012', 1130.10::DECIMAL(18,2), DATE '2026-10-08', true, NULL), ('=1+1', -9999999999999999.99::DECIMAL(18,2), NULL, false, 3)
) t(code, amount, day, red, sheets)
"""


@pytest.fixture
def relation():
    with duckdb.connect() as connection:
        yield connection.sql(ROWS)


def test_a_workbook_keeps_codes_as_text_and_long_amounts_exact(relation, tmp_path: Path):
    assert save(relation, tmp_path / "a.xlsx", {"code": "发票代码"}) == 2
    head, first, second = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert head == ["发票代码", "amount", "day", "red", "sheets"]
    assert (first[0], first[1], str(first[2]), first[3]) == ("0012", 1130.1, "2026-10-08", True)
    assert second[:2] == ["=1+1", "-9999999999999999.99"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_csv_and_parquet_give_the_same_rows_back(relation, tmp_path: Path, kind):
    file = tmp_path / f"a.{kind}"
    assert save(relation, file, {}) == 2
    types = {"code": "VARCHAR", "amount": "DECIMAL(18,2)", "day": "DATE", "red": "BOOLEAN", "sheets": "INTEGER"}
    back = duckdb.read_csv(str(file), dtype=types) if kind == "csv" else duckdb.read_parquet(str(file))
    assert back.fetchall() == duckdb.sql(ROWS).fetchall()


def test_a_file_that_is_there_is_not_overwritten(relation, tmp_path: Path):
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(RequestError) as refused:
        save(relation, tmp_path / "a.csv", {})
    assert refused.value.code == "export_exists" and (tmp_path / "a.csv").read_text() == "mine"


def test_an_ending_that_is_not_known_is_told(relation, tmp_path: Path):
    with pytest.raises(RequestError) as refused:
        save(relation, tmp_path / "a.doc", {})
    assert (refused.value.code, refused.value.exit_code) == ("save_format", 2)


def test_where_nothing_can_be_written_nothing_is_left(relation, tmp_path: Path):
    with pytest.raises(RequestError) as refused:
        save(relation, tmp_path / "nowhere" / "a.csv", {})
    assert refused.value.code == "export_unwritable"
    assert list(tmp_path.iterdir()) == []
