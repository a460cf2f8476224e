"""Bringing invoices in: once each, whole or not at all, each to its card."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.ports import Tally
from fapiao_kernel.records.ledger.ledger import DuckLedger

from .conftest import AT, DEVICE, make, void

OCTOBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))


def test_what_came_in_is_counted_and_summed_with_voids_as_zero(add, ledger):
    added = add(make(1), make(2, "200.00", "26.00"), void(make(3)))
    assert (added.new, added.known, added.findings) == (3, 0, ())
    assert ledger.census().open == Tally(3, Decimal("339.00"))


def test_the_same_file_twice_adds_nothing(add, ledger):
    add(make(1), make(2))
    before = ledger.census()
    again = add(make(1), make(2))
    assert (again.new, again.known, again.findings) == (0, 2, ())
    assert ledger.census() == before


def test_an_invoice_twice_in_one_file_counts_once(add, ledger):
    assert add(make(1), make(1)).new == 1


def test_an_invoice_with_other_values_is_kept_as_it_was_and_the_difference_named(add, ledger):
    add(make(1))
    again = add(make(1, "999.00", row=7))
    (finding,) = again.findings
    assert (finding.code, finding.row) == ("ledger_invoice_differs", 7)
    assert "100.00" in finding.message and "999.00" in finding.message
    assert ledger.census().all == Tally(1, Decimal("113.00"))


def test_a_difference_of_type_or_status_is_told_in_words(add):
    add(void(make(1)))
    (finding,) = add(replace(make(1), invoice_type=InvoiceType.ELECTRONIC_ORDINARY)).findings
    assert "专票 004 / 电普票 026" in finding.message and "作废 / 正常" in finding.message


def test_hundreds_of_differences_are_counted_not_listed(add):
    add(*(make(n) for n in range(60)))
    findings = add(*(make(n, "1.00") for n in range(60))).findings
    assert len(findings) == 21
    assert "40" in findings[-1].message


def test_fully_digital_invoices_stand_apart_and_belong_to_no_unit(add, ledger):
    digital = make(1, code="", number="26992000000000000001", invoice_type=InvoiceType.DIGITAL_ORDINARY)
    add(digital, make(2))
    census = ledger.census()
    assert census.fully_digital == Tally(1, Decimal("113.00"))
    assert census.all == Tally(1, Decimal("113.00"))


@pytest.mark.parametrize(
    ("invoice", "cards", "card", "device"),
    [
        (make(5, machine_number="123456789012"), {DEVICE: ()}, None, "123456789012"),
        (
            make(5),
            {"1": (), "000000000002": (Volume(InvoiceType.SPECIAL, "9900261130", "00000001", "00000009"),)},
            None,
            "000000000002",
        ),
        (make(5), {DEVICE: ()}, None, DEVICE),
        (make(5), {"000000000001": (), "000000000002": ()}, "000000000001", "000000000001"),
    ],
    ids=["machine number", "volume", "only card", "card asked for"],
)
def test_an_invoice_finds_its_card(add, ledger, invoice, cards, card, device):
    add(invoice, cards=cards, card=card)
    (preview,) = ledger.preview([replace(OCTOBER, device_number=device)])
    assert preview.count == 1


def test_an_invoice_whose_card_is_unknown_is_counted_apart_and_holds_up_its_period(add, ledger):
    added = add(make(1), cards={"000000000001": (), "000000000002": ()})
    assert [f.code for f in added.findings] == ["ledger_card_unknown"]
    assert ledger.census().card_unknown == Tally(1, Decimal("113.00"))
    assert (ledger.card_unknown(Period(2026, 10)), ledger.card_unknown(Period(2026, 9))) == (1, 0)


def test_control_characters_and_quotes_in_names_come_in_as_one_line(add, ledger):
    add(make(1, buyer_name='示例"A",B\n公司\x1e', remark="第一行\n第二行"))
    (row,) = ledger.page([OCTOBER], "", 10)["rows"]
    assert row["buyer_name"] == '示例"A",B 公司 '


def test_a_ledger_opened_again_knows_what_it_held(add, ledger, path):
    add(make(1), void(make(2)))
    ledger.close_units(ledger.preview([OCTOBER]), run="r1", at=AT)
    add(make(3))
    before = ledger.census()
    ledger.close()
    again = DuckLedger(path, practice=True)
    assert (again.census(), again.closed(OCTOBER), again.late(OCTOBER)) == (before, "r1", 1)
    again.close()


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from tests.records.ledger.conftest import AT, DEVICE, make
from fapiao_kernel.records.ledger import adding
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.domain.invoice import InvoiceType
ledger = DuckLedger(Path(sys.argv[1]), practice=True)
options = dict(original="0", file="f", at=AT, cards={DEVICE: ()})
ledger.add([make(1)], **options)
adding.remember_names = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # after the rows, before the commit
ledger.add([make(n) for n in range(2, 5000)], **options)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here; enable: run on Linux or macOS")
def test_a_kill_in_mid_import_leaves_nothing_half_in(path, root):
    done = subprocess.run([sys.executable, "-c", CHILD, str(path), str(root)], env={**os.environ}, timeout=60)
    assert done.returncode == -signal.SIGKILL
    ledger = DuckLedger(path, practice=True)
    assert ledger.census().all == Tally(1, Decimal("113.00"))
    assert ledger.preview([OCTOBER])[0].count == 1
    ledger.close()
