"""What the simulated tax side says was declared over a span."""

from __future__ import annotations

import pytest

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.authority import MessageId, Reply, fields
from tests.simulator.authority.conftest import SPAN

TWO_MONTHS = "20261001-20261130"


def said(bureau, span: str = SPAN) -> str | None:
    return bureau.ask("FK_SBCX", {"sq": span}).groups[0].get("sbje")


def test_nothing_is_said_before_a_return_is_filed(bureau):
    assert said(bureau) is None


def test_the_total_of_the_return_is_told_to_the_fen(bureau):
    bureau.file("-1234.05")
    assert said(bureau) == "-1234.05"


def test_a_correction_replaces_what_was_declared_before(bureau):
    bureau.file("100.00")
    bureau.file("113.00")
    assert said(bureau) == "113.00"


def test_a_return_beyond_the_span_says_nothing_of_the_span_alone(bureau):
    bureau.file("100.00", span=TWO_MONTHS)
    assert (said(bureau), said(bureau, TWO_MONTHS)) == (None, "100.00")


@pytest.mark.parametrize(("groups", "total"), [(({},), None), ((), None), (({"sbje": "12.30"},), "12.30")])
def test_a_tax_side_that_tells_no_total_is_understood(groups, total):
    found = fields.optional_total(Reply(MessageId.DECLARATION, "00", "", groups), "sbje")
    assert (None if found is None else str(found)) == total


@pytest.mark.parametrize("text", ["", "一百", "1.005", "nan"])
def test_a_total_that_is_no_amount_is_a_broken_message(text):
    with pytest.raises(ProtocolError):
        fields.optional_total(Reply(MessageId.DECLARATION, "00", "", ({"sbje": text},)), "sbje")
