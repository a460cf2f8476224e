"""T=0: an APDU by its TPDUs, whatever the card says; a command that carries data goes out once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol import t0
from fapiao_kernel.protocol.apdu import Command


def course(apdu: str, *answers: str) -> tuple[list[str], str]:
    """What went out, and what came of it."""
    sent = []
    running = t0.exchange(bytes.fromhex(apdu))
    try:
        sent.append(next(running).hex())
        for answer in answers:
            sent.append(running.send(bytes.fromhex(answer)).hex())
    except StopIteration as done:
        return sent, done.value.hex()
    raise AssertionError(f"still going: {sent}")


def test_case_1_goes_out_with_a_zero() -> None:
    assert course("00a40000", "9000") == (["00a4000000"], "9000")


def test_case_2_brings_its_data_back() -> None:
    assert course("00b0000002", "abcd9000") == (["00b0000002"], "abcd9000")


def test_case_3_carries_its_data() -> None:
    assert course("c0f6000102aabb", "6985") == (["c0f6000102aabb"], "6985")


def test_case_4_fetches_its_answer() -> None:
    sent, reply = course("c0f4000102aabb00", "6103", "0102039000")
    assert (sent, reply) == (["c0f4000102aabb", "00c0000003"], "0102039000")


def test_a_long_answer_comes_in_turns() -> None:
    part = "11" * 256
    sent, reply = course("c0f40001000002aabb0000", "6100", part + "6102", "22229000")
    assert sent[1:] == ["00c0000000", "00c0000002"]
    assert reply == part + "22229000"


def test_case_4_that_is_done_at_once_asks_for_the_answer_and_minds_no_refusal() -> None:
    assert course("c0f4000102aabb05", "9000", "01029000") == (["c0f4000102aabb", "00c0000005"], "01029000")
    assert course("c0f4000102aabb05", "9000", "6d00")[1] == "9000"


def test_a_wrong_length_is_put_right_where_no_data_went_out() -> None:
    assert course("c0ca000100", "6c07", "010203040506079000") == (["c0ca000100", "c0ca000107"], "010203040506079000")


def test_a_wrong_length_is_put_right_once() -> None:
    assert course("c0ca000100", "6c07", "6c05") == (["c0ca000100", "c0ca000107"], "6c05")


def test_more_than_was_wanted_is_not_fetched() -> None:
    assert course("c0ca000105", "6c07") == (["c0ca000105"], "6c07")


def test_a_command_with_data_never_goes_out_again() -> None:
    assert course("c0f4000102aabb00", "6c03") == (["c0f4000102aabb"], "6c03")


def test_a_wrong_length_of_get_response_is_put_right() -> None:
    sent, reply = course("c0f4000102aabb00", "6110", "6c02", "01029000")
    assert (sent[1:], reply) == (["00c0000010", "00c0000002"], "01029000")


@pytest.mark.parametrize("said", ["6d00", "6985", "6f00", "6107"])
def test_an_answer_that_cannot_be_fetched_is_no_refusal_of_the_command(said: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        course("c0f4000102aabb00", "6103", said)
    assert caught.value.code == "t0_answer_lost"


def test_the_answer_is_fetched_on_the_channel_of_the_command() -> None:
    assert course("02a4000002aabb00", "6101", "019000")[0][1] == "02c0000001"


def test_data_beyond_a_tpdu_is_refused_before_anything_goes_out() -> None:
    with pytest.raises(ProtocolError) as caught:
        next(t0.exchange(Command(0, 0xD6, 0, 0, bytes(256)).encode()))
    assert caught.value.code == "apdu_too_long"


@pytest.mark.parametrize("answer", ["", "90", "01029000"])
def test_what_is_no_response_is_refused(answer: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        course("c0f6000102aabb", answer)
    assert caught.value.code == "protocol_apdu"


SAID = st.one_of(
    st.sampled_from(["9000", "6100", "6102", "6c00", "6c04", "6d00", "6282"]).map(bytes.fromhex), st.binary(max_size=6)
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.binary(max_size=3), st.sampled_from([0, 1, 4, 256, 65536]), st.lists(SAID, min_size=30, max_size=30))
def test_whatever_the_card_says_a_command_with_data_goes_out_once(data: bytes, le: int, said: list[bytes]) -> None:
    sent = []
    running = t0.exchange(Command(0xC0, 0xF4, 0, 1, data, le).encode())
    try:
        sent.append(next(running))
        for answer in said:
            sent.append(running.send(answer))
    except (StopIteration, ProtocolError):
        pass
    commands = [tpdu for tpdu in sent if tpdu[1] == 0xF4]
    assert len(commands) == 1 or (not data and len(commands) == 2 and said[0][:1] == b"\x6c")
