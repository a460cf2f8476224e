"""Proving the ledger (自查): a sound one holds, and each way of breaking it is found by its own rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fapiao_kernel.domain.invoice import InvoiceLine
from fapiao_kernel.domain.money import money
from fapiao_kernel.records.ledger.ledger import DuckLedger
from tests.records.ledger.conftest import AT, make, void

MIXED = replace(
    make(9, amount="150.00", tax="16.00"),
    lines=(
        InvoiceLine("a", money("100.00"), "0.13", money("13.00")),
        InvoiceLine("b", money("50.00"), "0.06", money("3.00")),
    ),
)


@pytest.fixture
def sound(ledger: DuckLedger, add: Callable[..., object]) -> DuckLedger:
    """One unit cleared, late ones in it, another open; void, red and of several rates among them."""
    add(make(1), void(make(2)), make(3, amount="-10.00", tax="-1.30", red=True), MIXED)
    unit = ledger.open_units("661000012345")[0]
    ledger.close_units(ledger.preview([unit]), run="r1", at=AT)
    add(make(20), file="late.xlsx", original="1" * 64)
    return ledger


def broken(ledger: DuckLedger) -> set[str]:
    """The rules that do not hold."""
    return {proof.rule for proof in ledger.prove() if proof.findings}


def test_a_sound_ledger_holds_every_rule(sound: DuckLedger) -> None:
    assert broken(sound) == set()


def test_an_empty_ledger_holds_every_rule(ledger: DuckLedger) -> None:
    assert broken(ledger) == set()


@pytest.mark.parametrize(
    ("damage", "rules"),
    [
        ("INSERT INTO invoice SELECT * FROM invoice WHERE number = '00000020'", {"twice", "sums", "rates"}),
        ("UPDATE invoice SET period = DATE '2026-09-01' WHERE number = '00000020'", {"period", "unit"}),
        ("UPDATE invoice SET unit_key = unit_key + 1099511627776 WHERE number = '00000020'", {"unit", "sums", "rates"}),
        ("DELETE FROM invoice_line WHERE number = '00000020'", {"lines"}),
        ("INSERT INTO invoice_line SELECT '1', '2', 1, 'x', '', 1, '0.13', 0", {"lines"}),
        ("INSERT INTO invoice_mark VALUES (NULL, 1, '1', '2', 'sent')", {"marks"}),
        ("DELETE FROM import_file WHERE seq = 2", {"imports"}),
        ("UPDATE unit_import SET total = total + 0.01 WHERE import_seq = 2", {"sums"}),
        ("UPDATE unit_rate SET tax = tax + 0.01 WHERE import_seq = 2", {"rates"}),
        ("UPDATE invoice SET buyer_name = 'x' WHERE number = '00000001'", {"digests"}),
        ("UPDATE clear_unit SET count = count + 1", {"digests"}),
        (
            "INSERT INTO clear_unit SELECT * REPLACE (9 AS watermark) FROM clear_unit",
            {"census", "sums", "rates", "digests"},
        ),
    ],
)
def test_what_breaks_a_ledger_is_found_by_its_rule(sound: DuckLedger, damage: str, rules: set[str]) -> None:
    sound._writer.execute(damage)
    assert rules <= broken(sound)
    if len(rules) == 1:
        assert broken(sound) == rules


def test_many_rows_that_break_a_rule_are_counted_beyond_the_first_twenty(sound: DuckLedger) -> None:
    sound._writer.execute("INSERT INTO invoice_mark SELECT NULL, 1, '1', i::VARCHAR, 'sent' FROM range(30) t(i)")
    (proof,) = [proof for proof in sound.prove() if proof.rule == "marks"]
    assert [f.code for f in proof.findings] == ["ledger_marks_off"] * 20 + ["ledger_more_off"]
