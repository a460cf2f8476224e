"""Tables: the careful road reads some rows as it reads all of them, and nothing temporary stays."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports.intake import NotApart
from fapiao_kernel.records.intake import table_text
from fapiao_kernel.records.intake.full_export_xlsx import IMPORTER as XLSX
from fapiao_kernel.simulator.full_export import write
from fapiao_kernel.simulator.sample_month import sample_month

from .conftest import book, digital, line, row
from .tables import blank, goods, head, sheets_of, written


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder of its own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


ODD = st.fixed_dictionaries(
    {},
    optional={
        "发票代码": st.sampled_from(["099002600104", "99002600104", "9900261130", "", "x"]),
        "发票号码": st.sampled_from(["50000001", "50000002", "12", "", "2.4E+19", '="50000003"', "合计"]),
        "开票日期": st.sampled_from(["2026-10-08", "2026/10/9", "", "昨天", "20261010"]),
        "合计金额": st.sampled_from(["100.10", "-3", "1,000.00", "", "x", "0.005"]),
        "合计税额": st.sampled_from(["13.01", "***", "免税", ""]),
        "作废标志": st.sampled_from(["是", "否", "", "挂起"]),
        "购方名称": st.sampled_from(['引"号', "换\n行", "", "，、；", "名称", "合计"]),
    },
)
NOT = {"发票代码": "", "发票号码": "", "开票日期": ""}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ODD, min_size=1, max_size=12), st.sampled_from([",", "\t", ";", "|"]), st.data())
def test_some_rows_read_with_care_are_what_they_are_in_the_whole_file(tmp_path, monkeypatch, changes, delimiter, data):
    path = tmp_path / "a.csv"
    text = written([head(), *(head(**change) for change in changes)], delimiter=delimiter)
    path.write_text(text, encoding="utf-8", newline="")
    sheets = sheets_of(path)
    invoices, findings = sheets.everything()
    numbers = range(2, len(changes) + 3)
    assert sheets.careful(numbers, ()) == (invoices, findings)
    some = data.draw(st.sets(st.sampled_from(numbers)))
    one, other = sheets.careful(some, ()), sheets.careful(set(numbers) - some, ())
    assert sorted([*one[0], *other[0]], key=lambda i: i.row) == invoices
    if len({f.row for f in findings}) == len(findings):  # the same number twice is told once, in one reading
        assert {f.row for f in findings} <= {f.row for f in (*one[1], *other[1])}
    sheets.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["50000001", "50000002", 3, "", 2.4e19]), st.sampled_from([1.5, "x", "", "2"])),
        max_size=8,
    )
)
def test_both_sheets_of_a_workbook_read_by_their_numbers_are_the_whole(tmp_path, monkeypatch, cells):
    rows = [{"发票号码": number, "金额": amount} for number, amount in cells]
    path = book(
        tmp_path / "a.xlsx",
        信息汇总表=[line(), *(line(**c) for c in rows)],
        发票基础信息=[row(), *(row(**c) for c in rows)],
    )
    sheets = sheets_of(path, XLSX)
    numbers = range(2, len(rows) + 3)
    assert sheets.careful(numbers, numbers) == sheets.everything()
    sheets.close()


@pytest.mark.parametrize("sheet", ["发票基础信息", "信息汇总表"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
def test_a_csv_and_a_workbook_of_the_same_month_give_the_same_invoices(tmp_path, monkeypatch, sheet, encoding):
    write(tmp_path / "a.xlsx", sample_month(300).exported)
    cells = CalamineWorkbook.from_path(tmp_path / "a.xlsx").get_sheet_by_name(sheet).to_python()
    only = book(tmp_path / "b.xlsx", **{sheet: [dict(zip(cells[0], each, strict=True)) for each in cells[1:]]})
    with (tmp_path / "b.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([f"{c:.2f}" if isinstance(c, float) else c for c in each] for each in cells)
    workbook, text = sheets_of(only, XLSX), sheets_of(tmp_path / "b.csv")
    assert [_bare(i) for i in text.everything()[0]] == [_bare(i) for i in workbook.everything()[0]]
    assert (text.everything()[1], workbook.everything()[1]) == ([], [])
    workbook.close()
    text.close()


def _bare(invoice):
    """Without what a number cell writes in fewer digits."""
    return replace(invoice, lines=tuple(replace(each, quantity="", price="") for each in invoice.lines))


@pytest.mark.parametrize("inside", ["", '"', "\n"])
def test_rows_far_down_are_found_by_counting(put, monkeypatch, inside):
    monkeypatch.setattr(table_text, "_PIECE", 500)
    rows = [head(发票号码=str(50000001 + at), 购方名称=f"甲{inside if at == 25 else ''}乙") for at in range(60)]
    sheets = sheets_of(put(written(rows), "a.csv"))
    invoices, _ = sheets.careful([2, 30, 61], ())
    assert [(i.row, i.number) for i in invoices] == [(2, "50000001"), (30, "50000029"), (61, "50000060")]


def test_numbers_that_the_table_does_not_have_are_passed_over(put, monkeypatch):
    sheets = sheets_of(put(written([head()]), "a.csv"))
    assert sheets.careful([1, 2, 99], [5])[0] == sheets.everything()[0]


def test_a_line_that_goes_on_far_down_needs_the_whole_file(put, monkeypatch):
    monkeypatch.setattr("fapiao_kernel.records.intake.csv_form.SAMPLE", 1000)
    rows = [goods(发票号码=str(50000001 + at)) for at in range(30)]
    sheets = sheets_of(put(written([*rows, blank()]), "a.csv"))
    with pytest.raises(NotApart):
        sheets.careful((), [32])
    invoices, findings = sheets.everything()
    assert (len(invoices[-1].lines), findings) == (2, [])


def test_lines_that_go_on_have_their_numbers_in_the_table_when_the_beginning_shows_them(put, monkeypatch):
    sheets = sheets_of(put(written([goods(), blank(), goods(发票号码="50000002")]), "a.csv"))
    invoices, _ = sheets.careful((), [2, 3])
    assert (sheets.lines.numbered, [len(i.lines) for i in invoices]) == (True, [2])
    sheets.close()


def test_a_workbook_of_issuing_software_is_read_by_its_headers(tmp_path, monkeypatch):
    second = {"发票号码": "50000002"}
    path = book(
        tmp_path / "a.xlsx",
        说明=[{"甲": 1}],
        明细=[goods(), blank(), goods(**second)],
        发票=[head(), head(**second)],
    )
    sheets = sheets_of(path, XLSX)
    invoices, findings = sheets.everything()
    assert (sheets.heads.name, sheets.lines.name) == ("发票", "明细")
    assert [len(i.lines) for i in invoices] == [2, 1]
    assert findings == []  # that lines differ, the ledger tells
    sheets.close()


def test_a_second_sheet_of_the_same_sort_is_told(tmp_path, read):
    reading = read(book(tmp_path / "a.xlsx", 十月=[head()], 十一月=[head(发票号码="50000002")]))
    assert ([i.number for i in reading.invoices], [f.code for f in reading.findings]) == (
        ["50000001"],
        ["intake_sheet_left"],
    )


def test_number_cells_of_a_name_are_text_as_the_spreadsheet_shows_it(tmp_path, monkeypatch):
    sheets = sheets_of(book(tmp_path / "a.xlsx", 发票基础信息=[row(购方识别号=110000600037341, 购买方名称=7)]), XLSX)
    text = sheets.heads.file.read_text(encoding="utf-8")
    assert ',"110000600037341","7",' in text
    sheets.close()


def test_rows_of_sums_and_blank_rows_are_not_in_a_workbooks_table(tmp_path, monkeypatch):
    nothing = dict.fromkeys(row(), "")
    rows = [row(), nothing, row(发票号码="50000002"), nothing | {"销方名称": "合计", "金额": 200.2}]
    sheets = sheets_of(book(tmp_path / "a.xlsx", 发票基础信息=rows), XLSX)
    invoices, findings = sheets.everything()
    assert (sheets.heads.rows, [i.row for i in invoices], findings) == (2, [2, 4], [])
    sheets.close()


def test_the_type_goes_by_its_name_and_by_the_code_only_without_such_a_column(put, monkeypatch):
    with_column = sheets_of(put(written([row()]), "a.csv"))
    without = sheets_of(put(written([head()]), "b.csv"))
    assert with_column.kind("", "", "099002600104") is None
    assert with_column.kind("专票", "", "099002600104") is InvoiceType.SPECIAL
    assert without.kind("", "", "099002600104") is InvoiceType.ORDINARY
    assert (without.rate("13%"), without.void("是"), without.void("挂起"), without.uploaded("未上传")) == (
        "0.13",
        True,
        None,
        False,
    )


FILES = {
    "workbook": lambda folder: (book(folder / "a.xlsx", 信息汇总表=[line()] * 3, 发票基础信息=[row()] * 3), XLSX),
    "gbk": lambda folder: (_csv(folder, written([head()] * 3), "gbk"), None),
    "mended": lambda folder: (_csv(folder, written([head(合计金额="1,000.00")] * 3), "utf-8"), None),
}


def _csv(folder: Path, text: str, encoding: str) -> Path:
    (folder / "a.csv").write_bytes(text.encode(encoding))
    return folder / "a.csv"


@pytest.mark.parametrize("sort", FILES)
def test_closing_takes_the_temporary_files_away(tmp_path, monkeypatch, temporary, sort):
    path, using = FILES[sort](tmp_path)
    sheets = sheets_of(path, **({"using": using} if using else {}))
    assert list(temporary.iterdir())
    sheets.close()
    assert not list(temporary.iterdir())
    assert path.exists()


class Cancelled(BaseException):
    pass


@pytest.mark.parametrize(("sort", "at"), [*((sort, 1) for sort in FILES), ("workbook", 2)])
def test_what_progress_raises_ends_it_and_leaves_no_temporary_file(tmp_path, monkeypatch, temporary, sort, at):
    path, using = FILES[sort](tmp_path)
    told = []

    def progress(label, done, total):
        told.append((label, done))
        if len(told) == at:
            raise Cancelled

    with pytest.raises(Cancelled):
        sheets_of(path, progress=progress, **({"using": using} if using else {}))
    assert not list(temporary.iterdir())


def test_progress_counts_the_rows(put, read, intake, monkeypatch, tmp_path):
    monkeypatch.setattr("fapiao_kernel.records.intake.sheets.TICK", 10)
    told = []
    path = put(written([head(发票号码=str(50000001 + at)) for at in range(25)]), "a.csv")
    intake.read("a.csv", path, lambda *args: told.append(args))
    assert [each for each in told if each[0] != "读取文件"] == [("CSV", 10, 0), ("CSV", 20, 0)]


def test_a_table_that_only_sums_is_no_invoice(tmp_path, read):
    assert [f.code for f in read(book(tmp_path / "a.xlsx", 发票=[head(**NOT, 购方名称="合计")])).findings] == [
        "intake_no_invoice"
    ]


def test_a_digital_invoice_keeps_its_twenty_digits(put, read):
    (invoice,) = read(put(written([digital()]), "a.csv")).invoices
    assert (invoice.key, invoice.fully_digital) == (("", "26112000000000000001"), True)


def test_a_csv_may_be_larger_than_other_files(put, intake, monkeypatch):
    monkeypatch.setattr("fapiao_kernel.records.intake.keeping.FILE_SIZE", 10)
    monkeypatch.setattr("fapiao_kernel.records.intake.keeping.TABLE_SIZE", 300)
    assert len(intake.read("a", put(written([head()]))).invoices) == 0
    monkeypatch.setattr("fapiao_kernel.records.intake.keeping.TABLE_SIZE", 3000)
    assert len(intake.read("a", put(written([head()]))).invoices) == 1
