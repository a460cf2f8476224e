"""Answers to reset: what they say, what they leave unsaid, and anything else refused in one way."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.atr import MAX_LENGTH, parse


def checked(text: str) -> bytes:
    """With its TCK."""
    raw = bytes.fromhex(text)
    return raw + bytes((reduce(xor, raw[1:], 0),))


def test_the_shortest_answer_has_the_defaults_of_the_standard() -> None:
    atr = parse(bytes.fromhex("3B00"))
    assert (atr.protocols, atr.specific, atr.fi_di, atr.guard, atr.wi) == ((0,), None, 0x11, 0, 10)
    assert (atr.ifsc, atr.bwi, atr.cwi, atr.crc, atr.inverse, atr.historical) == (32, 4, 13, False, False, b"")


def test_t0_alone_has_no_check_byte() -> None:
    text = "3B0A45730001405446505031"
    assert parse(bytes.fromhex(text)).historical == bytes.fromhex(text[4:])
    with pytest.raises(ProtocolError, match="length"):
        parse(checked(text))


def test_t1_has_its_own_interface_bytes_from_the_third_on() -> None:
    atr = parse(checked("3B F0 96 00 05 81 71 FE 45 01"))
    assert (atr.protocol, atr.fi_di, atr.guard) == (1, 0x96, 5)
    assert (atr.ifsc, atr.bwi, atr.cwi, atr.crc) == (254, 4, 5, True)


def test_the_first_interface_bytes_of_t1_count_and_not_those_of_a_second_turn() -> None:
    assert parse(checked("3B 80 81 91 20 11 40")).ifsc == 0x20


def test_a_card_that_offers_both_begins_with_the_first() -> None:
    atr = parse(checked("3B 80 80 01"))
    assert (atr.protocols, atr.protocol) == ((0, 1), 0)


def test_specific_mode_names_the_one_protocol_that_is_spoken() -> None:
    atr = parse(checked("3B 90 95 91 01 71 FE 45 00"))
    assert (atr.specific, atr.implicit, atr.protocol) == (1, False, 1)
    assert parse(checked("3B 80 90 11 01")).implicit


def test_global_interface_bytes_are_no_protocol() -> None:
    assert parse(checked("3B 80 80 1F 01")).protocols == (0,)


def test_waiting_times_follow_the_card_and_the_clock() -> None:
    atr = parse(checked("3B 80 81 21 45"))
    assert atr.block_wait(3580) == pytest.approx(1.597, abs=0.001)
    assert parse(bytes.fromhex("3B00")).work_wait(3580) == pytest.approx(0.9975, abs=0.001)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "TS"),
        (b"\x3c\x00", "TS"),
        (b"\x3b", "TS"),
        (b"\x3b\x01", "length"),
        (b"\x3b\x00\x00", "length"),
        (b"\x3b\x80", "length"),
        (b"\x3b\xf0\x11", "length"),
        (b"\x3b\x80\x0f", "TD1"),
        (b"\x3b\x80\x01\x00", "TCK"),
        (checked("3B 80 81 11 00"), "IFSC"),
        (b"\x3b" + bytes(MAX_LENGTH), "TS"),
    ],
)
def test_what_is_no_answer_to_reset_is_refused_with_the_place(raw: bytes, what: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(raw)
    assert (caught.value.code, caught.value.facts["what"]) == ("atr_damaged", what)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.sampled_from([b"", b"\x3b", b"\x3f", b"\x3b\xf3", b"\x3b\x80\x81"]))
def test_any_bytes_are_read_or_refused(raw: bytes, start: bytes) -> None:
    try:
        atr = parse(start + raw)
    except ProtocolError as error:
        assert error.code == "atr_damaged"
    else:
        assert atr.protocols and 1 <= atr.ifsc <= 254 and atr.block_wait(3580) > 0
