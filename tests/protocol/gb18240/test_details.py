"""EF06 发票明细: vectors by hand from the note, what the simulated card writes, and any bytes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import Invoice, InvoiceStatus, InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.simulator.card import entries


def by_hand(flags: int = 2, kind: str = "0007", day: str = "20261031", code: bytes = b"044032100111") -> bytes:
    body = bytes.fromhex(kind) + code.ljust(12, b"\0") + b"00000501" + bytes.fromhex(day) + bytes([flags])
    body += (-11300).to_bytes(8, "big", signed=True)
    return body + bytes([reduce(xor, body, 0)])


def test_a_record_by_hand() -> None:
    expected = InvoiceDetail(
        InvoiceType.ORDINARY, "044032100111", "00000501", date(2026, 10, 31), Decimal("-113.00"), red=True
    )
    assert records.parse_details(by_hand()) == (expected,)
    assert [d.void for d in records.parse_details(by_hand(2) + by_hand(3))] == [False, True]


def test_the_command_has_the_notes_bytes() -> None:
    command = commands.read_details(InvoiceType.SPECIAL, Period(2026, 10), 101, 3600)
    assert command.encode().hex().upper() == "C0C80000000009" + "0004" + "202610" + "00000065" + "0E10"


@pytest.mark.parametrize(("first", "length"), [(0, 3600), (2**32, 3600), (1, 256), (1, 65537)])
def test_what_is_no_stretch_of_records_never_becomes_a_command(first: int, length: int) -> None:
    with pytest.raises(ValueError, match="stretch"):
        commands.read_details(InvoiceType.SPECIAL, Period(2026, 10), first, length)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        by_hand()[:-1],
        by_hand() + b"\0",
        by_hand(4),
        by_hand(kind="0081"),
        by_hand(day="20261032"),
        by_hand(code=b""),
        by_hand(code="票".encode("gb18030")),
        by_hand()[:-1] + bytes([by_hand()[-1] ^ 1]),
        by_hand() + by_hand(kind="9999"),
    ],
)
def test_what_is_no_record_is_a_protocol_error(raw: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        records.parse_details(raw)
    assert caught.value.code == "protocol_record"


@given(
    st.binary(max_size=80)
    | st.binary(min_size=36, max_size=36).map(lambda raw: raw[:-1] + bytes([reduce(xor, raw[:-1], 0)]))
)
def test_any_bytes_are_records_or_a_protocol_error(raw: bytes) -> None:
    try:
        assert len(records.parse_details(raw)) == len(raw) // records.DETAIL
    except ProtocolError as error:
        assert error.code == "protocol_record"


MONEY = st.decimals("-99999999.99", "99999999.99", places=2)
TYPES = st.sampled_from([t for t in InvoiceType if t.on_device])
DIGITS = st.text("0123456789", min_size=1)


CODES, NUMBERS = DIGITS.map(lambda text: text[:12]), DIGITS.map(lambda text: text[:8])
DAYS = st.dates(date(1990, 1, 1), date(2999, 12, 31))


@given(TYPES, CODES, NUMBERS, DAYS, MONEY, st.booleans(), st.booleans())
def test_what_the_simulated_card_writes_is_read_as_it_was(kind, code, number, day, total, red, void) -> None:
    status = InvoiceStatus.VOID if void else InvoiceStatus.NORMAL
    raw = entries.record(Invoice(code, number, kind, day, total, Decimal("0.00"), total, red=red, status=status))
    assert records.parse_details(raw) == (InvoiceDetail(kind, code, number, day, total, red=red, void=void),)
