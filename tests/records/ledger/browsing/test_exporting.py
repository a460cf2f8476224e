"""Exports (导出) read back: every row, in the view's order, with exact amounts; the digest is the same in every format and in the file."""

from __future__ import annotations

import csv
import hashlib
import re
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fapiao_kernel.domain.errors import Cancelled, Refused, UsageError
from fapiao_kernel.records.ledger.browsing import exporting, workbook
from fapiao_kernel.records.ledger.browsing.exporting import Export

from .conftest import Made, make, view

COLUMNS = (
    "code",
    "number",
    "issue_date",
    "period",
    "amount",
    "total",
    "red",
    "status",
    "state",
    "lines",
    "buyer_name",
    "remark",
)
NASTY = [
    '=HYPERLINK("http://x")',
    "+1",
    "-2",
    "@SUM(A1)",
    'a,b;"c"',
    "'quoted'",
    "_x0041_",
    "<b>&amp;</b>",
    "\ufffe\U0001f9fe",
    "  两边有空格  ",
]


@pytest.fixture
def nasty(made: Made) -> Made:
    made.add(
        *[
            make(
                place,
                remark=remark,
                amount=f"{place - 3}.9{place % 10}",
                issue_date=date(2026, 9 + place % 2, 1 + place),
            )
            for place, remark in enumerate(NASTY)
        ],
        make(20, amount="9.95", tax="0.07"),
        make(21, amount="9999999999999.99", tax="0.00"),
        make(22, amount="-9999999999999999.99", tax="0.00"),
        make(23, status="void", invoice_type="081"),
    )
    made.void(made.rows[0])
    made.close(made.rows[1]["unit_key"])
    return made


def rows_of(made: Made, sort: list[tuple[str, bool]]) -> list[tuple[Any, ...]]:
    return list(made.browser.page(view(sort=sort, columns=COLUMNS), 1000)["rows"])


def export(made: Made, path: Path, format: str, sort: list[tuple[str, bool]], **more: Any) -> dict[str, Any]:
    return made.browser.export(Export(), view(sort=sort, columns=COLUMNS), format, path, **more)


SORT = [("amount", True)]


def lines_of(rows: list[tuple[Any, ...]]) -> str:
    flags = {True: "true", False: "false"}
    text = ["\x1f".join(flags[v] if isinstance(v, bool) else str(v) for v in row) + "\n" for row in rows]
    return hashlib.sha256("".join(text).encode()).hexdigest()


@pytest.mark.parametrize("format", ["xlsx", "csv", "parquet"])
def test_the_answer_names_file_rows_and_both_digests(nasty: Made, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"发票 '十月'.{format}"
    told = export(nasty, path, format, SORT)
    rows = rows_of(nasty, SORT)
    assert told == {
        "path": str(path),
        "rows": len(rows),
        "digest": lines_of(rows),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("ledger")) == [path.name]


def test_a_parquet_file_holds_exact_types_and_its_digest_as_metadata(nasty: Made, tmp_path: Path) -> None:
    told = export(nasty, tmp_path / "out.parquet", "parquet", SORT)
    found = duckdb.connect()
    rows = found.execute(f"FROM '{tmp_path / 'out.parquet'}'").fetchall()
    kinds = dict(
        found.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{tmp_path / 'out.parquet'}')").fetchall()
    )
    assert (kinds["amount"], kinds["issue_date"], kinds["period"], kinds["number"]) == (
        "DECIMAL(18,2)",
        "DATE",
        "DATE",
        "VARCHAR",
    )
    shown = [
        tuple(
            f"{v:%Y-%m}" if n == "period" else str(v) if isinstance(v, Decimal | date) else v
            for n, v in zip(COLUMNS, row, strict=True)
        )
        for row in rows
    ]
    assert shown == rows_of(nasty, SORT)
    facts = {k.decode(): v.decode() for k, v in found.execute(
        f"SELECT key, value FROM parquet_kv_metadata('{tmp_path / 'out.parquet'}')"
    ).fetchall()}  # fmt: skip
    assert (facts["rows"], facts["digest"], facts["form"]) == (str(told["rows"]), told["digest"], "g1")


def test_a_csv_file_opens_in_excel_and_calculates_nothing(nasty: Made, tmp_path: Path) -> None:
    told = export(nasty, tmp_path / "out.csv", "csv", SORT)
    raw = (tmp_path / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, *body, last = list(csv.reader(raw.decode("utf-8-sig").splitlines()))
    assert head[:3] == ["发票代码", "发票号码", "开票日期"]
    assert last == [f"# 行数 {told['rows']}；SHA-256（g1）{told['digest']}"]
    words = {"normal": "正常", "void": "作废", "open": "未清卡", "cleared": "已清卡", "fully_digital": "数电票"}
    flags = {True: "是", False: "否"}
    expected = [
        [
            flags[v] if isinstance(v, bool) else ("'" + v if n == "remark" and v[:1] in tuple("=+-@") else words.get(str(v), str(v)))
            for n, v in zip(COLUMNS, row, strict=True)
        ]
        for row in rows_of(nasty, SORT)
    ]  # fmt: skip
    assert body == expected


def cells(path: Path) -> dict[str, Any]:
    """Sheet → rows of what stands in the file, text as text and numbers as their own digits."""
    import zipfile
    from xml.etree import ElementTree

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        names = [
            sheet.get("name", "")
            for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{space}sheet")
        ]
        found = {}
        for place, name in enumerate(names, 1):
            sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{place}.xml"))
            found[name] = [
                {
                    re.sub(r"\d", "", cell.get("r", "")): ("s:" if cell.get("t") else "n:") + "".join(cell.itertext())
                    for cell in row
                }
                for row in sheet.iter(f"{space}row")
            ]
    return {name: [[*row.values()] for row in rows] for name, rows in found.items()} | {
        f"{n}/cells": r for n, r in found.items()
    }


def test_a_workbook_holds_codes_as_text_and_amounts_as_their_exact_digits(nasty: Made, tmp_path: Path) -> None:
    told = export(nasty, tmp_path / "out.xlsx", "xlsx", SORT)
    book = cells(tmp_path / "out.xlsx")
    head, *body = book["发票/cells"]
    assert [*head.values()][:2] == ["s:发票代码", "s:发票号码"]
    rows = rows_of(nasty, SORT)
    assert len(body) == len(rows)
    for cell, row in zip(body, rows, strict=True):
        held: Any = cell
        assert held.get("A", "s:") == f"s:{row[0]}"
        assert held["B"] == f"s:{row[1]}"
        assert held["C"] == f"n:{(date.fromisoformat(row[2]) - date(1899, 12, 30)).days}"
        kind = "s" if len(row[4].lstrip("-")) > 16 else "n"
        assert held["E"] == f"{kind}:{row[4]}"
    total = sum(Decimal(row[4]) for row in rows)
    assert sum(Decimal(str(cell["E"])[2:]) for cell in body) == total
    facts = {row[0]: row[1] for row in book["说明"]}
    assert (facts["s:行数"], facts["s:SHA-256（g1）"]) == (f"s:{told['rows']}", f"s:{told['digest']}")


def test_the_workbook_is_read_by_another_reader_as_it_was_written(nasty: Made, tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    export(nasty, tmp_path / "out.xlsx", "xlsx", [])
    _, *body = CalamineWorkbook.from_path(str(tmp_path / "out.xlsx")).get_sheet_by_name("发票").to_python()
    remarks = [row[COLUMNS.index("remark")] for row in body]
    # XML cannot hold U+FFFE: a workbook writes it as Excel does, and this reader leaves that as it stands.
    expected = [row[-1].replace("\ufffe", "_xFFFE_") for row in rows_of(nasty, [])]
    assert [r for r in remarks if r] == [r for r in expected if r]


def test_more_rows_than_a_sheet_takes_go_on_on_the_next(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.add(*[make(place) for place in range(7)])
    real = workbook.write
    monkeypatch.setattr(workbook, "write", lambda *a: real(*a, 3))
    export(made, tmp_path / "out.xlsx", "xlsx", [])
    book = cells(tmp_path / "out.xlsx")
    assert [name for name in book if "/" not in name] == ["发票", "发票2", "发票3", "说明"]
    numbers = [row[1] for name in ("发票", "发票2", "发票3") for row in book[name][1:]]
    assert numbers == [f"s:{place:08d}" for place in range(7)]


def test_a_text_longer_than_a_cell_is_cut_and_the_sheet_says_so(made: Made, tmp_path: Path) -> None:
    made.add(make(1, remark="🧾" * 20_000), make(2, remark="长" * 32_767))
    told = export(made, tmp_path / "out.xlsx", "xlsx", [])
    book = cells(tmp_path / "out.xlsx")
    cut, whole = book["发票"][1][-1][2:], book["发票"][2][-1][2:]
    assert cut == "🧾" * 16_383 + "…"
    assert whole == "长" * 32_767
    assert any(row[0] == "s:截短的格子" and row[1].startswith("s:1") for row in book["说明"])
    assert told["rows"] == 2


@pytest.mark.parametrize("format", ["xlsx", "csv", "parquet"])
def test_a_view_without_rows_is_a_file_without_rows(made: Made, tmp_path: Path, format: str) -> None:
    told = made.browser.export(Export(), view("cleared"), format, tmp_path / f"none.{format}")
    assert (told["rows"], told["digest"]) == (0, hashlib.sha256().hexdigest())
    assert (tmp_path / f"none.{format}").stat().st_size > 0


# --- nothing half


def test_a_file_that_is_there_is_not_written_over_unless_it_may_be(nasty: Made, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(Refused) as refused:
        export(nasty, path, "csv", SORT)
    assert (refused.value.code, path.read_text()) == ("export_exists", "mine")
    export(nasty, path, "csv", SORT, replace=True)
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"


@pytest.mark.parametrize("path", ["relative.csv", "/", "/no such folder/out.csv", "/a\0b.csv"])
def test_a_place_that_is_none_is_refused(made: Made, path: str) -> None:
    with pytest.raises(UsageError) as refused:
        made.browser.export(Export(), view(), "csv", Path(path))
    assert refused.value.code == "export_place"


@pytest.mark.parametrize("format", ["xlsx", "csv", "parquet"])
@pytest.mark.parametrize("label", ["排序", "写文件"])
def test_a_cancelled_export_leaves_nothing(nasty: Made, tmp_path: Path, format: str, label: str) -> None:
    one = Export()

    def cancel(told: str, done: int, total: int) -> None:
        if told == label:
            one.cancel()

    with pytest.raises(Cancelled) as stopped:
        nasty.browser.export(one, view(columns=COLUMNS), format, tmp_path / "out", progress=cancel)
    assert stopped.value.code == "export_cancelled"
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("ledger")] == []


def test_an_export_is_cancelled_inside_a_long_statement(made: Made, tmp_path: Path) -> None:
    made.connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(3000)")
    made.add(make(1))
    one, asked = Export(), view()
    endless = exporting.Source(table="invoice i, numbers a, numbers b, numbers c")
    cursor = made.connection.cursor()
    timer = threading.Timer(0.3, one.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        one.run(cursor, asked, endless, "csv", tmp_path / "out.csv")
    timer.join()
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("ledger")] == []


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(
    nasty: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting.os, "fsync", full)
    with pytest.raises(Refused) as refused:
        export(nasty, tmp_path / "out.xlsx", "xlsx", SORT)
    assert refused.value.code == "export_unwritable"
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("ledger")] == []


def test_a_folder_that_may_not_be_written_is_told(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(exporting.tempfile, "TemporaryDirectory", denied)
    with pytest.raises(Refused) as refused:
        made.browser.export(Export(), view(), "csv", tmp_path / "out.csv")
    assert refused.value.code == "export_unwritable"


def test_a_name_that_no_file_can_have_is_told(made: Made, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        made.browser.export(Export(), view(), "csv", tmp_path / ("x" * 300))
    assert refused.value.code == "export_unwritable"


def test_a_file_that_came_meanwhile_is_not_written_over(nasty: Made, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"

    def meanwhile(label: str, done: int, total: int) -> None:
        if total and done == total:
            path.write_text("theirs")

    with pytest.raises(Refused) as refused:
        export(nasty, path, "csv", SORT, progress=meanwhile)
    assert (refused.value.code, path.read_text()) == ("export_exists", "theirs")
