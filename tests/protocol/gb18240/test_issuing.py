"""Issuing commands and their replies: vectors by hand from the note, what the simulated card writes, and any bytes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.issuing import InvoiceSheet, NextNumber
from fapiao_kernel.domain.money import fen
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.simulator.card import codec

SPECIAL = InvoiceType.SPECIAL
CODE, NUMBER = b"4403201130\0\0".hex().upper(), b"00000042".hex().upper()


def sheet(**changes: Any) -> InvoiceSheet:
    fields = {"code": "4403201130", "number": "00000042", "amount": Decimal("100.00"), "tax": Decimal("13.00")}
    return InvoiceSheet(SPECIAL, **{**fields, **changes})


def ended(body: bytes) -> bytes:
    return body + bytes([reduce(xor, body, 0)])


def test_each_command_has_the_notes_bytes() -> None:
    assert commands.next_number(SPECIAL).encode().hex().upper() == "C0CE000002" + "0004" + "19"
    found = commands.find(SPECIAL, "4403201130", "00000042").encode().hex().upper()
    assert found == "C0CC000016" + "0004" + CODE + NUMBER + "24"
    assert commands.void(2, "4403201130", "00000042").encode().hex().upper() == "C0F3000214" + CODE + NUMBER
    blue = commands.issue(1, sheet(buyer_id="91440300708461136T")).encode().hex().upper()
    buyer = b"91440300708461136T\0\0".hex().upper()
    assert blue == "C0F200014D" + CODE + NUMBER + "00" + f"{10000:016X}" + f"{1300:016X}" + buyer + "00" * 20 + "0D"
    red = sheet(amount=Decimal("-100.00"), tax=Decimal("-13.00"), red=True, red_of="440320113000000007")
    told = commands.issue(1, red).encode().hex().upper()
    assert told[50:52] == "02" and told[52:68] == "FFFFFFFFFFFFD8F0"
    assert told.endswith(b"440320113000000007\0\0".hex() + "0D")


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "44032011301234"},
        {"code": ""},
        {"number": "000000421"},
        {"number": "票"},
        {"buyer_id": "9" * 21},
        {"buyer_id": "91\n"},
        {"red_of": "1" * 21},
        {"amount": Decimal("1E+17")},
        {"amount": Decimal("1E+40")},
        {"tax": Decimal("0.001")},
    ],
)
def test_a_sheet_that_the_fields_cannot_hold_never_becomes_a_command(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        commands.issue(1, sheet(**changes))


@pytest.mark.parametrize("record", [0, 256])
def test_a_record_number_beyond_a_byte_never_becomes_an_act(record: int) -> None:
    with pytest.raises(ValueError):
        commands.issue(record, sheet())
    with pytest.raises(ValueError):
        commands.void(record, "4403201130", "00000042")


def test_replies_by_hand() -> None:
    issued = ended(bytes.fromhex("0123456789ABCDEF" + "20261105"))
    assert records.parse_issued(issued) == ("0123456789ABCDEF", date(2026, 11, 5))
    upcoming = ended(b"4403201130\0\0" + b"00000042" + (59).to_bytes(4, "big"))
    assert records.parse_next(upcoming, SPECIAL) == NextNumber(SPECIAL, "4403201130", "00000042", 59)


def test_a_reply_that_counts_none_left_or_names_no_number_is_a_protocol_error() -> None:
    for body in (
        b"4403201130\0\0" + b"00000042" + bytes(4),
        bytes(20) + b"\0\0\0\1",
        b"44032011XX\0\0" + b"00000042\0\0\0\1",
    ):
        with pytest.raises(ProtocolError):
            records.parse_next(ended(body), SPECIAL)


@given(
    st.binary(max_size=40)
    | st.binary(min_size=12, max_size=12).map(ended)
    | st.binary(min_size=24, max_size=24).map(ended)
)
def test_any_bytes_are_a_reply_or_a_protocol_error(raw: bytes) -> None:
    for parse in (records.parse_issued, lambda raw: records.parse_next(raw, SPECIAL)):
        try:
            parse(raw)
        except ProtocolError as error:
            assert error.code == "protocol_record"


DIGITS = st.text("0123456789", min_size=1)
AMOUNTS = st.decimals("0.01", "999999999.99", places=2)


@given(DIGITS.map(lambda t: t[:12]), DIGITS.map(lambda t: t[:8]), AMOUNTS, st.booleans(), st.integers(0, 100))
def test_the_simulated_card_reads_the_sheet_as_it_was(
    code: str, number: str, amount: Decimal, red: bool, percent: int
) -> None:
    sign = -1 if red else 1
    tax = (amount * percent / 100).quantize(Decimal("0.01"), "ROUND_DOWN")
    told = sheet(
        code=code, number=number, amount=amount * sign, tax=tax * sign, red=red, red_of="1234567890" if red else ""
    )
    request = codec.read(commands.issue(1, told).encode())
    assert isinstance(request, codec.Request)
    read = codec.sheet(request.data)
    assert read == codec.Sheet(code, number, red, fen(told.amount), fen(told.tax), told.red_of)


@given(DIGITS.map(lambda t: t[:12]), DIGITS.map(lambda t: t[:8]), st.integers(1, 2**32 - 1))
def test_what_the_simulated_card_says_is_next_is_read_as_it_was(code: str, number: str, left: int) -> None:
    assert records.parse_next(codec.upcoming(code, number, left), SPECIAL) == NextNumber(SPECIAL, code, number, left)
