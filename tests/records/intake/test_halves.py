"""A sheet parsed in two halves is the sheet."""

from __future__ import annotations

import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from fapiao_kernel.records.intake import halves

CELL = st.one_of(
    st.just(""),
    st.sampled_from(["甲", "<row r=", 'a"b', "1"]),
    st.floats(0, 1e9).map(lambda x: round(x, 2)),
    st.just(date(2026, 10, 8)),
)


@pytest.fixture(autouse=True)
def every_sheet(monkeypatch):
    """Small ones too, whatever the machine."""
    monkeypatch.setattr(halves, "WORTH", 0)
    monkeypatch.setattr(halves, "CORES", 1)


def made(path, rows, *, inline=True):
    with xlsxwriter.Workbook(str(path), {"constant_memory": inline, "default_date_format": "yyyy-mm-dd"}) as book:
        book.add_worksheet("别的").write(0, 0, "x")
        sheet = book.add_worksheet("表")
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                if cell != "":
                    sheet.write(number, at, cell)
    return path


def both(path):
    """The sheet's rows by halves (None when it is not halved), and as the reader gives them."""
    with ThreadPoolExecutor(2) as pool:
        whole = halves.halved(path, "表", pool, Future.result)
    plain = CalamineWorkbook.from_path(path).get_sheet_by_name("表")
    return whole, plain


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, max_size=4), min_size=2, max_size=12))
def test_two_halves_are_the_sheet(tmp_path, rows):
    whole, plain = both(made(tmp_path / "a.xlsx", rows))
    if whole is not None:
        assert list(whole.iter_rows()) == list(plain.iter_rows())
        assert whole.end == plain.end


def test_a_sheet_with_rows_is_halved_and_a_gap_stays_a_gap(tmp_path):
    rows = [["头", "x"], *[["甲", 1.5]] * 3, [], [], [], ["乙"], ["丙", "", "宽"]]
    whole, plain = both(made(tmp_path / "a.xlsx", rows))
    assert whole is not None
    assert list(whole.iter_rows()) == list(plain.iter_rows())


def test_many_shared_strings_are_not_read_twice(tmp_path):
    rows = [[f"某某有限公司第{at}号{'长' * 60}"] for at in range(30)]
    assert both(made(tmp_path / "a.xlsx", rows, inline=False))[0] is None


def test_rows_without_numbers_are_not_halved(tmp_path):
    path = made(tmp_path / "a.xlsx", [["甲"]] * 4)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content["xl/worksheets/sheet2.xml"] = content["xl/worksheets/sheet2.xml"].replace(b"<row r=", b"<row x=")
    with zipfile.ZipFile(path, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    assert both(path)[0] is None


def test_a_sheet_too_large_for_two_copies_is_not_halved(tmp_path, monkeypatch):
    monkeypatch.setattr(halves, "MOST", 10)
    assert both(made(tmp_path / "a.xlsx", [["甲"]] * 4))[0] is None
