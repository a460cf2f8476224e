"""Ledgers of earlier versions (迁移): each opens with the present program, and every figure in it is what it was.

``samples/NNNN.duckdb.zst`` is a ledger that the program of schema version N wrote: a cleared September with a void, a red and a late
invoice; an open October with a void one and one of two rates; a fully digital one; one of no known card.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import zstandard

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.records.ledger.ledger import DuckLedger
from fapiao_kernel.records.ledger.opening import schema_versions
from tests.records.ledger.conftest import AT, DEVICE, make, void

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.duckdb.zst"))
SEPTEMBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 9))
OCTOBER = ClearUnit(DEVICE, InvoiceType.SPECIAL, Period(2026, 10))


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.name[:4])
def old(request: pytest.FixtureRequest, path: Path) -> Path:
    path.write_bytes(zstandard.ZstdDecompressor().decompress(request.param.read_bytes(), max_output_size=1 << 26))
    return path


def test_there_is_a_sample_of_every_earlier_version() -> None:
    assert [int(sample.name[:4]) for sample in SAMPLES] == list(schema_versions())[:-1]


def test_an_earlier_ledger_opens_and_every_sum_is_what_it_was(old: Path) -> None:
    ledger = DuckLedger(old, practice=True)
    try:
        census = ledger.census()
        assert (census.open.count, census.open.total) == (9, Decimal("957.00"))
        assert (census.cleared.count, census.cleared.total) == (10, Decimal("892.70"))
        assert (census.fully_digital.count, census.card_unknown.count) == (1, 1)
        (october,) = ledger.preview([OCTOBER])
        assert (october.count, october.voids, october.total) == (3, 1, Decimal("279.00"))
        assert [(r.rate, r.count, r.amount) for r in october.rates] == [
            ("0.13", 3, Decimal("200.00")),
            ("0.06", 1, Decimal("50.00")),
        ]
        assert ledger.closed(SEPTEMBER) == "run-1"
        assert ledger.late(SEPTEMBER) == 1
    finally:
        ledger.close()


def test_an_earlier_ledger_holds_every_rule_once_it_is_brought_up_to_date(old: Path) -> None:
    ledger = DuckLedger(old, practice=True)
    try:
        assert [proof.rule for proof in ledger.prove() if proof.findings] == []
    finally:
        ledger.close()


def test_an_earlier_ledger_takes_new_invoices_and_later_voids(old: Path) -> None:
    ledger = DuckLedger(old, practice=True)
    try:
        added = ledger.add([make(20), void(make(90)), make(70)], original="f" * 64, file="a", at=AT, cards={DEVICE: ()})
        assert (added.new, added.known) == (1, 2)
        assert [proof.rule for proof in ledger.prove() if proof.findings] == []
    finally:
        ledger.close()


def test_bringing_a_ledger_up_to_date_happens_once(old: Path) -> None:
    DuckLedger(old, practice=True).close()
    DuckLedger(old, practice=True).close()
    with duckdb.connect(str(old)) as connection:
        versions = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall()
    assert [version for (version,) in versions] == list(schema_versions())


def test_a_ledger_newer_than_the_program_is_refused_with_a_sentence_and_left_as_it_is(old: Path) -> None:
    DuckLedger(old, practice=True).close()
    with duckdb.connect(str(old)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    before = old.read_bytes()
    with pytest.raises(Refused) as refused:
        DuckLedger(old, practice=True)
    assert refused.value.code == "ledger_newer"
    assert "99" in refused.value.sentence
    assert old.read_bytes() == before
