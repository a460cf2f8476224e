"""File records: vectors by hand from docs/protocol/practice-card.md, what the simulated card writes, and any bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.card import CardIdentity, MonthStatistics, Volume
from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.protocol.gb18240 import fields, records
from fapiao_kernel.protocol.gb18240.records import DeclarationData, Limits
from fapiao_kernel.simulator.card import codec
from fapiao_kernel.simulator.card.memory import Totals, TypeRecord, VolumeRecord

PARSERS: list[tuple[Callable[[bytes], object], int]] = [
    (records.parse_limits, records.LIMITS),
    (records.parse_identity, records.IDENTITY),
    (records.parse_totals, records.TOTALS),
    (records.parse_declaration, records.DECLARATION),
    (records.parse_volume, records.VOLUME),
    (records.parse_summary, records.SEALED + 1),
]


def ended(body: bytes) -> bytes:
    return body + bytes([reduce(xor, body, 0)])


def test_ef01_by_hand() -> None:
    assert records.parse_limits(bytes.fromhex("0004" + "20261117" + "00000003" + "07")) == Limits(
        InvoiceType.SPECIAL, date(2026, 11, 17), 3
    )


def test_ef02_by_hand() -> None:
    body = bytes.fromhex("9999000000000001" + "661234567890")
    body += b"91440300708461136T".ljust(20, b"\0") + "深圳甲公司".encode("gb18030").ljust(100, b"\0")
    identity = records.parse_identity(ended(body + bytes.fromhex("20361028")))
    assert identity == CardIdentity(
        "661234567890", "9999000000000001", "91440300708461136T", "深圳甲公司", date(2036, 10, 28), simulated=True
    )


def test_a_card_number_without_9999_is_a_real_card() -> None:
    body = bytes.fromhex("1234000000000001" + "661234567890") + bytes(120) + bytes.fromhex("20361028")
    assert not records.parse_identity(ended(body)).simulated


def test_ef03_by_hand_with_more_than_four_bytes_of_fen() -> None:
    body = bytes.fromhex("0007" + "202610" + "00000010" + "00000001" + "00000002" + "00000000")
    body += bytes.fromhex("0000001000000001" + "0000000000000064" + "FFFFFFFFFFFFFFFF" + "0000000000000000")
    assert records.parse_totals(ended(body)) == MonthStatistics(
        InvoiceType.ORDINARY, Period(2026, 10), 16, 1, 2, 0,
        Decimal("687194767.37"), Decimal("1.00"), Decimal("-0.01"), Decimal("0.00"),
    )  # fmt: skip


def test_ef04_shows_the_sealed_summary_only_of_a_reported_span() -> None:
    body = bytes.fromhex("0004" + "20261001" + "20261031" + "20261105")
    reported = records.parse_declaration(ended(body + b"\x01" + b"\x5a" * 320))
    assert reported == DeclarationData(
        InvoiceType.SPECIAL, date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 5), True, b"\x5a" * 320
    )
    open_one = records.parse_declaration(ended(body + b"\x00" + bytes(320)))
    assert not open_one.reported and open_one.sealed == b""


def test_ef05_by_hand() -> None:
    body = bytes.fromhex("0004") + b"4403201130\0\0" + b"00000001" + b"00000100" + b"\x01"
    assert records.parse_volume(ended(body)) == Volume(
        InvoiceType.SPECIAL, "4403201130", "00000001", "00000100", pending=True
    )


def test_what_the_simulated_card_writes_is_read_as_meant() -> None:
    record = TypeRecord("028", date(2026, 11, 17), date(2026, 9, 1), date(2026, 10, 31), date(2026, 9, 2), False, 7)
    assert records.parse_limits(codec.limits(record)) == Limits(InvoiceType.ELECTRONIC_SPECIAL, date(2026, 11, 17), 7)
    assert records.parse_declaration(codec.declaration(record)).end == date(2026, 10, 31)
    totals = codec.totals(Totals("025", "2026-09", [1, 2, 3, 4], [10**12, 5, -(10**12), -5]))
    assert records.parse_totals(totals).negative_amount == Decimal("-10000000000.00")
    volume = codec.volume(VolumeRecord("007", "044032100111", "00000001", "99999999", False))
    assert records.parse_volume(volume).code == "044032100111"


@pytest.mark.parametrize(("parse", "length"), PARSERS)
@given(data=st.data())
def test_any_bytes_are_a_record_or_a_protocol_error(
    parse: Callable[[bytes], object], length: int, data: st.DataObject
) -> None:
    exact = st.binary(min_size=length - 1, max_size=length - 1).map(ended)
    raw = data.draw(st.one_of(st.binary(max_size=400), exact))
    try:
        parse(raw)
    except ProtocolError as error:
        assert error.code == "protocol_record"


@pytest.mark.parametrize(("parse", "length"), PARSERS)
def test_a_record_whose_xor_is_wrong_is_refused(parse: Callable[[bytes], object], length: int) -> None:
    with pytest.raises(ProtocolError):
        parse(bytes(length - 1) + b"\x01")


@given(st.binary(max_size=9))
def test_any_bytes_are_a_moment_or_a_protocol_error(raw: bytes) -> None:
    try:
        assert fields.to_moment(raw, "clock").utcoffset() == timedelta(hours=8)
    except ProtocolError as error:
        assert error.code == "protocol_record"


def test_the_clock_is_beijing_time() -> None:
    moment = fields.to_moment(bytes.fromhex("20261105090001"), "clock")
    assert moment == datetime(2026, 11, 5, 9, 0, 1, tzinfo=timezone(timedelta(hours=8)))
