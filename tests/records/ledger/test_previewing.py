"""Previews and the close: counts, sums, rates, the digest that anyone can check, one row a unit."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceLine, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.money import from_fen
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.digest import EMPTY, reference, write_lines
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .conftest import AT, DEVICE, make, void

OCTOBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))
SEPTEMBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 9))


def test_a_preview_counts_voids_and_reds_and_sums_what_stands(add, ledger):
    add(make(1), void(make(2)), make(3, "-50.00", "-6.50", red=True))
    (p,) = ledger.preview([OCTOBER])
    assert (p.count, p.voids, p.reds) == (3, 1, 1)
    assert (p.amount, p.tax, p.total) == (Decimal("50.00"), Decimal("6.50"), Decimal("56.50"))


def test_an_invoice_of_two_rates_counts_under_both(add, ledger):
    lines = (
        InvoiceLine("甲", Decimal("60.00"), "0.13", Decimal("7.80")),
        InvoiceLine("乙", Decimal("40.00"), "0.09", Decimal("3.60")),
    )
    add(make(1), make(2, "100.00", "11.40", lines=lines))
    (p,) = ledger.preview([OCTOBER])
    told = [(r.rate, r.count, r.amount, r.tax) for r in p.rates]
    assert told == [
        ("0.13", 2, Decimal("160.00"), Decimal("20.80")),
        ("0.09", 1, Decimal("40.00"), Decimal("3.60")),
    ]


def test_a_month_without_invoices_is_a_unit_of_nothing(add, ledger):
    add(make(1))
    (p,) = ledger.preview([SEPTEMBER])
    assert (p.count, p.total, p.digest, p.rates) == (0, Decimal("0.00"), EMPTY, ())


def test_the_digest_is_the_sha256_of_the_canonical_lines(add, ledger, tmp_path):
    invoices = [make(n, buyer_name=f"示例{n}，公司") for n in (3, 1, 2)]
    add(*invoices)
    write_lines(ledger._connection, OCTOBER.key, -1, 1, tmp_path / "unit.d1")
    by_file = hashlib.sha256((tmp_path / "unit.d1").read_bytes()).hexdigest()
    assert ledger.preview([OCTOBER])[0].digest == by_file == reference(invoices)


@pytest.mark.parametrize(
    "change",
    [{"buyer_id": "X"}, {"status": InvoiceStatus.VOID}, {"issue_date": date(2026, 10, 30)}, {"red_of": "1"}],
    ids=str,
)
def test_the_digest_changes_with_every_field_it_covers(change):
    assert reference([make(1)]) != reference([make(1, **change)])


cents = st.integers(-(10**12), 10**12).map(from_fen)


@given(
    st.dictionaries(st.integers(1, 10**8 - 1), st.tuples(cents, cents, st.booleans(), st.text(max_size=8)), max_size=12)
)
@settings(max_examples=25, deadline=None)
def test_any_invoices_come_out_as_they_went_in(tmp_path_factory, drawn):
    invoices = [
        make(
            number,
            str(amount),
            str(tax),
            status=InvoiceStatus.VOID if gone else InvoiceStatus.NORMAL,
            buyer_name="".join(c for c in name if c.isprintable()),
            lines=(InvoiceLine("甲", amount, "0.13", tax),),
        )
        for number, (amount, tax, gone, name) in drawn.items()
    ]
    ledger = DuckLedger(tmp_path_factory.mktemp("any") / "l.duckdb", practice=True)
    ledger.add(invoices, original="0", file="f", at=AT, cards={DEVICE: ()})
    (p,) = ledger.preview([OCTOBER])
    assert p.digest == reference(invoices)
    assert p.total == sum((i.total for i in invoices if i.status is InvoiceStatus.NORMAL), Decimal("0.00"))
    assert ledger.census().all == Tally(len(invoices), p.total)
    ledger.close()


def test_a_close_moves_the_unit_from_open_to_cleared_and_changes_no_invoice(add, ledger):
    add(make(1), make(2))
    before = ledger.census()
    assert ledger.close_units(ledger.preview([OCTOBER]), run="r1", at=AT) == 1
    after = ledger.census()
    assert (after.open.count, after.cleared, after.all) == (0, before.open, before.all)
    assert ledger._connection.execute("SELECT count(*) FROM open_invoice").fetchall() == [(0,)]
    assert ledger._connection.execute("SELECT count(*) FROM cleared_invoice").fetchall() == [(2,)]


def test_the_same_run_closing_again_writes_nothing(add, ledger):
    add(make(1))
    previews = ledger.preview([OCTOBER])
    assert [ledger.close_units(previews, run="r1", at=AT) for _ in range(2)] == [1, 0]


def test_another_run_cannot_close_a_closed_unit_nor_anything_with_it(add, ledger):
    add(make(1), make(2, issue_date=date(2026, 9, 3)))
    previews = ledger.preview([SEPTEMBER, OCTOBER])
    ledger.close_units(previews[1:], run="r1", at=AT)
    with pytest.raises(Refused) as refused:
        ledger.close_units(previews, run="r2", at=AT)
    assert refused.value.code == "unit_closed_by_other_run"
    assert (ledger.closed(SEPTEMBER), ledger.closed(OCTOBER)) == (None, "r1")


def test_an_invoice_for_a_cleared_unit_is_late_and_stays_open(add, ledger):
    add(make(1))
    ledger.close_units(ledger.preview([OCTOBER]), run="r1", at=AT)
    added = add(make(2))
    assert [f.code for f in added.findings] == ["ledger_late"]
    assert (ledger.late(OCTOBER), ledger.census().open.count, ledger.census().cleared.count) == (1, 1, 1)
