"""The PC/SC link against a service that does what the test says; the real one is in ``tests/hardware_lab``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices import owner
from fapiao_kernel.devices.links.pcsc import LINK, find, open_pcsc
from fapiao_kernel.devices.links.pcsc import link as pcsc
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from tests.devices.links.fake_scard import DONE, FakeScard

SELECT = bytes.fromhex("00A4000C02EF02")
Open = Callable[..., Link]


@pytest.fixture
def service() -> FakeScard:
    return FakeScard()


@pytest.fixture
def opened(service: FakeScard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """``opened(where)``: the link on the test's service; closed at the end."""
    monkeypatch.setattr(pcsc, "claim", lambda where: owner.claim(where, tmp_path))
    links: list[Link] = []

    def open_(where: str = "/Lab%20Reader%2000", deadline: float = 5.0) -> Link:
        links.append(open_pcsc(where, service, deadline))
        return links[-1]

    yield open_
    for link in links:
        link.close()


def fails(call: Callable[[], object]) -> FapiaoError:
    with pytest.raises((NotReachable, ProtocolError)) as caught:
        call()
    return caught.value


def test_without_pyscard_finding_and_opening_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    for call in (LINK.find, lambda: LINK.open("/any")):
        error = fails(call)
        assert (error.code, error.effect) == ("device_pcsc_missing", Effect.NOT_SENT)
        assert "pip install fapiao-kernel[pcsc]" in error.remedy


def test_an_answer_comes_back_as_the_card_gave_it(service: FakeScard, opened: Open) -> None:
    service.plan["transmit"] = [b"\x01\x02\x90\x00"]
    assert opened().transmit(SELECT) == b"\x01\x02\x90\x00"
    assert service.sent == [SELECT]


READERS = {"Lab Reader 00": 0x20, "Lab Reader 00 (2)": 0x10, "银行 U 盾": 0x20}


@pytest.mark.parametrize(
    "where", ["/Lab%20Reader%2000", "Lab%20Reader%2000", "/reader%2000%20(", "/%E9%93%B6%E8%A1%8C", "/U"]
)
def test_a_reader_is_named_whole_or_by_a_part_that_only_it_has(service: FakeScard, opened: Open, where: str) -> None:
    service.readers = READERS
    assert opened(where).name in READERS


@pytest.mark.parametrize(("where", "code"), [("/Reader", "device_reader_several"), ("/Nobody", "device_reader_absent")])
def test_a_part_that_several_have_or_none_has_is_told(service: FakeScard, opened: Open, where: str, code: str) -> None:
    service.readers = READERS
    assert fails(partial(opened, where)).code == code
    assert service.gone.wait(5) and "connect" not in service.calls


REFUSALS = [
    ("establish", 0x8010001D, "device_pcsc_down"),
    ("establish", 0x8010001D - (1 << 32), "device_pcsc_down"),  # as Windows gives it
    ("establish", 0x8010006A, "device_pcsc_denied"),
    ("list", 0x8010002E, "device_reader_absent"),
    ("connect", 0x8010000C, "device_card_absent"),
    ("connect", 0x80100066, "device_card_mute"),
    ("connect", 0x8010000B, "device_busy"),
    ("connect", 0x80100009, "device_reader_absent"),
    ("connect", 0x80100077, "device_gone"),
    ("connect", SystemError("returned NULL"), "device_gone"),
]


@pytest.mark.parametrize(("call", "what", "code"), REFUSALS)
def test_what_keeps_a_card_from_being_opened_is_told_and_nothing_stays_open(
    service: FakeScard, opened: Open, call: str, what: object, code: str
) -> None:
    service.plan[call] = [what]
    error = fails(opened)
    assert (error.code, error.effect) == (code, Effect.NOT_SENT)
    if call != "establish":
        assert service.gone.wait(5)
    assert opened().transmit(SELECT) == DONE  # the reader is nobody's: the failed opening kept no claim


def test_an_opening_that_is_interrupted_keeps_nothing(
    service: FakeScard, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(readers: object, names: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(pcsc, "_the_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        opened()
    assert service.gone.wait(5)


BEFORE = [
    (0x80100068, "device_card_reset"),
    (0x80100069, "device_gone"),
    (0x80100017, "device_gone"),
    (0x8010001D, "device_pcsc_down"),
    (SystemError("returned NULL"), "device_gone"),
]


@pytest.mark.parametrize(("what", "code"), BEFORE)
def test_what_happened_before_a_command_keeps_it_from_being_sent(
    service: FakeScard, opened: Open, what: object, code: str
) -> None:
    service.plan["begin"] = [what]
    link = opened()
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect) == (code, Effect.NOT_SENT)
    assert fails(lambda: link.transmit(SELECT)).code == "device_link_broken"
    assert service.sent == []


DURING = [0x80100068, 0x80100069, 0x80100016, 0x8010001D, 0x8010002F, SystemError("returned NULL")]


@pytest.mark.parametrize("what", DURING)
def test_what_goes_wrong_once_a_command_is_handed_over_leaves_its_outcome_unknown(
    service: FakeScard, opened: Open, what: object
) -> None:
    service.plan["transmit"] = [what]
    link = opened()
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect) == ("device_gone", Effect.UNKNOWN)
    again = fails(lambda: link.transmit(SELECT))
    assert (again.code, again.effect) == ("device_link_broken", Effect.NOT_SENT)
    assert service.sent == [SELECT]


def test_an_answer_without_a_status_word_is_none(service: FakeScard, opened: Open) -> None:
    service.plan["transmit"] = [b"\x90"]
    error = fails(lambda: opened().transmit(SELECT))
    assert (error.code, error.effect) == ("protocol_apdu", Effect.UNKNOWN)


def test_no_answer_although_all_went_well_is_a_card_that_has_gone(service: FakeScard, opened: Open) -> None:
    link = opened()
    service.SCardTransmit = lambda card, protocol, command: [0, []]  # type: ignore[method-assign]  # as pcsc-lite does it
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect, error.original) == ("device_gone", Effect.UNKNOWN, "PC/SC 00000000")


def test_a_card_that_never_answers_is_left_at_the_deadline_and_given_back_when_it_does(
    service: FakeScard, opened: Open
) -> None:
    answer = threading.Event()
    service.plan["transmit"] = [lambda: int(not answer.wait(10))]
    link = opened(deadline=0.05)
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect) == ("device_silent", Effect.UNKNOWN)
    assert fails(lambda: link.transmit(SELECT)).code == "device_link_broken"
    answer.set()
    assert service.gone.wait(5)
    assert service.sent == [SELECT] and service.left_with == [0]


def test_a_card_that_another_program_keeps_to_itself_is_busy_and_is_not_sent_to_afterwards(
    service: FakeScard, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pcsc, "BUSY_WAIT", 0.05)
    free = threading.Event()
    service.plan["begin"] = [lambda: int(not free.wait(10))]
    link = opened()
    error = fails(lambda: link.transmit(SELECT))
    assert (error.code, error.effect) == ("device_busy", Effect.NOT_SENT)
    free.set()
    assert service.gone.wait(5)
    assert service.sent == [] and service.calls[-3:] == ["end", "disconnect", "release"]


def test_a_run_of_commands_has_the_card_to_itself_until_it_pauses(
    service: FakeScard, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pcsc, "LINGER", 0.05)
    link = opened()
    link.transmit(SELECT)
    link.transmit(SELECT)
    assert service.let_go.wait(5)
    link.transmit(SELECT)
    assert [call for call in service.calls if call in ("begin", "transmit", "end")] == [
        "begin", "transmit", "transmit", "end", "begin", "transmit",
    ]  # fmt: skip


def test_closing_gives_the_card_back_with_its_power_and_twice_is_once(service: FakeScard, opened: Open) -> None:
    link = opened()
    link.transmit(SELECT)
    link.close()
    link.close()
    assert service.calls[-3:] == ["end", "disconnect", "release"] and service.left_with == [0]
    assert fails(lambda: link.transmit(SELECT)).code == "device_link_broken"


def test_closing_from_another_thread_does_not_lose_an_answer_under_way(
    service: FakeScard, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pcsc, "CLOSE_WAIT", 0.05)
    sent, answer = threading.Event(), threading.Event()

    def slow() -> bytes:
        sent.set()
        answer.wait(10)
        return b"\x6a\x82"

    service.plan["transmit"] = [slow]
    link, told = opened(), []
    thread = threading.Thread(target=lambda: told.append(link.transmit(SELECT)))
    thread.start()
    assert sent.wait(5)
    link.close()
    answer.set()
    thread.join(5)
    assert told == [b"\x6a\x82"] and service.gone.wait(5)


def test_over_t0_the_answer_that_waits_is_asked_for_within_the_same_turn(service: FakeScard, opened: Open) -> None:
    service.protocol = 1
    service.plan["transmit"] = [b"\x61\x03", b"abc\x90\x00"]
    assert opened().transmit(bytes.fromhex("C0F400010801020304050607080D")) == b"abc\x90\x00"
    assert service.sent == [bytes.fromhex("C0F4000108") + bytes(range(1, 9)), bytes.fromhex("00C0000003")]
    assert service.calls.count("begin") == 1


def test_over_t0_what_is_too_long_for_it_is_not_sent(service: FakeScard, opened: Open) -> None:
    service.protocol = 1
    error = fails(lambda: opened().transmit(bytes.fromhex("00D6000000012C") + bytes(300)))
    assert (error.effect, service.sent) == (Effect.NOT_SENT, [])


@pytest.mark.parametrize("apdu", ["", "00", "00A400"])
def test_what_is_no_command_is_not_sent(service: FakeScard, opened: Open, apdu: str) -> None:
    error = fails(lambda: opened().transmit(bytes.fromhex(apdu)))
    assert (error.code, error.effect, service.sent) == ("apdu_form", Effect.NOT_SENT, [])


def test_a_second_opening_of_ours_is_refused_with_the_owner_named(service: FakeScard, opened: Open) -> None:
    link = opened()
    assert fails(opened).code == "device_busy_by"
    link.close()
    assert opened().transmit(SELECT) == DONE


def test_find_tells_what_each_reader_holds_and_powers_none(service: FakeScard) -> None:
    service.readers = {"A 1": 0x20, "B": 0x10, "C": 0x20 | 0x80, "D": 0x20 | 0x200, "E": 0x08}
    found = {each.reader: each for each in find(service)}
    assert [found[name].card_present for name in "BCDE"] == [False, True, True, None]
    assert (found["A 1"].where, found["A 1"].card_present) == ("/A%201", True)
    problems = {name: each.problem.code for name, each in found.items() if each.problem}
    assert problems == {"C": "device_busy", "D": "device_card_mute"}
    assert service.gone.wait(5) and "connect" not in service.calls


def test_no_reader_is_nothing_to_find(service: FakeScard) -> None:
    service.plan["list"] = [0x8010002E]
    assert find(service) == ()


def test_a_service_that_hangs_does_not_hang_us(service: FakeScard, monkeypatch: pytest.MonkeyPatch) -> None:
    for wait in ("FIND_WAIT", "CLOSE_WAIT"):
        monkeypatch.setattr(pcsc, wait, 0.05)
    free = threading.Event()
    service.plan["list"] = [lambda: int(not free.wait(10))]
    assert fails(lambda: find(service)).code == "device_silent"
    asked = len(service.calls)
    there = sum(thread.name == pcsc.CALLER for thread in threading.enumerate())
    monkeypatch.setattr(pcsc, "MOST_CALLERS", there)
    assert [fails(partial(call, service=service)).effect for call in (find, partial(open_pcsc, "Lab"))] == [
        Effect.NOT_SENT,
        Effect.NOT_SENT,
    ]
    assert len(service.calls) == asked, "a thread more at a service that keeps them"
    free.set()
    assert service.gone.wait(5)


results = st.one_of(st.integers(-(1 << 31), (1 << 32) - 1).filter(bool), st.binary(min_size=1, max_size=300))


@settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([1, 2]), st.lists(results, min_size=1, max_size=4))
def test_whatever_a_service_gives_is_an_answer_or_one_of_our_two_errors(
    tmp_path: Path, protocol: int, course: list[int | bytes]
) -> None:
    service = FakeScard(protocol=protocol)
    service.plan["transmit"] = list(course)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pcsc, "claim", lambda where: owner.claim(where, tmp_path))
        link = open_pcsc("Lab", service)
    try:
        assert len(link.transmit(bytes.fromhex("C0CA000107"))) >= 2
    except (NotReachable, ProtocolError) as error:
        assert error.effect is Effect.UNKNOWN
    finally:
        link.close()
    again = [tpdu for tpdu in service.sent if tpdu[1] == 0xCA]
    assert len(again) == 1 or (protocol == 1 and course[0][:1] == b"\x6c")  # type: ignore[index]  # it was an answer
