"""The record as a workbook: exact to the last fen, codes as text, nothing that runs, the same bytes for the same facts."""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from fapiao_kernel.records.journal import chain
from fapiao_kernel.records.proof import xlsx_record
from fapiao_kernel.records.proof.sheets import Amount, Sheet

SHEETS = ["清卡记录", "单元", "预览", "差异", "核验", "操作日志"]


def book(story, **changed) -> CalamineWorkbook:
    return CalamineWorkbook.from_path(str(story.record(**changed).sheet))


def rows(story, name: str, **changed) -> list[list[object]]:
    return book(story, **changed).get_sheet_by_name(name).to_python()


def raw(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/worksheets/sheet"))


def one_cell(cell) -> str:
    """The XML of a sheet that holds this cell under its head, through the module's own writer."""
    out = io.BytesIO()
    import xlsxwriter

    with xlsxwriter.Workbook(out, xlsx_record._OPTIONS) as made:
        looks = {name: made.add_format() for name in ("band", "head", "text", "count", "amount")}
        xlsx_record._put(made.add_worksheet("x"), Sheet("x", ("h",), ((cell,),)), looks, "")
    return raw(out.getvalue())


def test_each_subject_has_its_sheet(story):
    assert book(story).sheet_names == SHEETS


def test_the_answer_stands_first_and_a_practice_card_is_marked_on_every_sheet(story):
    sheet = rows(story, "清卡记录")
    assert str(sheet[0][0]).startswith("模拟设备 · 练习用")
    assert sheet[2][:2] == ["结论", "已清卡：专票 2026-10、普票 2026-10"]
    for name in SHEETS:
        assert "模拟设备" in str(rows(story, name)[0][0])
        assert "模拟设备" not in str(rows(story, name, simulated=False)[0][0])


def test_amounts_read_back_as_what_the_facts_say(story):
    sheet = rows(story, "预览")
    sums = [row for row in sheet if row[3] == "小计"]
    for row, unit in zip(sums, story.facts["preview"]["units"], strict=True):
        assert [Decimal(str(x)) for x in row[7:10]] == [Decimal(unit[k]) for k in ("amount", "tax", "total")]
        assert row[:3] == [unit["invoice_type"], "专票" if unit["invoice_type"] == "004" else "普票", "2026-10"]
        assert row[4:7] == [unit["count"], unit["voids"], unit["reds"]]


@settings(max_examples=200, deadline=None)
@given(fen=st.integers(-(10**15) + 1, 10**15 - 1))
def test_every_amount_that_a_cell_can_hold_is_written_digit_for_digit(fen):
    amount = Decimal(fen).scaleb(-2)
    found = re.search(r"<v>([^<]*)</v></c></row></sheetData>", one_cell(Amount(str(amount))))
    assert found is not None
    assert Decimal(found[1]) == amount
    assert float(found[1]) == float(amount)


@pytest.mark.parametrize("text", ["12345678901234567.89", "-9999999999999999.99"])
def test_an_amount_with_more_digits_than_a_cell_holds_stays_text(story, text):
    statistics = [{**story.facts["statistics"][0], "card_total": text}]
    assert text in rows(story, "差异", statistics=statistics)[2]


def test_differences_are_reckoned_exactly(story):
    line = {**story.facts["statistics"][0], "card_total": "0.30", "ledger_total": "0.10", "card_count": 3}
    row = rows(story, "差异", statistics=[{**line, "ledger_count": 5, "agrees": False}])[2]
    assert row[3:] == [3, 5, -2, 0.3, 0.1, 0.2, "不一致", "", "", ""]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "http://x.cn", "{=1}", "\t=1", "mailto:a@b"])
def test_no_name_becomes_a_formula_or_a_link(story, name):
    files = story.record(taxpayer_name=name, opened_by=name)
    content = files.sheet.read_bytes()
    assert "<f>" not in raw(content) and "<hyperlink" not in raw(content)
    cells = [
        cell for row in CalamineWorkbook.from_path(str(files.sheet)).get_sheet_by_index(0).to_python() for cell in row
    ]
    assert name in cells or name.strip() in cells


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40))
def test_any_name_makes_a_workbook_that_opens(story, name):
    content = xlsx_record.render({**story.facts, "taxpayer_name": chain.writable(name)}, [], "", "")
    assert len(CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names) == len(SHEETS)


def test_codes_and_numbers_of_devices_stay_text(story):
    sheet = {str(row[0]): row[1] for row in rows(story, "清卡记录")}
    assert sheet["机器编号"] == "661234567890"
    assert sheet["卡号"] == "9999000012345678"


def test_the_runs_journal_is_there_record_by_record_with_its_hash(story):
    own = story.journal.records(run=story.facts["run"])
    sheet = rows(story, "操作日志")[2:]
    assert [(row[0], row[3], row[6]) for row in sheet] == [(r.seq, r.kind, r.hash) for r in own]
    assert not [cell for row in sheet for cell in row if "别家公司" in str(cell)]


def test_a_text_longer_than_a_cell_is_cut_with_a_mark(story):
    check = {"name": "x", "title": "长", "finding": {"severity": "ok", "message": "长" * 40_000}}
    said = str(rows(story, "核验", verification=[check])[2][2])
    assert len(said) == 32_767 and said.endswith("…")


def test_what_a_workbook_shows_is_in_english_by_one_setting(story, monkeypatch):
    monkeypatch.setenv("FAPIAO_LANG", "en")
    assert book(story).sheet_names[:2] == ["Record of a clear", "Units"]


def test_the_sheet_names_nothing_of_the_machine_that_wrote_it(story):
    with zipfile.ZipFile(story.record().sheet) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        assert "2026-11-05T09:05:57Z" in unescape(archive.read("docProps/core.xml").decode())


@pytest.mark.parametrize("verdict", ["partial", "already_cleared", "refused", "unknown", "open"])
def test_the_workbook_answers_as_the_page_does(story, verdict):
    outcome = {"already_cleared": "already_cleared", "refused": "refused", "unknown": "unknown"}.get(
        verdict, "not_sent"
    )
    units = [{**unit, "outcome": outcome} for unit in story.facts["units"]]
    files = story.record(verdict=verdict, units=units)
    answer = str(CalamineWorkbook.from_path(str(files.sheet)).get_sheet_by_index(0).to_python()[2][1])
    assert answer and answer in files.record.read_text("utf-8")
