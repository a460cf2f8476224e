"""The USB link over pyusb against the simulated token: the right answer or an honest error, and no command ever twice."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices.links.usb_ccid.link import IDLE, TOTAL_WAIT
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.token.descriptors import Level, Speed
from fapiao_kernel.simulator.token.faults import AT_MESSAGE
from tests.devices.links.usb_lab import Card, Lab, answer_to, apdu


@pytest.mark.parametrize("speed", Speed)
@pytest.mark.parametrize("level", Level)
def test_an_answer_comes_back_at_each_exchange_level_and_speed(level: Level, speed: Speed) -> None:
    lab = Lab(level=level, speed=speed)
    link = lab.open()
    for number, length in enumerate((1, 8, 40, 54, 100, 248)):
        assert link.transmit(apdu(number, length)) == answer_to(apdu(number, length))
    assert len(lab.card.heard) == 6
    link.close()


@pytest.mark.parametrize("room", [0, 271, 64 + 10, 512 + 10])
@pytest.mark.parametrize("length", [0, 1, 255, 256, 502, 1000, 20000])
def test_an_extended_command_of_any_length_goes_out_and_its_answer_comes_back(room: int, length: int) -> None:
    lab = Lab(max_message=room)
    link = lab.open()
    command = apdu(7, length)[:-1] + b"\x00" if length <= 255 else apdu(7, length)[:-2] + b"\x00\x00"
    assert link.transmit(command) == answer_to(command)
    assert len(lab.card.heard) == 1


def test_the_atr_is_read_at_power_on() -> None:
    link = Lab().open()
    assert link.atr is not None and link.atr.protocol == 1 and len(link.atr.historical) == 10


def test_closing_powers_the_card_off_and_frees_the_device() -> None:
    lab = Lab()
    link = lab.open()
    link.close()
    link.close()
    assert lab.port.handles == []
    with pytest.raises(NotReachable) as caught:
        link.transmit(apdu(1))
    assert (caught.value.code, caught.value.effect, lab.card.heard) == ("device_link_broken", Effect.NOT_SENT, [])
    lab.open().close()


def test_the_driver_of_the_kernel_is_put_aside_and_comes_back() -> None:
    lab = Lab()
    lab.port.kernel_driver = True
    link = lab.open()
    assert not lab.port.kernel_driver
    link.close()
    assert lab.port.kernel_driver


def test_closing_from_another_thread_ends_a_wait() -> None:
    lab = Lab({"at": "xfr", "do": "silence"})
    link = lab.open()
    closing: list[threading.Thread] = []

    def while_waiting(seconds: float) -> None:
        lab.now += seconds
        if not closing:
            closing.append(threading.Thread(target=link.close))
            closing[0].start()
            while not link._closing:  # the other thread's first act
                pass

    lab.bus.on_wait = while_waiting
    before = lab.now
    with pytest.raises(NotReachable) as caught:
        link.transmit(apdu(1))
    closing[0].join(10)
    assert caught.value.effect is Effect.UNKNOWN and lab.now - before < 1 and lab.port.handles == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, NotImplementedError])
def test_whatever_ends_an_opening_the_device_is_given_up(error: type[BaseException]) -> None:
    lab = Lab()

    def interrupted(length: int) -> bytes | None:
        raise error

    lab.token.bulk_in = interrupted  # type: ignore[method-assign]  # the reader misbehaves from here on
    with pytest.raises((error, NotReachable)):
        lab.open()
    assert lab.port.handles == []


def test_whatever_a_close_meets_the_device_is_given_up() -> None:
    lab = Lab()
    link = lab.open()
    lab.token.bulk_out = lambda data: 1 / 0  # type: ignore[assignment,misc]  # any error that is none of a device's
    with pytest.raises(ZeroDivisionError):
        link.close()
    assert lab.port.handles == []
    link.close()


def test_what_a_system_cannot_do_leaves_the_outcome_open() -> None:
    lab = Lab({"at": "xfr", "do": "stall_in"})
    link = lab.open()

    def unsupported(handle: object, endpoint: int) -> None:
        raise NotImplementedError

    lab.bus.clear_halt = unsupported  # type: ignore[method-assign,assignment]  # libusb on some systems
    with pytest.raises(NotReachable) as caught:
        link.transmit(apdu(1))
    assert caught.value.effect is Effect.UNKNOWN


# --- what goes wrong ------------------------------------------------------------------------------------------------


def course(lab: Lab, commands: int = 5, lengths: tuple[int, ...] = (8,)) -> FapiaoError | None:
    """Commands until one fails; holds the link to its promises all the way."""
    try:
        link = lab.open()
    except (NotReachable, ProtocolError) as error:
        assert error.effect is Effect.NOT_SENT and lab.card.heard == [] and lab.port.handles == []
        return error
    for number in range(commands):
        command = apdu(number, lengths[number % len(lengths)])
        try:
            reply = link.transmit(command)
        except (NotReachable, ProtocolError) as error:
            if lab.card.known(command) in lab.card.heard:
                assert error.effect is Effect.UNKNOWN
            assert error.effect in (Effect.UNKNOWN, Effect.NOT_SENT)
            broken = lab.token.transfers
            with pytest.raises(NotReachable, match="device_link_broken"):
                link.transmit(command)
            assert lab.token.transfers == broken
            link.close()
            assert len(set(lab.card.heard)) == len(lab.card.heard)
            return error
        assert reply == answer_to(command)
    link.close()
    assert len(set(lab.card.heard)) == len(lab.card.heard) == commands
    return None


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("fault", AT_MESSAGE)
def test_each_fault_ends_in_the_right_answer_or_an_honest_error(fault: str, level: Level) -> None:
    for nth in (1, 3, 4, 6):
        for n in (1, 3, 64):
            course(Lab({"at": "message", "do": fault, "nth": nth, "n": n}, level=level))


@pytest.mark.parametrize("fault", ["stale", "duplicate", "zlp_first", "time_extension", "stall_in", "late"])
def test_what_a_reader_may_do_does_not_disturb(fault: str) -> None:
    assert course(Lab({"at": "xfr", "do": fault, "nth": 2, "times": 2, "n": 3})) is None


def test_an_answer_in_packets_of_its_own_size_is_put_together() -> None:
    lab = Lab({"at": "xfr", "do": "fragment", "times": 5, "n": 64}, speed=Speed.FULL)
    assert course(lab, lengths=(8, 200, 248)) is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("silence", "device_silent"),
        ("lose_reply_after_commit", "device_silent"),
        ("stall_out", "usb_stalled"),
        ("corrupt_seq", "device_silent"),
        ("corrupt_length", "ccid_message"),
        ("truncate", "ccid_message"),
        ("fragment", "ccid_message"),
        ("overflow", "protocol_garbled"),
        ("broken", "device_gone"),
        ("unplug_before_commit", "device_gone"),
        ("unplug_after_commit", "device_gone"),
        ("card_out_before_commit", "device_card_absent"),
        ("card_out_after_commit", None),
        ("power_loss", "device_silent"),
    ],
)
def test_each_failure_has_its_name(fault: str, code: str | None) -> None:
    error = course(Lab({"at": "xfr", "do": fault, "nth": 2, "n": 9}), commands=2)
    assert (error and error.code) == code
    if error is not None:
        assert error.effect is Effect.UNKNOWN


def test_unplugged_at_each_transfer_no_command_is_ever_there_twice() -> None:
    codes = set()
    for nth in range(1, 40):
        error = course(
            Lab({"at": "transfer", "do": "unplug", "nth": nth}, max_message=64), commands=3, lengths=(8, 300)
        )
        codes.add(error and error.code)
    assert codes == {"device_gone", "device_absent", None} or codes == {"device_gone", None}


@pytest.mark.parametrize("level", Level)
def test_unplugged_at_each_byte_no_command_is_ever_there_twice(level: Level) -> None:
    for nth in range(1, 240, 3):
        course(Lab({"at": "byte", "do": "unplug", "nth": nth}, level=level), commands=2)


def test_a_link_is_opened_anew_after_a_replug() -> None:
    lab = Lab()
    link = lab.open()
    lab.token.unplug()
    with pytest.raises(NotReachable, match="device_gone"):
        link.transmit(apdu(1))
    link.close()
    lab.bus.plug(lab.token)
    assert lab.open().transmit(apdu(2)) == answer_to(apdu(2))


def test_a_late_answer_is_no_answer_to_the_next_session() -> None:
    lab = Lab({"at": "xfr", "do": "late", "n": 1000})
    with pytest.raises(NotReachable, match="device_silent"):
        lab.open().transmit(apdu(1))
    lab.bus.ports[0].handles.clear()  # that program was killed
    link = lab.open()
    assert link.transmit(apdu(2)) == answer_to(apdu(2))


def test_a_card_that_asks_for_time_for_ever_is_not_waited_for() -> None:
    lab = Lab({"at": "xfr", "do": "time_extension", "n": 0xFFFF})
    before = lab.now
    error = course(lab, commands=1)
    assert error is not None and error.code == "device_silent" and lab.now - before <= TOTAL_WAIT + 10


def test_a_reader_that_never_ends_its_message_is_not_listened_to_for_ever() -> None:
    lab = Lab()
    link = lab.open()
    given = 0

    def endless(length: int) -> bytes:
        nonlocal given
        given += length
        assert given < 1_000_000
        return b"\x80\xff\xff\xff\xff".ljust(length, b"\0")

    lab.token.bulk_in = endless  # type: ignore[method-assign]  # the reader misbehaves from here on
    with pytest.raises(ProtocolError, match="ccid_message") as caught:
        link.transmit(apdu(1))
    assert caught.value.effect is Effect.UNKNOWN


def test_a_reader_that_never_stops_giving_notices_is_used_all_the_same() -> None:
    lab = Lab()
    told = 0

    def chatter() -> bytes:
        nonlocal told
        told += 1
        assert told < 1000
        return b"\x50\x03"

    lab.token.interrupt_in = chatter  # type: ignore[method-assign]  # the reader misbehaves from here on
    link = lab.open()
    lab.now += IDLE * 2
    assert link.transmit(apdu(1)) == answer_to(apdu(1))


PLANS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.sampled_from(["xfr", "message"]),
            "do": st.sampled_from(AT_MESSAGE),
            "nth": st.integers(1, 8),
            "times": st.integers(1, 2),
            "n": st.sampled_from([1, 2, 9, 64, 512]),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(derandomize=True, max_examples=120, deadline=None)
@given(PLANS, st.sampled_from(list(Level)), st.sampled_from(list(Speed)), st.sampled_from([0, 64, 271]))
def test_any_plan_of_faults_ends_in_right_answers_or_an_honest_error(
    plan: list[dict[str, Any]], level: Level, speed: Speed, room: int
) -> None:
    short = level is not Level.EXTENDED_APDU
    course(Lab(*plan, level=level, speed=speed, max_message=0 if short else room), lengths=(8, 120))


@settings(derandomize=True, max_examples=80, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=40), st.tuples(st.integers(0, 3), st.binary(max_size=8))), max_size=6),
    st.sampled_from(list(Level)),
)
def test_any_bytes_from_a_reader_are_an_answer_or_an_error_of_ours(said: list[Any], level: Level) -> None:
    lab = Lab({"at": "xfr", "do": "silence", "times": 99, "nth": 3 if level is Level.TPDU_T1 else 1}, level=level)
    link = lab.open()

    def say(length: int) -> bytes | None:
        """Bytes by lot, or a sound header with such a tail."""
        if not said:
            return None
        one = said.pop(0)
        if isinstance(one, bytes):
            return one[:length]
        seq = link._slot._seq - 1 & 0xFF
        return bytes((0x80, len(one[1]), 0, 0, 0, 0, seq, one[0] << 6, 0, 0)) + one[1]

    lab.token.bulk_in = say  # type: ignore[method-assign]  # the reader speaks out of turn from here on
    try:
        assert len(link.transmit(apdu(1))) >= 2
    except (NotReachable, ProtocolError) as error:
        assert error.effect is Effect.UNKNOWN
    link.close()


# --- a card that is drawn -------------------------------------------------------------------------------------------


def test_a_card_drawn_at_rest_is_told_before_anything_is_sent() -> None:
    lab = Lab()
    link = lab.open()
    link.transmit(apdu(1))
    lab.token.draw()
    lab.now += IDLE * 2
    with pytest.raises(NotReachable) as caught:
        link.transmit(apdu(2))
    assert (caught.value.code, caught.value.effect) == ("device_card_absent", Effect.NOT_SENT)
    assert len(lab.card.heard) == 1


def test_a_card_put_in_again_at_rest_is_not_taken_for_the_one_before() -> None:
    lab = Lab()
    link = lab.open()
    lab.token.insert(Card())
    lab.now += IDLE * 2
    with pytest.raises(NotReachable) as caught:
        link.transmit(apdu(2))
    assert (caught.value.code, caught.value.effect) == ("device_card_changed", Effect.NOT_SENT)


def test_a_card_changed_in_no_time_is_not_taken_for_the_one_before_either() -> None:
    lab = Lab()
    link = lab.open()
    other = Card()
    lab.token.insert(other)
    with pytest.raises(FapiaoError):
        link.transmit(apdu(2))
    assert other.heard == []


def test_between_commands_in_a_row_nobody_waits_for_notices() -> None:
    lab = Lab()
    link = lab.open()
    waited = lab.bus.waited
    for number in range(10):
        link.transmit(apdu(number))
    assert lab.bus.waited == waited


def test_no_card_is_told_on_opening() -> None:
    lab = Lab()
    lab.token.draw()
    with pytest.raises(NotReachable, match="device_card_absent") as caught:
        lab.open()
    assert caught.value.effect is Effect.NOT_SENT and lab.port.handles == []
