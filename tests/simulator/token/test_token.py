"""The token as a USB host sees it, held to the standard and its note."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.simulator.token import faults
from fapiao_kernel.simulator.token.descriptors import Level, Model, Speed
from fapiao_kernel.simulator.token.errors import Gone, Overflow, Stall, UsbFault
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.token.host import (
    ABORT,
    GET,
    OFF,
    ON,
    ROOM,
    SET,
    STATUS,
    XFR,
    Echo,
    Mute,
    ask,
    packed,
    read,
    ready,
    xfr,
)


@pytest.fixture
def card() -> Echo:
    return Echo()


@pytest.fixture
def token(card: Echo) -> Token:
    return ready(Token(card))


def test_the_class_descriptor_stands_behind_the_interface_and_names_the_level() -> None:
    described = Token(Echo(), Model(level=Level.SHORT_APDU)).descriptors()
    total = struct.unpack_from("<H", described.configuration, 2)[0]
    assert total == len(described.configuration) and len(described.ccid) == 54
    assert described.configuration[18 : 18 + 54] == described.ccid
    assert described.configuration[9 + 5] == 0x0B
    features, longest = struct.unpack_from("<II", described.ccid, 40)
    assert features & 0x00070000 == 0x00020000 and longest == 271


def test_a_string_descriptor_gives_the_serial_number(token: Token) -> None:
    raw = token.control(0x80, 6, 0x0303, 0x0409, 255)
    assert raw[0] == len(raw) and raw[2:].decode("utf-16-le") == "PRACTICE0001"


def test_a_request_gives_no_more_than_was_asked_for(token: Token) -> None:
    assert token.control(0x80, 6, 0x0100, 0, 8) == token.descriptors().device[:8]


@pytest.mark.parametrize("request_", [(0x80, 6, 0x0600, 0), (0x00, 9, 7, 0), (0x40, 1, 0, 0), (0x81, 6, 0x2100, 1)])
def test_a_request_not_understood_stalls(token: Token, request_: tuple[int, int, int, int]) -> None:
    with pytest.raises(Stall):
        token.control(*request_, 64)


def test_power_on_gives_an_atr_whose_check_byte_is_right(token: Token) -> None:
    atr = ask(token, ON, seq=9).data
    check = 0
    for byte in atr[1:]:
        check ^= byte
    assert atr[0] == 0x3B and check == 0 and atr[1] & 0x0F == 10


def test_an_apdu_reaches_the_card_once_and_its_answer_carries_the_seq(token: Token, card: Echo) -> None:
    answer = xfr(token, b"\x00\xa4\x00\x0c\x02\xef\x01", seq=77)
    assert (answer.seq, answer.command, answer.data[-2:]) == (77, 0, b"\x90\x00")
    assert card.heard == [b"\x00\xa4\x00\x0c\x02\xef\x01"] and card.told == 1


def test_without_power_a_command_does_not_reach_the_card(card: Echo) -> None:
    answer = xfr(Token(card), b"\x00\xa4\x00\x00")
    assert (answer.card, answer.command, answer.error) == (1, 1, 0xFE) and card.heard == []


def test_a_mute_card_is_mute_until_power_on() -> None:
    card = Mute()
    token = ready(Token(card))
    assert [xfr(token, b"\0\0\0\0").error, xfr(token, b"\0\0\0\0").error] == [0xFE, 0xFE] and len(card.heard) == 1
    assert ask(token, ON).command == 0


def test_power_off_ends_the_session(token: Token, card: Echo) -> None:
    before = card.resets
    answer = ask(token, OFF)
    assert (answer.type, answer.card, answer.special) == (0x81, 1, 1) and card.resets == before + 1


def test_an_empty_slot_says_so() -> None:
    token = Token(None)
    assert ask(token, STATUS).card == 2
    assert (ask(token, ON).command, ask(token, GET).error) == (1, 0xFE)


@pytest.mark.parametrize("kind", [0x6B, 0x6E, 0x6A, 0x69, 0x71, 0x73, 0x00, 0xFF])
def test_what_is_not_supported_is_refused_politely(token: Token, kind: int) -> None:
    answer = ask(token, kind, seq=3)
    assert (answer.command, answer.error, answer.seq, answer.length) == (1, 0, 3, 0)


def test_another_slot_is_refused(token: Token) -> None:
    answer = ask(token, STATUS, slot=1)
    assert (answer.command, answer.error, answer.slot) == (1, 5, 1)


@pytest.mark.parametrize(
    "raw", [b"\x65", b"\x65\x05\0\0\0\0\0\0\0\0", b"\x65\0\0\0\0\0\0\0\0\0\0", b"\x65" + b"\xff" * 9]
)
def test_a_length_that_is_not_true_is_refused(token: Token, raw: bytes) -> None:
    token.bulk_out(raw)
    assert read(token.bulk_in(ROOM)).error == 1
    assert ask(token, STATUS).command == 0


def test_parameters_of_the_cards_protocol_can_be_set_and_no_others(token: Token) -> None:
    assert ask(token, GET).data.hex() == "11100045002000"
    assert ask(token, SET, bytes.fromhex("18100045002000"), special=b"\1\0\0").data[0] == 0x18
    assert ask(token, SET, bytes.fromhex("1100000A00"), special=b"\0\0\0").error == 7
    assert ask(token, SET, b"\x11", special=b"\1\0\0").error == 1


def test_a_message_may_come_in_full_packets(token: Token, card: Echo) -> None:
    message = packed(XFR, bytes(2000))
    for at in range(0, len(message), 512):
        token.bulk_out(message[at : at + 512])
    assert read(token.bulk_in(ROOM)).data == bytes(2000) + b"\x90\x00"
    assert card.heard == [bytes(2000)]


def test_a_message_that_ends_in_mid_data_is_refused_and_never_reaches_the_card(token: Token, card: Echo) -> None:
    token.bulk_out(packed(XFR, bytes(600))[:512])
    token.bulk_out(b"\0" * 5)
    assert read(token.bulk_in(ROOM)).error == 1 and card.heard == []


def test_a_message_longer_than_the_token_takes_is_refused(card: Echo) -> None:
    token = ready(Token(card, Model(max_message=1024)))
    message = packed(XFR, bytes(4096))
    for at in range(0, len(message), 512):
        token.bulk_out(message[at : at + 512])
    assert read(token.bulk_in(ROOM)).error == 1 and card.heard == []


def test_an_answer_of_full_packets_ends_with_an_empty_one(token: Token) -> None:
    token.bulk_out(packed(XFR, bytes(512 - 12)))
    assert (len(token.bulk_in(512) or b""), token.bulk_in(512), token.bulk_in(512)) == (512, b"", None)


def test_a_read_too_small_for_a_packet_overflows(token: Token) -> None:
    token.bulk_out(packed(XFR, bytes(100)))
    with pytest.raises(Overflow):
        token.bulk_in(64)


def test_full_speed_has_small_packets() -> None:
    token = ready(Token(Echo(), Model(speed=Speed.FULL)))
    token.bulk_out(packed(XFR, bytes(100)))
    assert [len(token.bulk_in(64) or b""), len(token.bulk_in(64) or b"")] == [64, 48]


def test_a_command_in_chained_parts_reaches_the_card_whole(card: Echo) -> None:
    token = ready(Token(card, Model(max_message=271)))
    apdu = bytes(range(256)) * 3
    parts = [apdu[at : at + 261] for at in range(0, len(apdu), 261)]
    middle = [xfr(token, parts[0], 1), *(xfr(token, part, 3) for part in parts[1:-1])]
    assert all((m.special, m.length) == (0x10, 0) for m in middle) and card.heard == []
    answers = [xfr(token, parts[-1], 2)]
    while answers[-1].special in (1, 3):
        assert card.told == 0
        answers.append(xfr(token, b"", 0x10))
    assert [a.special for a in answers] == [1, 3, 2] and card.heard == [apdu] and card.told == 1
    assert b"".join(a.data for a in answers) == apdu + b"\x90\x00"


def test_chaining_out_of_order_is_refused(token: Token, card: Echo) -> None:
    assert [xfr(token, b"x", level).error for level in (2, 3, 0x10, 7)] == [8, 8, 8, 8] and card.heard == []


def test_the_short_level_refuses_extended_apdus(card: Echo) -> None:
    token = ready(Token(card, Model(level=Level.SHORT_APDU)))
    assert xfr(token, bytes.fromhex("C0C8000000000901020304050607080900F0")).error == 1
    assert xfr(token, bytes.fromhex("00A4000C02EF01")).command == 0 and len(card.heard) == 1


def test_abort_fails_everything_until_the_message_with_its_seq(token: Token, card: Echo) -> None:
    token.control(0x21, 1, 5 << 8, 0)
    assert xfr(token, b"\0\0\0\0", seq=4).error == 0xFF
    assert ask(token, ABORT, seq=4).error == 0xFF
    assert ask(token, ABORT, seq=5).command == 0
    assert xfr(token, b"\0\0\0\0", seq=6).command == 0 and len(card.heard) == 1


def test_card_out_and_in_are_told_by_interrupt_once(token: Token) -> None:
    assert (token.interrupt_in(), token.interrupt_in()) == (b"\x50\x03", None)
    token.draw()
    assert (token.interrupt_in(), ask(token, STATUS).card) == (b"\x50\x02", 2)
    token.insert()
    assert (token.interrupt_in(), ask(token, STATUS).card) == (b"\x50\x03", 1)


def test_more_time_is_asked_for_before_a_slow_answer(token: Token, card: Echo) -> None:
    card.extensions = 2
    token.bulk_out(packed(XFR, b"\0\0\0\0", seq=8))
    answers = [read(token.bulk_in(ROOM)) for _ in range(3)]
    assert [(a.command, a.seq) for a in answers] == [(2, 8), (2, 8), (0, 8)]


def test_a_stalled_endpoint_works_again_after_clear_feature(token: Token) -> None:
    token.control(0x02, 3, 0, 0x01)
    with pytest.raises(Stall):
        token.bulk_out(packed(STATUS))
    assert token.control(0x82, 0, 0, 0x01, 2) == b"\1\0"
    token.control(0x02, 1, 0, 0x01)
    assert ask(token, STATUS).command == 0


def test_unplugged_is_gone_for_every_call_and_replugged_begins_anew(token: Token) -> None:
    token.unplug()
    for call in (lambda: token.bulk_in(64), lambda: token.bulk_out(b""), token.interrupt_in):
        with pytest.raises(Gone):
            call()
    token.plug()
    assert token.configuration == 0 and ask(token, STATUS).card == 1


_STEPS = st.one_of(
    st.tuples(st.just("out"), st.binary(max_size=600)),
    st.tuples(
        st.just("out"),
        st.builds(
            packed,
            st.sampled_from([*range(0x60, 0x74)]),
            st.binary(max_size=30),
            st.integers(0, 255),
            st.sampled_from([bytes([0, n, 0]) for n in (0, 1, 2, 3, 0x10)]),
            st.integers(0, 1),
        ),
    ),
    st.tuples(st.just("in"), st.sampled_from([0, 1, 64, 512, ROOM])),
    st.tuples(st.just("control"), st.tuples(*[st.integers(0, 255)] * 2, *[st.integers(0, 0xFFFF)] * 2)),
    st.tuples(st.sampled_from(["interrupt_in", "given_up", "draw", "insert", "plug"]), st.none()),
)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(level=st.sampled_from(Level), seed=st.integers(0, 2**16), steps=st.lists(_STEPS, max_size=25))
def test_whatever_a_host_does_a_token_only_answers_or_faults(level: Level, seed: int, steps: list) -> None:
    token = ready(Token(Echo(), Model(level=level)))
    token._plan = faults.Plan(faults.drawn(seed))
    for name, given_ in steps:
        try:
            match name:
                case "out":
                    token.bulk_out(given_)
                case "in":
                    answer = token.bulk_in(given_)
                    assert answer is None or len(answer) <= given_
                case "control":
                    token.control(*given_, 64)
                case _:
                    getattr(token, name)()
        except UsbFault:
            continue
