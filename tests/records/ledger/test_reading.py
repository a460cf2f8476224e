"""Pages, totals, named queries, the analyst's own SQL, and copies."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.sandbox import run_sql

from .conftest import AT, DEVICE, make, void

OCTOBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))


def rows(file):
    return duckdb.connect().execute(f"SELECT * FROM '{file}'").fetchall()


@pytest.fixture
def snapshot(add, ledger, tmp_path):
    add(make(1), make(2), void(make(4)))
    ledger.copy_to(tmp_path / "copy.duckdb")
    return tmp_path / "copy.duckdb"


def test_pages_go_through_every_invoice_once_in_order(add, ledger):
    add(*(make(n) for n in range(1, 26)))
    seen, after = [], ""
    while True:
        page = ledger.page([OCTOBER], after, 10)
        seen += [row["number"] for row in page["rows"]]
        after = page["next"]
        if not after:
            break
    assert seen == [f"{n:08d}" for n in range(1, 26)]


def test_a_page_gives_amounts_as_text(add, ledger):
    add(make(1))
    (row,) = ledger.page([OCTOBER], "", 10)["rows"]
    assert (row["amount"], row["tax"], row["total"], row["issue_date"]) == ("100.00", "13.00", "113.00", "2026-10-02")


def test_totals_tell_open_cleared_digital_and_unknown_apart(add, ledger):
    digital = make(8, code="", number="26992000000000000001", invoice_type=InvoiceType.DIGITAL_ORDINARY)
    add(make(1), digital)
    add(make(9, code="1"), cards={"000000000001": (), "000000000002": ()})
    ledger.close_units(ledger.preview([OCTOBER]), run="r1", at=AT)
    add(make(2), void(make(3)))
    told = {(row["state"], row["count"], row["amount"]) for row in ledger.totals()}
    assert told == {
        ("cleared", 1, "100.00"),
        ("open", 2, "100.00"),
        ("fully_digital", 1, "100.00"),
        ("card_unknown", 1, "100.00"),
    }


def test_the_preview_query_gives_the_frozen_invoices_even_after_more_came_in(add, ledger, tmp_path):
    add(make(1))
    add(make(2))
    ledger.named("preview", {"keys": [OCTOBER.key], "watermarks": [1]}, tmp_path / "out.parquet")
    assert [row[3] for row in rows(tmp_path / "out.parquet")] == ["00000001"]


def test_number_gaps_are_named_between_their_neighbours(add, ledger, tmp_path):
    add(make(1), make(2), make(6))
    ledger.named("number_gaps", {}, tmp_path / "out.parquet")
    assert rows(tmp_path / "out.parquet") == [("004", "9900261130", "00000002", "00000006", 3)]


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("nothing", {}, "query_unknown"),
        ("preview", {}, "query_parameter"),
        ("totals", {"month": "2026-10-01"}, "query_parameter"),
        ("by_buyer", {"period": "十月"}, "query_parameter"),
    ],
)
def test_a_wrong_query_is_told_what_there_is(ledger, tmp_path, name, params, code):
    with pytest.raises(UsageError) as error:
        ledger.named(name, params, tmp_path / "out.parquet")
    assert error.value.code == code


def test_a_copy_holds_the_state_of_its_moment_while_the_ledger_goes_on(add, ledger, snapshot):
    add(make(7))
    copy = DuckLedger(snapshot, practice=True)
    assert (copy.census().all.count, ledger.census().all.count) == (3, 4)
    copy.close()


def test_own_sql_answers_with_exact_decimals(snapshot, tmp_path):
    run_sql(snapshot, "select sum(total) from open_invoice where status = 'normal';", tmp_path / "o.parquet", 10, 20)
    assert rows(tmp_path / "o.parquet") == [(Decimal("226.00"),)]


def test_own_sql_is_cut_at_its_limit(snapshot, tmp_path):
    run_sql(snapshot, "from invoice", tmp_path / "o.parquet", 2, 20)
    assert len(rows(tmp_path / "o.parquet")) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select 1) to '{folder}/out.csv' (format csv); --",
        "copy invoice to '{folder}/out.csv'",
        "attach '{folder}/out.db'",
        "insert into invoice select * from invoice",
        "delete from invoice",
        "set memory_limit = '90GB'",
        "install httpfs",
        "select 1; delete from invoice",
        "with gone as (delete from invoice returning *) select * from gone",
        "selct 1",
        "",
    ],
)
def test_own_sql_can_only_read_the_ledger(snapshot, tmp_path, sql):
    held = snapshot.read_bytes()
    with pytest.raises(UsageError) as error:
        run_sql(snapshot, sql.format(folder=tmp_path), tmp_path / "o.parquet", 10, 20)
    assert error.value.code == "sql_refused"
    assert not list(tmp_path.glob("out.*"))
    assert snapshot.read_bytes() == held


def test_own_sql_that_takes_too_long_is_stopped(snapshot, tmp_path):
    endless = "with recursive t as (select 1 a union all select a + 1 from t) select count(*) from t"
    with pytest.raises(UsageError) as error:
        run_sql(snapshot, endless, tmp_path / "o.parquet", 10, 1)
    assert error.value.code in ("sql_too_long", "sql_too_big")


def test_own_sql_that_takes_too_much_memory_is_stopped(snapshot, tmp_path):
    with pytest.raises(UsageError) as error:
        run_sql(snapshot, "select length(repeat('x', 3000000000))", tmp_path / "o.parquet", 10, 20)
    assert error.value.code in ("sql_too_big", "sql_too_long")
