"""The courses of a slot and of the card in it, against scripted answers: matching, waiting, failing, chaining, levels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.protocol import atr as atr_form
from fapiao_kernel.protocol.ccid import EXTENSIONS, STALE, Course, Slot, parameters
from fapiao_kernel.protocol.ccid_card import extended, short, start
from fapiao_kernel.protocol.ccid_descriptor import ClassDescriptor, Features

ATR_T1 = bytes.fromhex("3B80812145") + bytes((0x80 ^ 0x81 ^ 0x21 ^ 0x45,))
ATR_T0 = bytes.fromhex("3B00")
AUTOMATIC = Features.VOLTAGE | Features.PARAMETERS_FROM_ATR


def reader(
    level: Features = Features.EXTENDED_APDU,
    features: Features = AUTOMATIC,
    room: int = 65544,
    protocols: int = 3,
    ifsd: int = 254,
) -> ClassDescriptor:
    return ClassDescriptor(1, 7, protocols, 3580, ifsd, features | level, room + 10)


def slot(**made: object) -> Slot:
    return Slot(reader(**made), "lab", seq=250)  # type: ignore[arg-type]  # the keywords of reader()


def answer(sent: bytes, data: bytes = b"", kind: int = 0x80, status: int = 0, error: int = 0, detail: int = 0) -> bytes:
    """What a reader says to a message."""
    return bytes((kind,)) + len(data).to_bytes(4, "little") + bytes((sent[5], sent[6], status, error, detail)) + data


class Talk:
    """A course run by hand: ``sent`` is every message that went out, ``waits`` how long each answer may take."""

    def __init__(self, course: Course[object]) -> None:
        self.course = course
        self.sent: list[bytes] = []
        self.waits: list[float] = []
        self.result: object = None
        self.done = False
        self._note(next(course))

    def hear(self, raw: bytes | None) -> Talk:
        try:
            self._note(self.course.send(raw))
        except StopIteration as done:
            self.done, self.result = True, done.value
        return self

    def reply(self, data: bytes = b"", kind: int = 0x80, status: int = 0, error: int = 0, detail: int = 0) -> Talk:
        return self.hear(answer(self.sent[-1], data, kind, status, error, detail))

    def _note(self, step: tuple[bytes, float]) -> None:
        if step[0]:
            self.sent.append(step[0])
        self.waits.append(step[1])


def blocks(talk: Talk) -> list[tuple[int, bytes]]:
    """wLevelParameter and data of each XfrBlock."""
    return [(int.from_bytes(sent[8:10], "little"), sent[10:]) for sent in talk.sent if sent[0] == 0x6F]


# --- one command ----------------------------------------------------------------------------------------------------


def test_each_message_has_the_next_number_and_it_wraps() -> None:
    one = slot()
    for number in (250, 251, 252, 253, 254, 255, 0, 1):
        talk = Talk(one.status())
        assert talk.sent[0] == bytes((0x65, 0, 0, 0, 0, 0, number, 0, 0, 0))
        talk.reply(kind=0x81)
        assert talk.done


def test_an_answer_to_something_else_is_dropped() -> None:
    talk = Talk(extended(slot(), b"\0\xa4\0\0"))
    sent = talk.sent[0]
    for field in (0, 5, 6):  # kind, slot, seq
        wrong = bytearray(answer(sent, b"\x6a\x82"))
        wrong[field] = {0: 0x81, 5: 1, 6: sent[6] - 1 & 0xFF}[field]
        assert not talk.hear(bytes(wrong)).done
    talk.reply(b"\x90\x00")
    assert talk.result == b"\x90\x00" and len(talk.sent) == 1


def test_a_reader_that_only_repeats_itself_is_given_up() -> None:
    talk = Talk(extended(slot(), b"\0\xa4\0\0"))
    stale = answer(bytes(10), b"\x90\x00")
    for _ in range(STALE):
        talk.hear(stale)
    with pytest.raises(ProtocolError, match="protocol_garbled"):
        talk.hear(stale)


def test_a_reader_that_asks_for_time_gets_so_many_block_waiting_times() -> None:
    one = slot()
    one.block_wait = 1.5
    talk = Talk(extended(one, b"\0\xa4\0\0"))
    talk.reply(status=0x80, error=10)
    assert len(talk.sent) == 1 and talk.waits[-1] - talk.waits[0] == pytest.approx(9 * 1.5)
    talk.reply(status=0x80, error=0)
    assert talk.waits[-1] == talk.waits[0]
    assert talk.reply(b"\x90\x00").result == b"\x90\x00"


def test_a_reader_that_asks_for_time_for_ever_is_given_up() -> None:
    talk = Talk(extended(slot(), b"\0\xa4\0\0"))
    for _ in range(EXTENSIONS):
        talk.reply(status=0x80, error=1)
    with pytest.raises(NotReachable, match="device_silent"):
        talk.reply(status=0x80, error=1)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (0x42, 0xFE, "device_card_absent"),
        (0x02, 0, "device_card_absent"),
        (0x40, 0xFE, "device_silent"),
        (0x41, 0xFB, "ccid_failed"),
    ],
)
def test_a_failed_command_says_why(status: int, error: int, code: str) -> None:
    with pytest.raises(FapiaoError) as caught:
        Talk(extended(slot(), b"\0\xa4\0\0")).reply(status=status, error=error)
    assert caught.value.code == code
    assert caught.value.original == f"bStatus {status:02X} bError {error:02X}"


def test_silence_is_told() -> None:
    with pytest.raises(NotReachable, match="device_silent"):
        Talk(extended(slot(), b"\0\xa4\0\0")).hear(None)


# --- extended APDUs -------------------------------------------------------------------------------------------------


def test_a_command_that_fits_goes_whole() -> None:
    talk = Talk(extended(slot(room=261), bytes(261))).reply(b"\x90\x00")
    assert blocks(talk) == [(0, bytes(261))] and talk.result == b"\x90\x00"


def test_a_long_command_goes_in_parts_and_a_long_answer_comes_in_parts() -> None:
    apdu = bytes(range(250))
    talk = Talk(extended(slot(room=100), apdu)).reply(detail=0x10).reply(detail=0x10)
    assert blocks(talk) == [(1, apdu[:100]), (3, apdu[100:200]), (2, apdu[200:])]
    talk.reply(b"ab", detail=1).reply(b"cd", detail=3).reply(b"\x90\x00", detail=2)
    assert blocks(talk)[3:] == [(0x10, b""), (0x10, b"")] and talk.result == b"abcd\x90\x00"


def test_a_command_of_two_full_messages_has_no_empty_end() -> None:
    talk = Talk(extended(slot(room=100), bytes(200))).reply(detail=0x10)
    assert blocks(talk) == [(1, bytes(100)), (2, bytes(100))]


@pytest.mark.parametrize("said", [(b"\x67\x00", 0), (b"", 0), (b"x", 0x10), (b"", 1)])
def test_an_answer_to_half_a_command_ends_it(said: tuple[bytes, int]) -> None:
    with pytest.raises(ProtocolError, match="ccid_chain"):
        Talk(extended(slot(room=100), bytes(250))).reply(said[0], detail=said[1])


@pytest.mark.parametrize("said", [(b"ab", 0), (b"", 3), (b"ab", 1)])
def test_an_answer_out_of_order_ends_the_exchange(said: tuple[bytes, int]) -> None:
    with pytest.raises(ProtocolError, match="ccid_chain"):
        Talk(extended(slot(), b"\0\xa4\0\0")).reply(b"ab", detail=1).reply(said[0], detail=said[1])


def test_an_answer_without_status_word_is_refused() -> None:
    with pytest.raises(ProtocolError, match="protocol_apdu"):
        Talk(extended(slot(), b"\0\xa4\0\0")).reply(b"\x90")


# --- short APDUs ----------------------------------------------------------------------------------------------------


def test_a_short_reader_gets_the_short_form() -> None:
    talk = Talk(short(slot(level=Features.SHORT_APDU, room=261), bytes.fromhex("00b000000000 10")))
    assert blocks(talk) == [(0, bytes.fromhex("00b0000010"))]


@pytest.mark.parametrize("apdu", ["00b00000000000", "00d60000000100" + "00" * 256])
def test_a_short_reader_is_sent_nothing_that_has_no_short_form(apdu: str) -> None:
    with pytest.raises(ProtocolError, match="apdu_too_long"):
        next(short(slot(level=Features.SHORT_APDU), bytes.fromhex(apdu)))


# --- opening --------------------------------------------------------------------------------------------------------


def opened(one: Slot, atr: bytes = ATR_T1) -> Talk:
    return Talk(start(one)).reply(kind=0x81, status=1).reply(kind=0x81, status=1).reply(atr)


def test_opening_powers_off_and_on_and_asks_how_to_talk() -> None:
    talk = opened(slot()).reply(bytes(7), kind=0x82, detail=1)
    assert [sent[0] for sent in talk.sent] == [0x65, 0x63, 0x62, 0x6C] and talk.done


def test_an_empty_slot_is_told_before_anything_is_powered() -> None:
    talk = Talk(start(slot()))
    with pytest.raises(NotReachable, match="device_card_absent"):
        talk.reply(kind=0x81, status=0x42, error=0xFE)


def test_a_reader_that_leaves_the_voltage_to_us_begins_with_the_lowest() -> None:
    talk = (
        Talk(start(slot(features=Features.PARAMETERS_FROM_ATR))).reply(kind=0x81, status=1).reply(kind=0x81, status=1)
    )
    assert talk.sent[-1][7] == 3
    talk.reply(status=0x41, error=0xFE).reply(kind=0x81, status=1)
    assert talk.sent[-1][7] == 2
    talk.reply(ATR_T1)
    assert talk.sent[-1][0] == 0x6C


def test_a_card_that_never_answers_to_power_is_told() -> None:
    talk = Talk(start(slot())).reply(kind=0x81, status=1).reply(kind=0x81, status=1).reply(status=0x41, error=0xFE)
    with pytest.raises(NotReachable, match="device_card_mute"):
        talk.reply(kind=0x81, status=1)


def test_a_reader_that_sets_nothing_by_itself_is_told_the_parameters() -> None:
    talk = opened(slot(features=Features.VOLTAGE))
    assert talk.sent[-1][0] == 0x61 and talk.sent[-1][7] == 1
    assert talk.sent[-1][10:] == bytes.fromhex("11100045002000")
    assert talk.reply(bytes(7), kind=0x82, detail=1).done


def test_parameters_of_t0_are_five_bytes() -> None:
    assert parameters(atr_form.parse(ATR_T0)) == bytes.fromhex("1100000a00")


def test_a_reader_without_that_command_is_taken_at_the_word_of_the_card() -> None:
    assert opened(slot()).reply(kind=0x82, status=0x40, error=0, detail=9).done


def test_a_protocol_that_the_reader_does_not_speak_is_told() -> None:
    with pytest.raises(ProtocolError, match="atr_protocol"):
        opened(slot(features=Features.VOLTAGE, protocols=1))


def test_a_character_level_reader_is_not_touched() -> None:
    with pytest.raises(ProtocolError, match="ccid_level"):
        next(start(slot(level=Features(0))))


def test_a_t1_card_behind_a_tpdu_reader_gets_blocks_and_loses_none() -> None:
    talk = opened(slot(level=Features.TPDU, room=261)).reply(bytes(7), kind=0x82, detail=1)
    assert blocks(talk)[-1] == (0, bytes.fromhex("00c000c0"))
    talk.reply(bytes.fromhex("00e000e0")).reply(bytes.fromhex("00e101fe1e"))
    assert talk.done
    _, exchange = talk.result  # type: ignore[misc]  # what start() returns
    talk = Talk(exchange(b"\0\xa4\0\0"))
    assert blocks(talk) == [(0, bytes.fromhex("00000400a40000a0"))]
    talk.reply(bytes.fromhex("00c30102c0"))  # S(WTX request, 2)
    assert talk.sent[-1][7] == 2 and talk.sent[-1][10:] == bytes.fromhex("00e30102e0")
    talk.reply(status=0x40, error=0xFD)  # garbled on the way: asked for again by R-block
    assert blocks(talk)[-1][1] == bytes.fromhex("00810081")
    assert talk.reply(bytes.fromhex("000002900092")).result == b"\x90\x00"


def test_a_t1_card_is_told_no_longer_a_block_than_the_reader_takes() -> None:
    talk = opened(slot(level=Features.TPDU, room=261, ifsd=252)).reply(bytes(7), kind=0x82, detail=1)
    talk.reply(bytes.fromhex("00e000e0"))
    assert blocks(talk)[-1] == (0, bytes.fromhex("00c101fc3c"))


@pytest.mark.parametrize("ifsc", [16, 250])
def test_a_t1_card_gets_blocks_as_long_as_its_answer_to_reset_says_that_it_takes(ifsc: int) -> None:
    body = bytes((0x80, 0x81, 0x11, ifsc))  # TA3
    talk = opened(slot(level=Features.TPDU, room=261), b"\x3b" + body + bytes((0x80 ^ 0x81 ^ 0x11 ^ ifsc,)))
    talk.reply(bytes(7), kind=0x82, detail=1).reply(bytes.fromhex("00e000e0")).reply(bytes.fromhex("00e101fe1e"))
    _, exchange = talk.result  # type: ignore[misc]  # what start() returns
    talk = Talk(exchange(bytes(251)))
    assert blocks(talk)[-1][1][:3] == bytes((0, 0x20, ifsc))  # more to come


def test_blocks_end_with_what_the_card_says_they_end_with() -> None:
    crc = bytes.fromhex("3B8081614501")  # TC3: CRC
    talk = opened(slot(level=Features.TPDU, room=261), crc + bytes((0x80 ^ 0x81 ^ 0x61 ^ 0x45 ^ 0x01,)))
    talk.reply(bytes(7), kind=0x82, detail=1)
    assert blocks(talk)[-1][1][:3] == bytes.fromhex("00c000") and len(blocks(talk)[-1][1]) == 5


# --- any bytes ------------------------------------------------------------------------------------------------------

SAID = st.one_of(
    st.none(),
    st.binary(max_size=16),
    st.tuples(st.sampled_from([0, 0x10, 1, 2, 3]), st.sampled_from([0, 0, 0, 0x40, 0x42, 0x80]), st.binary(max_size=5)),
)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(
    st.sampled_from([Features.EXTENDED_APDU, Features.SHORT_APDU, Features.TPDU]),
    st.booleans(),
    st.lists(SAID, max_size=30),
)
def test_whatever_a_reader_says_ends_in_an_answer_or_an_error_of_ours(
    level: Features, t1: bool, said: list[object]
) -> None:
    one = slot(level=level, room=20)
    try:
        talk = opened(one, ATR_T1 if t1 else ATR_T0)
        for raw in unfolded(talk, said):
            talk.hear(raw)
            if talk.done:
                break
    except (ProtocolError, NotReachable):
        pass
    numbers = [sent[6] for sent in talk.sent]
    assert numbers == [(250 + at) % 256 for at in range(len(numbers))]


def unfolded(talk: Talk, said: list[object]) -> Iterator[bytes | None]:
    for one in said:
        if isinstance(one, tuple):
            detail, status, data = one
            kind = {0x6F: 0x80, 0x6C: 0x82, 0x61: 0x82, 0x62: 0x80}.get(talk.sent[-1][0], 0x81)
            yield answer(talk.sent[-1], data, kind, status, 0xFE, detail)
        else:
            assert one is None or isinstance(one, bytes)
            yield one
