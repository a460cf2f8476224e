"""One writer, readers beside it, simulated cards kept out of real books, copies, and queries by their other names."""

from __future__ import annotations

import subprocess
import sys
import threading

import duckdb
import pytest

from fapiao_kernel.domain.errors import FapiaoError, Refused, UsageError
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger import adding, sandbox
from fapiao_kernel.records.ledger.copying import by_database
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.named import parse
from fapiao_kernel.records.ledger.opening import _refusal
from fapiao_kernel.records.ledger.sandbox import run_sql

from .making import AT, DEVICE, ORDINARY, OTHER, SPECIAL, D, adder, invoice, mixed, ordinary, void


@pytest.fixture
def add(ledger):
    return adder(ledger)


@pytest.fixture
def production(tmp_path):
    opened = DuckLedger(tmp_path / "production.duckdb", practice=False)
    yield opened
    opened.close()


# --- simulated cards


def test_a_production_ledger_refuses_invoices_of_a_simulated_card_and_takes_nothing_of_that_file(production):
    production.mark_simulated([DEVICE])
    with pytest.raises(Refused) as caught:
        adder(production)(invoice(1, machine_number=OTHER), invoice(2))
    assert caught.value.code == "ledger_simulated"
    assert DEVICE in caught.value.sentence
    assert production.census().all.count == 0
    assert adder(production)(invoice(1, machine_number=OTHER)).new == 1


def test_a_simulated_card_is_found_by_the_homes_only_card_too(production):
    production.mark_simulated(["261"])
    with pytest.raises(Refused):
        adder(production)(invoice(1, machine_number=""), cards={"000000000261": ()})


def test_a_production_ledger_refuses_the_clear_of_a_simulated_card(production):
    adder(production)(invoice(1))
    previews = production.preview([SPECIAL])
    production.mark_simulated([DEVICE])
    with pytest.raises(Refused):
        production.close_units(previews, run="r1", at=AT)
    assert production.closed(SPECIAL) is None


def test_a_simulated_card_stays_known_after_a_restart(tmp_path):
    path = tmp_path / "l.duckdb"
    first = DuckLedger(path, practice=False)
    first.mark_simulated([DEVICE])
    first.mark_simulated([DEVICE])
    first.close()
    second = DuckLedger(path, practice=False)
    with pytest.raises(Refused):
        adder(second)(invoice(1))
    assert second._connection.execute("SELECT count(*) FROM simulated_card").fetchone() == (1,)
    second.close()


def test_a_practice_ledger_takes_simulated_cards(ledger, add):
    ledger.mark_simulated([DEVICE])
    assert add(invoice(1)).new == 1
    assert ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT) == 1


# --- beside each other


def test_readers_do_not_wait_for_an_import_and_see_none_of_it(ledger, add, monkeypatch):
    """The import stands still before its commit; every reading method answers meanwhile, with what was before."""
    add(invoice(1))
    inside, go_on = threading.Event(), threading.Event()
    remember = adding.remember_names

    def wait(*given):
        inside.set()
        assert go_on.wait(30)
        remember(*given)

    monkeypatch.setattr(adding, "remember_names", wait)
    writer = threading.Thread(target=lambda: add(invoice(2), ordinary(1)))
    writer.start()
    try:
        assert inside.wait(30)
        assert ledger.census().all == Tally(1, D("113.00"))
        assert [p.count for p in ledger.preview([SPECIAL, ORDINARY])] == [1, 0]
        assert len(ledger.page([SPECIAL], "", 10)["rows"]) == 1
        assert [row["count"] for row in ledger.totals()] == [1]
        assert (ledger.closed(SPECIAL), ledger.late(SPECIAL), ledger.card_unknown(SPECIAL.period)) == (None, 0, 0)
    finally:
        go_on.set()
        writer.join()
    assert ledger.census().all.count == 3


def test_imports_from_several_threads_wait_for_each_other(ledger):
    units = [ClearUnit(f"{place:012d}", SPECIAL.invoice_type, SPECIAL.period) for place in range(1, 5)]

    def bring(unit):
        for place in range(1, 6):
            adder(ledger)(invoice(place, code=f"99002611{unit.device_number[-2:]}", machine_number=unit.device_number))

    threads = [threading.Thread(target=bring, args=(unit,)) for unit in units]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p.count for p in ledger.preview(units)] == [5] * 4
    assert ledger.census().all.count == 20
    numbers = ledger._connection.execute("SELECT seq FROM import_file ORDER BY seq").fetchall()
    assert numbers == [(seq,) for seq in range(1, 21)]


# --- copies


def test_a_copy_is_taken_beside_an_open_reader(ledger, add, tmp_path):
    add(invoice(1))
    with ledger._connection.cursor() as reader:
        reader.execute("BEGIN TRANSACTION READ ONLY")
        reader.execute("SELECT * FROM invoice").fetchone()
        add(invoice(2))
        ledger.copy_to(tmp_path / "copy.duckdb")
    copy = duckdb.connect(str(tmp_path / "copy.duckdb"), read_only=True)
    assert copy.execute("SELECT count(*) FROM open_invoice").fetchone() == (2,)
    copy.close()


def test_a_copy_by_duckdb_itself_is_a_ledger_too(ledger, add, tmp_path):
    add(invoice(1), mixed(2))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    by_database(ledger._connection, tmp_path / "copy.duckdb")
    copy = DuckLedger(tmp_path / "copy.duckdb", practice=True)
    assert (copy.census(), copy.closed(SPECIAL), copy.totals()) == (ledger.census(), "r1", ledger.totals())
    copy.close()


def test_a_copy_that_cannot_be_written_is_told_and_leaves_nothing(ledger, tmp_path):
    with pytest.raises(FapiaoError) as caught:
        ledger.copy_to(tmp_path / "nowhere" / "copy.duckdb")
    assert caught.value.code == "ledger_copy_failed"
    assert not (tmp_path / "nowhere").exists()


# --- opening


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('IO Error: Could not set lock on file "x": Conflicting lock is held in y (PID 3)', "ledger_in_use"),
        (
            "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block",
            "ledger_damaged",
        ),
        (
            "IO Error: Trying to read a database file with version number 999, but we can only read versions between 64 and 68",
            "ledger_newer",
        ),
    ],
)
def test_what_duckdb_says_of_a_file_becomes_our_sentence(path, said, code):
    error = _refusal(path, said)
    assert (error.code, error.original) == (code, said)


def test_the_canonical_text_is_what_sha256sum_checks(ledger, add, tmp_path):
    from fapiao_kernel.records.ledger.digest import write_lines

    add(invoice(2), void(1), mixed(3, buyer_name="甲\n乙"))
    (preview,) = ledger.preview([SPECIAL])
    file = tmp_path / "unit.d1"
    write_lines(ledger._connection, SPECIAL.key, -1, preview.watermark, file)
    first, *rest = file.read_bytes().split(b"\n")
    assert first.startswith(
        b"9900261130\x1f00000001\x1f004\x1f2026-10-08\x1f100.00\x1f13.00\x1f113.00\x1f0.13\x1fvoid\x1ffalse"
    )
    assert (len(rest), rest[-1]) == (3, b"")
    code = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
    told = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True).stdout
    assert told.strip() == preview.digest


# --- queries


def test_totals_of_open_invoices_take_the_lines_of_mixed_ones(ledger, add, tmp_path):
    add(invoice(1), mixed(2))
    ledger.named("totals", {}, tmp_path / "a.parquet")
    rows = duckdb.sql(f"SELECT rate, count, amount FROM '{tmp_path / 'a.parquet'}'").fetchall()
    assert rows == [("0.13", 1, D("100.00")), ("0.09", 1, D("60.00")), ("0.06", 1, D("40.00"))]
    assert [(r["rate"], r["total"]) for r in ledger.totals()] == [
        ("0.13", "113.00"),
        ("0.09", "65.40"),
        ("0.06", "42.40"),
    ]


def test_a_named_query_cannot_write_whatever_its_file_says(ledger, add, tmp_path, monkeypatch):
    from fapiao_kernel.records.ledger import named

    add(invoice(1))
    evil = parse("evil", "-- zh: 坏\n-- en: bad\n, gone AS (DELETE FROM invoice RETURNING *) SELECT * FROM gone")
    monkeypatch.setattr(named, "find", lambda _: evil)
    with pytest.raises(duckdb.Error, match="read-only"):
        ledger.named("evil", {}, tmp_path / "a.parquet")
    assert ledger.census().all.count == len(ledger.page([SPECIAL], "", 10)["rows"]) == 1


def test_a_python_variable_is_never_a_table(ledger):
    rows_of_mine = [1]
    assert rows_of_mine
    with pytest.raises(duckdb.CatalogException):
        ledger._connection.sql("SELECT * FROM rows_of_mine")


def test_the_child_is_gone_when_its_time_is_up(ledger, add, tmp_path, monkeypatch):
    add(invoice(1))
    ledger.copy_to(tmp_path / "copy.duckdb")
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(sandbox.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    with pytest.raises(UsageError) as caught:
        run_sql(
            tmp_path / "copy.duckdb", "SELECT count(*) FROM range(100000000000) a, range(1000) b", tmp_path / "o", 1, 1
        )
    assert caught.value.code == "sql_too_long"
    assert started[0].poll() is not None


def test_a_child_that_breaks_is_not_called_too_big(tmp_path, monkeypatch):
    popen = subprocess.Popen
    monkeypatch.setattr(
        sandbox.subprocess, "Popen", lambda cmd, **k: popen([cmd[0], "-c", "raise SystemExit('broken')"], **k)
    )
    with pytest.raises(FapiaoError) as caught:
        run_sql(tmp_path / "x", "SELECT 1", tmp_path / "o", 1, 20)
    assert (caught.value.code, caught.value.original) == ("sql_failed", "broken")
