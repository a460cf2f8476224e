"""Two roads for tables: what is plain goes in at once, the rest with care; together they give what care alone gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports import Reading
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.taking import sheets as taking_sheets
from fapiao_kernel.records.ledger.taking import table as taking_table

from .making import AT, DEVICE, OTHER, SPECIAL, D, invoice
from .tables import careful, contents, fast, reading, row, sheets, told

CARDS = {
    "none": {},
    "one": {DEVICE: ()},
    "two": {DEVICE: (), OTHER: (Volume(InvoiceType.SPECIAL, "9900261130", "00000003", "00000005"),)},
}
FREE = {
    "number": ["00000001", "00000002", "00000003", "1", "'00000002", " 00000003", "0000000４", "x", "1234567", ""],
    "code": ["9900261130", "099002600104", "12345", "", "990026113０"],
    "digital_number": ["", "26992000000000000001", "2699200000000000000"],
    "issued": [
        "2026-10-08 10:00:00",
        "2026-11-30 00:00:00",
        "2026/10/08",
        "2026-02-30 10:00:00",
        "2019-01-01 00:00:00",
        "",
    ],
    "kind": ["增值税专用发票", "增值税普通发票", "数电发票（专用发票）", "怪", " 增值税专用发票", ""],
    "source": ["增值税发票管理系统", "电子发票服务平台", ""],
    "status": ["正常", "作废", "已红冲", "怪", ""],
    "positive": ["是", "否", "", "?"],
    "uploaded": ["", "已上传", "未上传", "怪"],
    "remark": [
        "",
        "合同 1",
        " 合同",
        "第一行\n第二行",
        "***",
        "对应正数发票代码:9900261130号码:00000001",
        "号码12345678",
        "=a",
        "1.0",
        "'q\"x",
    ],
    "seller_id": ["91999999000000107U", "91999999000000107A", "", " 91999999000000107U"],
    "buyer_name": ["示例餐饮（武汉）", "甲\u3000", "甲\t乙", "", "\ufffd", '"甲",乙'],
    "machine_number": [DEVICE, "261", "", "abc", "1234567890123"],
    "amount": ["100.00", "100", "-100.00", "1.999", "1e2", "1,000.00", "x", "", "60.00", "40.00"],
    "tax": ["13.00", "", "***", "免税", "-13.00", "x", "7.80", "5.20"],
    "total": ["113.00", "113", "-113.00", "100.00", "", "x", "67.80", "45.20"],
    "rate": ["13%", "0.13", "免税", "0.17", "", "怪", "***"],
    "item": ["*蔬菜*示例", " a", ""],
}
MASKED = {"tax": "***", "total": "100.00", "rate": "免税"}


@st.composite
def cells(draw: st.DrawFn) -> dict[str, str]:
    changed = draw(st.lists(st.sampled_from(sorted(FREE)), max_size=2))
    changes = {field: draw(st.sampled_from(FREE[field])) for field in changed}
    return row(draw(st.integers(1, 6)), **(MASKED if draw(st.integers(0, 9)) == 0 else {}) | changes)


FILES = st.tuples(
    st.one_of(st.none(), st.lists(cells(), min_size=1, max_size=8)),
    st.one_of(st.none(), st.lists(cells(), min_size=1, max_size=8)),
).filter(lambda pair: any(pair))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=st.lists(FILES, min_size=1, max_size=2), numbered=st.booleans(), cards=st.sampled_from(sorted(CARDS)))
def test_both_roads_together_give_what_the_careful_one_gives_alone(files, numbered, cards):
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for road in (fast, careful):
            ledger = DuckLedger(Path(folder) / road.__name__ / "ledger.duckdb", practice=True)
            said = [
                told(road(ledger, sheets(Path(folder) / f"{place}", *file, numbered=numbered), cards=CARDS[cards]))
                for place, file in enumerate(files)
            ]
            results.append((said, contents(ledger)))
            ledger.close()
    assert results[0] == results[1]


@pytest.fixture
def apart(monkeypatch):
    """How many rows the careful road was given, by file."""
    given: list[int] = []
    real = taking_table.read_apart

    def read_apart(of, *rest):
        class Counting:
            def careful(self, heads, lines):
                given.append(len(heads) + len(lines))
                return of.careful(heads, lines)

        return real(Counting(), *rest)

    monkeypatch.setattr(taking_sheets, "read_apart", read_apart)
    return given


@pytest.mark.parametrize("numbered", [True, False], ids=["workbook", "CSV"])
def test_plain_rows_never_see_the_careful_road(tmp_path, ledger, apart, numbered):
    plain = [row(n) for n in range(1, 50)]
    assert fast(ledger, sheets(tmp_path / "heads", plain, numbered=numbered)).new == 49
    other = [row(n, code="9900261131") for n in range(1, 50)]
    assert fast(ledger, sheets(tmp_path / "both", other, other, numbered=numbered)).new == 49
    more = [row(n, code="9900261132", **MASKED) for n in range(1, 50)]
    assert fast(ledger, sheets(tmp_path / "lines", None, more, numbered=numbered)).new == 49
    assert apart == []


def test_only_odd_rows_and_their_invoices_go_the_careful_road(tmp_path, ledger, apart):
    rows = [row(n) for n in range(1, 50)]
    rows += [row(60, amount="x"), row(3, remark=" 空"), row(61, buyer_name="甲\u3000"), row(62, machine_number="abc")]
    added = fast(ledger, sheets(tmp_path, rows))
    assert (added.new, added.known, added.bad) == (51, 0, 1)
    assert set(apart) == {5}  # the four, and row 3's first telling


def test_a_file_that_is_odd_throughout_is_read_whole(tmp_path, ledger, apart, monkeypatch):
    monkeypatch.setattr(taking_table, "FEW", 3)
    added = fast(ledger, sheets(tmp_path, [row(n, amount="1,000.00", total="1,013.00") for n in range(1, 20)]))
    assert (added.new, apart) == (19, [])


def test_a_line_break_in_a_cell_does_not_move_the_rows_that_findings_name(tmp_path, ledger):
    rows = [row(1, buyer_name="甲\n乙"), row(2), row(3, amount="x"), row(4), row(5, amount="2.00")]
    ledger_first = fast(ledger, sheets(tmp_path / "a", [row(5)]))
    assert ledger_first.new == 1
    found = {(f.code, f.row) for f in fast(ledger, sheets(tmp_path / "b", rows)).findings if f.row}
    assert (
        ("intake_amount_bad", 4) in found
        and ("intake_total_differs", 6) in found
        and ("ledger_invoice_differs", 6) in found
    )


def test_a_month_in_disorder_is_put_in_order(tmp_path, ledger):
    days = ["2026-10-08 10:00:00", "2026-09-08 10:00:00"]
    fast(ledger, sheets(tmp_path, [row(n, issued=days[n % 2]) for n in range(4000, 0, -1)]))
    stored = ledger._connection.execute("SELECT period, code, number FROM invoice ORDER BY rowid").fetchall()
    assert stored == sorted(stored) and len(stored) == 4000


def test_the_list_of_what_came_in_follows_the_file(tmp_path, ledger):
    added = fast(ledger, sheets(tmp_path, [row(3), row(2, remark=" 空"), row(1)]))
    assert [one.number for one in added.listed] == ["00000003", "00000002", "00000001"]


def test_an_invoice_that_stands_twice_in_a_table_is_one(tmp_path, ledger):
    rows = [row(1), row(2), row(1), row(2, remark=" 空")]
    for state in ("new", "known"):
        added = fast(ledger, sheets(tmp_path / state, rows))
        assert (getattr(added, state), added.count) == (2, 2)
        assert [each.number for each in added.listed] == ["00000001", "00000002"]


def test_the_very_same_file_again_is_answered_without_reading_it(tmp_path, ledger, monkeypatch):
    rows = [row(n) for n in range(1, 30)]
    first = fast(ledger, sheets(tmp_path / "a", rows))
    before = contents(ledger)
    with monkeypatch.context() as patch:
        patch.setattr(taking_sheets.Taking, "bring", None)
        again = fast(ledger, sheets(tmp_path / "b", rows))
    assert (again.new, again.known, again.findings, again.listed) == (0, 29, (), first.listed)
    after = contents(ledger)
    assert [name for name in after if after[name] != before[name]] == ["import_file"]


def test_a_file_of_which_something_was_told_is_read_again(tmp_path, ledger):
    rows = [row(1), row(2, amount="x")]
    assert fast(ledger, sheets(tmp_path / "a", rows)).bad == 1
    again = fast(ledger, sheets(tmp_path / "b", rows))
    assert (again.new, again.known, again.bad) == (0, 1, 1)


def test_a_text_that_sql_gives_up_on_is_read_whole_in_a_new_transaction(tmp_path, ledger, monkeypatch):
    real = taking_sheets.watching.run

    def run(connection, sql, *rest):
        return real(connection, "SELECT 'x'::INTEGER" if "read_csv" in sql else sql, *rest)

    monkeypatch.setattr(taking_sheets.watching, "run", run)
    first = Reading("一.ofd", "0" * 64, "ofd", (invoice(9),), ())
    added = ledger.take([first, reading(sheets(tmp_path, [row(1), row(2)]))], at=AT, cards={})
    assert [(one.seq, one.new) for one in added] == [(1, 1), (2, 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_line_ends_are_known_and_a_quoted_one_is_neither(tmp_path, ledger, end):
    of = sheets(tmp_path, [row(1, uploaded="已上传", rate="第一\n行"), row(2), row(3)])
    file = of.heads.file
    file.write_bytes(file.read_bytes().replace(b"\r\n", end.encode()))
    added = fast(ledger, of)
    assert (added.new, added.bad) == (3, 0)
    rates = ledger._connection.execute("SELECT rate FROM invoice ORDER BY number").fetchall()
    assert rates[1:] == [("0.13",), ("0.13",)]


def test_a_production_ledger_takes_no_table_of_a_simulated_card(tmp_path):
    ledger = DuckLedger(tmp_path / "ledger.duckdb", practice=False)
    ledger.mark_simulated([DEVICE])
    before = contents(ledger)
    with pytest.raises(Refused) as refused:
        fast(ledger, sheets(tmp_path / "a", [row(1), row(2, machine_number=OTHER)]))
    assert (refused.value.code, contents(ledger)) == ("ledger_simulated", before)
    ledger.close()


def test_totals_by_rate_are_those_of_the_invoices(tmp_path, ledger):
    lines = [
        row(1, amount="60.00", tax="7.80", total="67.80"),
        row(1, amount="40.00", tax="2.40", total="42.40", rate="6%"),
    ]
    fast(ledger, sheets(tmp_path / "a", None, [*lines, row(2), row(3, status="作废")], numbered=True))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    fast(ledger, sheets(tmp_path / "b", [row(4), row(5, rate="6%")]))
    fast(ledger, sheets(tmp_path / "c", [row(5, rate="6%", status="作废")]))
    assert sorted(ledger._units.rate_totals()) == [
        (SPECIAL.key, False, "0.06", 1, D("0.00"), D("0.00"), D("0.00")),
        (SPECIAL.key, False, "0.13", 1, D("100.00"), D("13.00"), D("113.00")),
        (SPECIAL.key, True, "0.06", 1, D("40.00"), D("2.40"), D("42.40")),
        (SPECIAL.key, True, "0.13", 3, D("160.00"), D("20.80"), D("180.80")),
    ]
