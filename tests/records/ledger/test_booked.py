"""The ledger's side of a reconciliation: sums by scope, and the invoices with a ground to differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports.statements import ON_DEVICE, OTHERS, SPECIALS, Figure, FiledReturn, Ground, Held, Scope, Told

from .making import AT, DEVICE, OCTOBER, ORDINARY, SPECIAL, D, adder, digital, invoice, mixed, ordinary, red, void

TAXPAYER = "91999999000000107U"
ALL = Scope(TAXPAYER, OCTOBER)


@pytest.fixture
def add(ledger):
    return adder(ledger)


def filed(at=AT, filed_on=None) -> FiledReturn:
    return FiledReturn(TAXPAYER, OCTOBER, (Figure("", "", D("0.00"), D("0.00"), D("0.00")),), Told.STATED, at, filed_on)


def test_a_unit_is_told_whole_whether_open_or_cleared(ledger, add):
    add(invoice(1), void(2), red(3))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    add(invoice(4))
    assert ledger.books.unit(SPECIAL) == Held(4, 1, 1, D("160.00"), D("20.80"), D("180.80"))
    assert [one.number for one in ledger.books.briefs(SPECIAL)] == ["00000001", "00000002", "00000003", "00000004"]
    assert ledger.books.units(DEVICE) == ledger.books.units(DEVICE, OCTOBER) == (SPECIAL,)
    assert ledger.books.units(DEVICE, OCTOBER.next()) == ()


def test_a_scope_takes_digital_ones_and_those_of_no_known_card_in(ledger, add):
    add(invoice(1), ordinary(2), digital(3), ordinary(4, machine_number=""), void(5))
    assert ledger.books.scope(ALL) == Held(5, 1, 0, D("400.00"), D("52.00"), D("452.00"))
    assert ledger.books.scope(replace(ALL, invoice_type=ON_DEVICE)).count == 4
    assert ledger.books.scope(replace(ALL, invoice_type="007")).count == 2
    assert ledger.books.scope(replace(ALL, period=OCTOBER.next())) == Held()


def test_the_returns_own_columns_take_every_kind_of_special_invoice_together(ledger, add):
    add(invoice(1), ordinary(2), digital(3), digital(4, invoice_type=InvoiceType.DIGITAL_SPECIAL))
    add(invoice(5, code="990026113001", invoice_type=InvoiceType.MOTOR_VEHICLE))
    count = {kind: ledger.books.scope(replace(ALL, invoice_type=kind)).count for kind in (SPECIALS, OTHERS)}
    assert count == {SPECIALS: 3, OTHERS: 2}


def test_another_sellers_invoices_are_not_the_taxpayers(ledger, add):
    add(digital(1, seller_id="91999999000000999X"), digital(2, seller_id=""))
    assert ledger.books.scope(ALL).count == 1


def test_by_rate_an_invoice_of_several_counts_with_its_lines(ledger, add):
    add(invoice(1), mixed(2))
    assert ledger.books.scope(replace(ALL, rate="0.13")) == Held(1, 0, 0, D("100.00"), D("13.00"), D("113.00"))
    assert ledger.books.scope(replace(ALL, rate="0.06")) == Held(1, 0, 0, D("40.00"), D("2.40"), D("42.40"))


def grounds(ledger, scope=ALL, told=None) -> dict[Ground, tuple[int, D, list[str]]]:
    found = ledger.books.suspects(scope, told or filed(), 10)
    return {one.ground: (one.count, one.total, [c.number[-4:] for c in one.shown]) for one in found}


def test_every_ground_is_told_with_its_count_and_sum(ledger, add):
    add(invoice(1), red(2), void(3), digital(4))
    add(ordinary(6, machine_number=""))
    add(ordinary(5), at=AT + timedelta(hours=1))
    assert grounds(ledger) == {
        Ground.IMPORTED_AFTER: (1, D("113.00"), ["0005"]),
        Ground.CARD_UNKNOWN: (1, D("113.00"), ["0006"]),
        Ground.FULLY_DIGITAL: (1, D("113.00"), ["0004"]),
        Ground.RED: (1, D("-45.20"), ["0002"]),
        Ground.VOID: (1, D("-113.00"), ["0003"]),
    }


def test_a_day_of_filing_counts_to_its_end(ledger, add):
    add(invoice(1))
    add(invoice(2), at=AT + timedelta(days=1))
    told = filed(AT + timedelta(days=9), AT.date())
    assert grounds(ledger, told=told) == {Ground.IMPORTED_AFTER: (1, D("113.00"), ["0002"])}
    assert grounds(ledger, told=replace(told, filed_on=date(2026, 11, 6))) == {}


def test_what_came_after_the_clear_is_late(ledger, add):
    add(invoice(1))
    ledger.close_units(ledger.preview([SPECIAL]), run="r1", at=AT)
    add(invoice(2))
    assert grounds(ledger)[Ground.LATE] == (1, D("113.00"), ["0002"])


def test_marks_say_voided_after_the_filing_and_not_uploaded(ledger, add):
    add(ordinary(1), ordinary(2), ordinary(3))
    marks = [(1, "void"), (2, "unsent"), (3, "unsent"), (3, "sent")]
    for seq, (number, mark) in enumerate(marks, 2):
        row = [ORDINARY.key, seq, "099002600104", f"{number:08d}", mark]
        ledger._writer.execute("INSERT INTO invoice_mark VALUES (?, ?, ?, ?, ?)", row)
    assert grounds(ledger) == {
        Ground.VOIDED_AFTER: (1, D("-113.00"), ["0001"]),
        Ground.UNSENT: (1, D("113.00"), ["0002"]),
    }


def test_the_one_invoice_that_is_the_difference_is_found_and_one_counted_twice_too(ledger, add):
    add(invoice(1, "100.00", "13.00"), invoice(2, "50.00", "6.50"), void(3, amount="70.00", tax="9.10"))
    find = lambda a, t: [  # noqa: E731 a table in one line each
        (c.number[-1], c.total, c.grounds) for c in ledger.books.equals(ALL, Figure("", "", D(a), D(t), D(a) + D(t)), 5)
    ]
    assert find("50.00", "6.50") == [("2", D("56.50"), (Ground.EQUAL,))]
    assert find("-50.00", "-6.50") == [("2", D("-56.50"), (Ground.TWICE,))]
    assert find("-70.00", "-9.10") == [("3", D("-79.10"), (Ground.EQUAL,))]
    assert find("50.00", "6.51") == []


def test_a_difference_of_totals_alone_is_looked_for_by_total(ledger, add):
    add(invoice(1), invoice(2, "50.00", "6.50"))
    told = ledger.books.equals(ALL, Figure("", "", None, None, D("56.50")), 5)
    assert [c.number for c in told] == ["00000002"]
