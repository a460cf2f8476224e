"""Bringing invoices in: identity, whose card, sums, and what is said about it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import InvoiceStatus, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.differing import NAMED
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.names import clean, normalised

from .making import (
    AT,
    DEVICE,
    OCTOBER,
    ORDINARY,
    OTHER,
    SPECIAL,
    D,
    adder,
    codes,
    digital,
    invoice,
    mixed,
    ordinary,
    red,
    void,
)


@pytest.fixture
def add(ledger):
    return adder(ledger)


def test_an_import_is_counted_with_its_sums_and_voids_are_nought_in_them(ledger, add):
    added = add(invoice(1), void(2), red(3), ordinary(1), digital(1), digital(2))
    assert (added.seq, added.new, added.known, added.findings) == (1, 6, 0, ())
    census = ledger.census()
    assert census.open == census.all == Tally(4, D("180.80"))
    assert census.cleared == census.card_unknown == Tally(0, D("0.00"))
    assert census.fully_digital == Tally(2, D("226.00"))


def test_the_same_invoice_again_is_known_and_not_new(ledger, add):
    add(invoice(1), digital(1))
    again = add(invoice(1), digital(1), invoice(2))
    assert (again.new, again.known, again.findings) == (1, 2, ())
    assert ledger.census().all.count == 2


def test_the_same_number_under_another_code_is_another_invoice(add):
    assert add(invoice(1), invoice(1, code="9900262130")).new == 2


def test_a_known_invoice_with_other_values_is_told_with_both_and_not_taken(ledger, add):
    add(invoice(1))
    (told,) = add(invoice(1, "120.00", "15.60", status=InvoiceStatus.VOID, row=7)).findings
    assert (told.code, told.row) == ("ledger_invoice_differs", 7)
    assert all(part in told.message for part in ("9900261130 00000001", "100.00 / 120.00", "正常 / 作废"))
    assert "开票日期" not in told.message
    assert ledger.census().all.total == D("113.00")


def test_an_invoice_twice_in_one_import_comes_in_once(ledger, add):
    added = add(invoice(1), invoice(1), invoice(1, "120.00", row=9))
    assert (added.new, added.known) == (1, 0)
    assert [(f.code, f.row) for f in added.findings] == [("ledger_invoice_differs", 9)]
    assert ledger.census().all == Tally(1, D("113.00"))


def test_many_differences_are_counted_from_some_point(add):
    add(*(invoice(i) for i in range(NAMED + 3)))
    told = add(*(invoice(i, "1.00") for i in range(NAMED + 3)))
    assert codes(told) == ["ledger_invoice_differs"] * NAMED + ["ledger_more_differ"]


def test_an_import_of_nothing_is_nothing(ledger, add):
    added = add()
    assert (added.new, added.known, added.findings, ledger.census().all.count) == (0, 0, (), 0)


# --- whose card


def test_the_machine_number_says_whose_card_it_is_leading_zeros_or_not(ledger, add):
    add(invoice(1, machine_number="000000000042"), invoice(2, machine_number="42"), cards={DEVICE: (), OTHER: ()})
    (preview,) = ledger.preview([ClearUnit("000000000042", InvoiceType.SPECIAL, OCTOBER)])
    assert preview.count == 2


def test_else_the_volume_that_holds_it(ledger, add):
    volume = Volume(InvoiceType.SPECIAL, "9900261130", "00000001", "00000005")
    cards = {OTHER: (), DEVICE: (volume,)}
    added = add(invoice(5, machine_number=""), invoice(6, machine_number=""), cards=cards)
    assert codes(added) == ["ledger_card_unknown"]
    assert ledger.preview([SPECIAL])[0].count == 1
    assert ledger.census().card_unknown == Tally(1, D("113.00"))


def test_else_the_homes_only_card(ledger, add):
    add(invoice(1, machine_number=""), cards={DEVICE: ()}, card=OTHER)
    assert ledger.preview([SPECIAL])[0].count == 1


def test_else_the_card_that_was_asked_for(ledger, add):
    add(invoice(1, machine_number=""), cards={DEVICE: (), OTHER: ()}, card=OTHER)
    assert ledger.preview([ClearUnit(OTHER, InvoiceType.SPECIAL, OCTOBER)])[0].count == 1


def test_what_is_no_machine_number_cannot_be_asked_for(ledger, add):
    with pytest.raises(UsageError) as caught:
        add(invoice(1, machine_number=""), card="金税盘")
    assert caught.value.code == "ledger_card_number"
    assert ledger.census().all.count == 0


def test_one_of_no_known_card_is_counted_apart_and_holds_up_its_period(ledger, add):
    add(invoice(1, machine_number=""), invoice(2, machine_number="", issue_date=date(2026, 9, 30)))
    assert ledger.census().card_unknown.count == 2
    assert ledger.card_unknown(OCTOBER) == 1
    assert ledger.card_unknown(Period(2026, 8)) == 0


def test_fully_digital_ones_are_of_no_card_whatever_their_machine_number_says(ledger, add):
    add(digital(1, machine_number=DEVICE), cards={DEVICE: ()})
    assert (ledger.census().all.count, ledger.card_unknown(OCTOBER)) == (0, 0)


def test_an_invoice_whose_card_becomes_known_is_assigned_by_importing_it_again(ledger, add, path):
    waiting = [invoice(1, machine_number=""), void(2, machine_number=""), ordinary(1, machine_number="")]
    assert codes(add(*waiting)) == []  # no card at home yet
    assert codes(add(*waiting, cards={DEVICE: (), OTHER: ()})) == ["ledger_card_unknown"]
    again = add(*waiting[:2], cards={DEVICE: ()})
    assert (again.new, again.known, codes(again)) == (0, 2, ["ledger_assigned"])
    census = ledger.census()
    assert (census.open, census.card_unknown) == (Tally(2, D("113.00")), Tally(1, D("113.00")))
    assert ledger.card_unknown(OCTOBER) == 1
    assert ledger.preview([SPECIAL])[0].count == 2
    assert ledger.preview([ORDINARY])[0].count == 0
    ledger.close()
    again = DuckLedger(path, practice=True)
    assert again.census() == census
    again.close()


def test_an_invoice_assigned_to_a_unit_that_is_closed_is_late(ledger, add):
    add(invoice(1, machine_number=""), invoice(2))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    assert codes(add(invoice(1, machine_number=""), cards={DEVICE: ()})) == ["ledger_late", "ledger_assigned"]
    assert (ledger.late(SPECIAL), ledger.census().cleared.count) == (1, 1)


def test_a_known_card_is_not_changed_by_a_later_import(ledger, add):
    add(invoice(1))
    add(invoice(1, machine_number=OTHER))
    assert ledger.preview([SPECIAL])[0].count == 1


# --- what is kept


def test_several_months_lie_in_order_of_period_code_and_number(ledger, add):
    days = [date(2026, 10, 8), date(2026, 9, 1), date(2026, 8, 31)]
    add(*(invoice(9 - i, issue_date=days[i % 3]) for i in range(9)))
    rows = ledger._connection.execute("SELECT period, code, number FROM invoice ORDER BY rowid").fetchall()
    assert rows == sorted(rows)


def test_names_are_kept_as_they_came_and_once_normalised(ledger, add):
    add(invoice(1), invoice(2, buyer_name="示例餐饮(武汉)"), invoice(3))
    rows = ledger._connection.execute("SELECT name, normalised FROM party_name ORDER BY name").fetchall()
    assert rows == [
        ("示例商贸", "示例商贸"),
        ("示例餐饮(武汉)", "示例餐饮(武汉)"),
        ("示例餐饮（武汉）", "示例餐饮(武汉)"),
    ]


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(name):
    assert normalised(normalised(name)) == normalised(name)


@given(st.text(max_size=30))
def test_a_clean_text_holds_no_control_character(text):
    assert len(clean(text)) == len(text)
    assert all(ord(c) >= 32 and ord(c) != 127 for c in clean(text))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FEN = st.integers(-(10**13), 10**13).map(lambda fen: D(fen).scaleb(-2))


@given(st.lists(st.tuples(TEXT, TEXT, FEN), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_any_text_and_any_amount_come_back_as_they_were(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("any") / "ledger.duckdb"
    ledger = DuckLedger(path, practice=True)
    try:
        given_ = [
            invoice(i, buyer_name=name, remark=remark, amount=str(fen)) for i, (name, remark, fen) in enumerate(values)
        ]
        ledger.add(given_, original="", file="x", at=AT, cards={})
        rows = ledger._connection.execute("SELECT buyer_name, remark, amount FROM invoice ORDER BY number").fetchall()
    finally:
        ledger.close()
    assert rows == [(clean(name), clean(remark), fen) for name, remark, fen in values]


def test_an_amount_that_the_ledger_cannot_hold_brings_nothing_in(ledger, add):
    with pytest.raises(Exception, match=r"DECIMAL|Conversion"):
        add(invoice(1), invoice(2, "1" + "0" * 17))
    assert ledger.census().all.count == 0
    assert add(invoice(1)).new == 1


def test_progress_ends_at_the_whole(add):
    told = []
    add(invoice(1), mixed(2), progress=lambda label, done, total: told.append((label, done, total)))
    assert told[-1] == ("写入发票库", 2, 2)


def test_machine_numbers_of_no_device_here_are_told_once_and_the_invoices_come_in(ledger, add):
    others = [invoice(n, machine_number="500000000001") for n in (1, 2)]
    added = add(*others, invoice(3, machine_number=DEVICE), cards={DEVICE: ()})
    (told,) = [f for f in added.findings if f.code == "ledger_machine_unknown"]
    assert "2 张" in told.message and "500000000001" in told.message
    assert added.new == 3


def test_without_any_device_here_no_machine_number_is_a_stranger(ledger, add):
    added = add(invoice(1, machine_number="500000000001"), cards={})
    assert "ledger_machine_unknown" not in [f.code for f in added.findings]
