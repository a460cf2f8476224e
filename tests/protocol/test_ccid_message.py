"""Messages and class descriptors of CCID: ours as the standard has them, any bytes of a reader read or refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol import ccid_descriptor
from fapiao_kernel.protocol.ccid_descriptor import Features
from fapiao_kernel.protocol.ccid_message import Change, Icc, message, parse, parse_notice

TPDU_READER = bytes.fromhex(
    "36 21 0001 00 07 03000000 a00f0000 a00f0000 00 002a0000 bc390500 35 fe000000 00000000 00000000 ba000100"
    "0f010000 ff ff 0000 00 01"
)
"""A reader of TPDU level with T=0 and T=1, 4 MHz."""


def test_a_command_has_its_length_slot_and_sequence() -> None:
    assert message(0x6F, 0, 7, b"\x01\x10\x00", b"\xaa\xbb") == bytes.fromhex("6f020000000007011000aabb")


def test_an_answer_tells_the_card_and_the_command() -> None:
    answer = parse(bytes.fromhex("80020000000009 40 fe 00 9000"))
    assert (answer.seq, answer.failed, answer.wants_time, answer.icc) == (9, True, False, Icc.ACTIVE)
    assert (answer.error, answer.data) == (0xFE, b"\x90\x00")
    waiting = parse(bytes.fromhex("80000000000009820300"))
    assert (waiting.wants_time, waiting.icc, waiting.error) == (True, Icc.ABSENT, 3)


def test_what_an_answer_carries_stays_out_of_its_repr() -> None:
    assert "5151" not in repr(parse(bytes.fromhex("80040000000009000000") + b"5151"))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary(max_size=20), st.sampled_from([b"", b"\x80\x02\0\0\0", b"\x81\0\0\0\0\0\1"]))
def test_any_bytes_are_a_message_or_refused(raw: bytes, start: bytes) -> None:
    try:
        answer = parse(start + raw)
    except ProtocolError as error:
        assert error.code == "ccid_message"
    else:
        assert len(answer.data) == len(start + raw) - 10


def test_parameters_that_their_sender_does_not_count_are_read_and_no_other_message() -> None:
    assert parse(bytes.fromhex("82000000000002000000 00000000fe0000")).data == bytes.fromhex("00000000fe0000")
    for raw in ("82000000000002000000 00000000fe00", "80000000000002000000 00000000fe0000"):
        with pytest.raises(ProtocolError, match="ccid_message"):
            parse(bytes.fromhex(raw))


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary(max_size=5), st.integers(0, 15))
def test_any_bytes_are_a_notice_or_refused(raw: bytes, slot: int) -> None:
    try:
        parse_notice(raw, slot)
    except ProtocolError as error:
        assert error.code == "ccid_message"


def test_a_notice_tells_each_slot_its_own() -> None:
    assert parse_notice(b"\x50\x03") == Change(present=True, changed=True)
    assert parse_notice(b"\x50\x02") == Change(present=False, changed=True)
    assert parse_notice(b"\x50\x01\x03", 4) == Change(present=True, changed=True)
    assert parse_notice(b"\x50\x01", 4) is None
    assert parse_notice(b"\x51\x00\x01\x00") is None


def test_a_class_descriptor_tells_level_protocols_and_lengths() -> None:
    reader = ccid_descriptor.parse(TPDU_READER)
    assert (reader.slots, reader.level, reader.max_message) == (1, Features.TPDU, 271)
    assert reader.speaks(0) and reader.speaks(1) and not reader.speaks(2)


def test_a_class_descriptor_is_found_among_others() -> None:
    assert ccid_descriptor.find(b"\x05\x24\x00\x10\x01" + TPDU_READER + b"\x02\xff") == TPDU_READER
    assert ccid_descriptor.find(b"\x05\x24\x00\x10\x01\x00") is None


@settings(derandomize=True, max_examples=80, deadline=None)
@given(st.binary(max_size=60), st.binary(min_size=52, max_size=52))
def test_any_bytes_are_a_class_descriptor_or_refused(raw: bytes, body: bytes) -> None:
    ccid_descriptor.find(raw)
    for candidate in (raw, b"\x36\x21" + body):
        try:
            reader = ccid_descriptor.parse(candidate)
        except ProtocolError as error:
            assert error.code == "ccid_descriptor"
        else:
            assert 10 < reader.max_message <= ccid_descriptor.LONGEST and reader.clock_khz > 0
    with pytest.raises(ProtocolError):
        ccid_descriptor.parse(b"\x36\x21" + body[:-1])


@pytest.mark.parametrize(("told", "taken"), [(254, 254), (252, 252), (0, 254), (4096, 254)])
def test_a_reader_takes_t1_blocks_as_long_as_it_says(told: int, taken: int) -> None:
    raw = TPDU_READER[:28] + told.to_bytes(4, "little") + TPDU_READER[32:]
    assert ccid_descriptor.parse(raw).max_ifsd == taken
