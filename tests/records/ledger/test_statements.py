"""What cards and returns said stays as it was said; the newest counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from fapiao_kernel.domain.card import MonthStatistics, Source
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports.statements import Figure, FiledReturn, Told
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .making import AT, DEVICE, OCTOBER, D

TOLD = MonthStatistics(InvoiceType.SPECIAL, OCTOBER, 5, 1, 2, 0, D("500.00"), D("65.00"), D("-40.00"), D("-5.20"))
RETURN = FiledReturn(
    "91999999000000107U",
    OCTOBER,
    (Figure("", "0.13", D("460.00"), D("59.80"), D("519.80")), Figure("device", "", None, None, D("519.80"))),
    Told.STATED,
    AT,
    date(2026, 11, 4),
    "会计口述",
)


def keep(ledger, one=TOLD, at=AT) -> int:
    return ledger.statements.keep_statistics(DEVICE, [one], source=Source.READ, at=at)


def rows(ledger, table) -> int:
    return ledger._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_statistics_come_back_as_the_card_told_them(ledger):
    assert keep(ledger) == 1
    (told,) = ledger.statements.statistics(DEVICE, OCTOBER)
    assert (told.statistics, told.source, told.read_at, told.device_number) == (TOLD, Source.READ, AT, DEVICE)
    assert ledger.statements.statistics(DEVICE, OCTOBER.next()) == ()


def test_the_newest_telling_counts_and_the_older_stays(ledger):
    keep(ledger)
    keep(ledger, replace(TOLD, positive=6), AT + timedelta(minutes=1))
    keep(ledger, TOLD, AT + timedelta(minutes=2))
    assert ledger.statements.statistics(DEVICE, OCTOBER)[0].read_at == AT + timedelta(minutes=2)
    assert rows(ledger, "card_statistics") == 3


def test_the_same_told_again_that_day_writes_no_row_and_the_next_day_does(ledger):
    assert [keep(ledger, at=AT + timedelta(hours=h)) for h in (0, 1, 24)] == [1, 0, 1]
    assert rows(ledger, "card_statistics") == 2


def test_a_return_comes_back_with_all_its_figures_and_where_they_come_from(ledger):
    ledger.statements.keep_return(RETURN)
    assert ledger.statements.filed(RETURN.taxpayer_id, OCTOBER) == (RETURN,)
    assert ledger.statements.filed("another", OCTOBER) == ()


def test_a_return_stated_anew_replaces_the_older_whole_and_deletes_nothing(ledger):
    ledger.statements.keep_return(RETURN)
    corrected = replace(RETURN, figures=RETURN.figures[:1], at=AT + timedelta(days=1), filed_on=None)
    ledger.statements.keep_return(corrected)
    assert ledger.statements.filed(RETURN.taxpayer_id, OCTOBER) == (corrected,)
    assert rows(ledger, "filed_return") == 3


def test_what_the_tax_side_tells_stands_beside_what_a_person_told(ledger):
    read = replace(RETURN, source=Told.READ, figures=RETURN.figures[1:], filed_on=None, note="")
    for told in (read, RETURN, read):
        ledger.statements.keep_return(told)
    assert set(ledger.statements.filed(RETURN.taxpayer_id, OCTOBER)) == {RETURN, read}


def test_statements_outlive_the_program(ledger, path):
    keep(ledger)
    ledger.statements.keep_return(RETURN)
    ledger.close()
    again = DuckLedger(path, practice=True)
    assert again.statements.filed(RETURN.taxpayer_id, OCTOBER) == (RETURN,)
    assert again.statements.statistics(DEVICE, OCTOBER)[0].statistics == TOLD
    again.close()


def test_a_telling_that_the_disk_does_not_take_is_nowhere(ledger, monkeypatch):
    class Full:
        def __init__(self, real):
            self.real = real

        def __getattr__(self, name):
            return getattr(self.real, name)

        def execute(self, sql, *given):
            if sql == "COMMIT":
                self.real.execute("ROLLBACK")
                raise duckdb.IOException("No space left on device")
            return self.real.execute(sql, *given)

    monkeypatch.setattr(ledger.statements, "_writer", Full(ledger.statements._writer))
    with pytest.raises(Refused) as refused:
        ledger.statements.keep_return(RETURN)
    assert refused.value.code == "ledger_unwritable"
    assert rows(ledger, "filed_return") == 0
    monkeypatch.undo()
    assert keep(ledger) == 1, "and the next one is taken"
