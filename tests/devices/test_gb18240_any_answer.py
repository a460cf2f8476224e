"""Whatever a card answers, the driver ends with an outcome or an error of ours, the card's word kept, and each act sent once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices.drivers.gb18240 import files
from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, OutcomeUnknown, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.issuing import InvoiceSheet
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.protocol.apdu import Response
from fapiao_kernel.protocol.gb18240.status import ALREADY, meaning, tries_left
from tests.devices.at_hand import AtHand, opened
from tests.simulator.card.issuing_maker import CODE, issuing_card
from tests.simulator.card.maker import PIN, SPECIAL

Act = Callable[[Gb18240Card], object]
OURS = (NotReachable, ProtocolError, Refused, OutcomeUnknown)
SHEET = InvoiceSheet(SPECIAL, CODE, "00000005", Decimal("100.00"), Decimal("13.00"))
UNIT = ClearUnit("661234567890", SPECIAL, Period(2026, 10))

READING: dict[str, Act] = {
    "read_state": lambda card: card.read_state(),
    "read_statistics": lambda card: card.read_statistics(),
    "read_volumes": lambda card: card.read_volumes(),
    "read_details": lambda card: card.read_details([UNIT]),
    "read_summary": lambda card: card.read_summary((SPECIAL,)),
    "read_file": lambda card: card.read_file(7),
    "register_number": lambda card: card.register_number(),
    "next_number": lambda card: card.next_number(SPECIAL),
    "find": lambda card: card.find(SPECIAL, CODE, "00000001"),
}
CHANGING: dict[str, tuple[int, Act]] = {
    "verify_pin": (0xF9, lambda card: card.verify_pin(PIN)),
    "report": (0xF4, lambda card: card.report((SPECIAL,))),
    "clear": (0xF6, lambda card: card.clear((SPECIAL,), bytes(29))),
    "issue": (0xF2, lambda card: card.issue(SHEET)),
    "void": (0xF3, lambda card: card.void(SPECIAL, CODE, "00000001")),
    "register_terminal": (0xF1, lambda card: card.register_terminal(bytes(4))),
    "collect": (0xFB, lambda card: card.collect(bytes(64))),
}
"""Each with the INS of the command that may change the card."""
EVERY = READING | {name: act for name, (_, act) in CHANGING.items()}


def is_act(apdu: bytes) -> bool:
    return apdu[0] == 0xC0 and apdu[1] in {ins for ins, _ in CHANGING.values()} and apdu.hex() != "c0f90000"


class Answering:
    """A link that answers what ``answer`` makes of each command."""

    name = "answering"

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.sent: Counter[bytes] = Counter()

    def transmit(self, apdu: bytes) -> bytes:
        self.sent[apdu] += 1
        return self.answer(apdu)

    def close(self) -> None:
        return None

    @property
    def acts(self) -> int:
        """How often a command that may change the card was handed over."""
        return sum(times for apdu, times in self.sent.items() if is_act(apdu))


STATUSES = [sw for sw in range(0x10000) if sw >> 12 in (6, 9) and sw >> 8 != 0x60]
"""Every status word of ISO 7816-4; the rest is no response at all."""


def test_what_is_no_status_word_is_no_response_and_there_are_no_others() -> None:
    taken = []
    for sw in range(0x10000):
        try:
            taken.append(Response.parse(sw.to_bytes(2, "big")).sw)
        except ProtocolError:
            continue
    assert taken == STATUSES


def ended(act: Act, link: Answering) -> object:
    """What the act gives, or raises of ours."""
    try:
        return act(opened(link))
    except OURS as error:
        return error


@pytest.mark.parametrize("name", EVERY)
def test_bytes_that_are_no_response_are_an_error_of_ours(name: str) -> None:
    for first in (sw1 for sw1 in range(0x100) if sw1 << 8 not in STATUSES):
        link = Answering(lambda apdu, first=first: bytes((first, 0)))
        assert isinstance(ended(EVERY[name], link), ProtocolError | NotReachable | OutcomeUnknown)


@pytest.mark.parametrize("name", READING)
def test_every_status_word_to_a_reading_ends_in_our_error_with_the_word_kept(name: str) -> None:
    for sw in STATUSES:
        link = Answering(lambda apdu, sw=sw: sw.to_bytes(2, "big"))
        found = ended(READING[name], link)
        if isinstance(found, FapiaoError):
            assert found.effect is Effect.NOT_SENT
            assert sw == 0x9000 or f"SW {sw:04X}" in found.original
        else:  # what a card that has none of it may say
            empty_file = name == "read_file" and sw == 0x9000
            assert empty_file or (meaning(sw).effect is Effect.REJECTED and not found), f"{sw:04X}"
        assert link.acts == 0


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return issuing_card(tmp_path_factory.mktemp("card") / "card.json")


@pytest.fixture(scope="module")
def told(image: Path) -> dict[bytes, bytes]:
    """What a sound card answers to the readings that come before an act."""
    link = Remembering(image)
    for act in EVERY.values():
        ended(act, link)
    return link.told


class Remembering(AtHand):
    """Keeps each answer."""

    def __init__(self, image: Path) -> None:
        super().__init__(image)
        self.told: dict[bytes, bytes] = {}
        self.file = b""

    def transmit(self, apdu: bytes) -> bytes:
        self.told[key(apdu, self)] = reply = super().transmit(apdu)
        return reply


def key(apdu: bytes, link: object) -> bytes:
    """A command with the file that was selected before it, as long as it reads one."""
    if apdu[:2] == b"\x00\xa4":
        link.file = apdu[-2:]
    return apdu + (link.file if apdu[0] == 0 else b"")


class OneWord:
    """A sound card that answers one command with the same status word, and what is asked for behind it too."""

    name = "one word"

    def __init__(self, told: dict[bytes, bytes], ins: int) -> None:
        self.told, self.ins = told, ins
        self.sw, self.acts, self.fetched, self.file = b"", 0, 0, b""

    def transmit(self, apdu: bytes) -> bytes:
        if is_act(apdu) and apdu[1] == self.ins:
            self.acts += 1
            return self.sw
        if apdu[1] == 0xC0:
            self.fetched += 1
            return self.sw
        return self.told[key(apdu, self)]

    def close(self) -> None:
        return None


@pytest.mark.parametrize("name", CHANGING)
def test_every_status_word_to_an_act_is_told_as_it_is_and_the_act_sent_once(
    told: dict[bytes, bytes], name: str
) -> None:
    ins, act = CHANGING[name]
    link = OneWord(told, ins)
    card = opened(link)
    for sw in STATUSES:
        link.sw, link.acts, link.fetched = sw.to_bytes(2, "big"), 0, 0
        try:
            found = act(card)
        except OURS as error:
            found = error
        assert link.acts == 1 and link.fetched == (sw >> 8 == 0x61)
        effect = meaning(sw, ins).effect if sw >> 8 != 0x61 else Effect.UNKNOWN
        assert judged(name, found, sw) is effect, f"{sw:04X}: {found!r}"


def judged(name: str, found: object, sw: int) -> Effect:
    """What the driver says of the act, with the card's word looked for in it."""
    if name == "clear" and not isinstance(found, Exception):
        assert (found.status, found.outcome is Outcome.ALREADY_CLEARED) == (f"{sw:04X}", sw == ALREADY)
        told = {Outcome.CLEARED: Effect.DONE, Outcome.UNKNOWN: Effect.UNKNOWN}
        return told.get(found.outcome, Effect.REJECTED)
    if not isinstance(found, FapiaoError):
        if sw == ALREADY:
            assert (name, found) in (("void", False), ("collect", None))
            return Effect.REJECTED
        return Effect.DONE
    if sw == 0x9000:  # done, and the answer that belongs to it is missing
        assert isinstance(found, OutcomeUnknown)
        return Effect.DONE
    assert f"SW {sw:04X}" in found.original
    return found.effect


# --- any bytes -------------------------------------------------------------------------------------------------------


@st.composite
def spoilers(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """What becomes of a sound answer: itself, another, cut, flipped, longer, or none."""
    how = draw(st.sampled_from(["sound", "sound", "any", "any ok", "cut", "flip", "status", "lost", "unsent"]))
    raw, at = draw(st.binary(max_size=40)), draw(st.integers(0, 400))

    def spoil(answer: bytes) -> bytes:
        match how:
            case "any":
                return raw
            case "any ok":
                return raw + b"\x90\x00"
            case "cut":
                return answer[:at]
            case "flip":
                at_most = at % max(1, len(answer))
                return answer[:at_most] + bytes(b ^ 0x5A for b in answer[at_most : at_most + 1]) + answer[at_most + 1 :]
            case "status":
                return answer[:-2] + (raw + b"\x63\xc1")[:2]
            case "lost":
                raise NotReachable("device_silent", effect=Effect.UNKNOWN, where="x")
            case "unsent":
                raise NotReachable("device_link_broken", effect=Effect.NOT_SENT)
        return answer

    return spoil


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(spoilers(), min_size=1, max_size=12), st.booleans())
def test_any_answers_at_all_end_in_our_errors_and_no_act_is_sent_twice(
    image: Path, course: list[Callable[[bytes], bytes]], by_name: bool
) -> None:
    card = AtHand(image)
    acts = {**EVERY, "verify_pin": lambda one: one.verify_pin(PIN, spend_low_tries=by_name)}
    for act in acts.values():
        turns = iter(course * 3)
        link = Answering(lambda apdu, turns=turns: next(turns, lambda answer: answer)(card.transmit(apdu)))
        ended(act, link)
        assert link.acts <= 1


TRIES = st.sampled_from(["63c0", "63c3", "63c4", "63c8", "6983", "9000", "6108", "6c08", "6700"]).map(bytes.fromhex)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.one_of(TRIES, st.binary(max_size=12)), max_size=8), st.booleans())
def test_no_course_of_answers_makes_the_driver_send_a_pin_twice_or_unasked(answers: list[bytes], by_name: bool) -> None:
    course = iter(answers)
    link = Answering(lambda apdu: next(course, b""))
    ended(lambda card: card.verify_pin(PIN, spend_low_tries=by_name), link)
    first = (answers or [b""])[0][-2:]
    tries = tries_left(int.from_bytes(first, "big")) or 0
    assert link.acts <= (1 if tries > 3 or by_name else 0)
    assert not (link.acts and first in (b"\x63\xc0", b"\x69\x83"))


# --- a month of ten thousand -----------------------------------------------------------------------------------------


class Listing:
    """A card with as many invoices in EF06 as asked for; counts the bytes of each answer."""

    name = "listing"

    def __init__(self, many: int) -> None:
        self.records = [listed(n) for n in range(1, many + 1)]
        self.answers: list[int] = []

    def transmit(self, apdu: bytes) -> bytes:
        if apdu[1] != 0xC8:
            return b"\x90\x00"
        first, most = int.from_bytes(apdu[12:16], "big"), int.from_bytes(apdu[-2:], "big") // 36
        data = b"".join(self.records[first - 1 : first - 1 + most])
        self.answers.append(len(data) + 2)
        return data + b"\x90\x00" if data else b"\x6a\x83"

    def close(self) -> None:
        return None


def listed(number: int) -> bytes:
    body = bytes.fromhex("0004") + b"4403201130\0\0" + f"{number:08d}".encode() + bytes.fromhex("20261005") + bytes(9)
    check = 0
    for byte in body:
        check ^= byte
    return body + bytes([check])


def test_ten_thousand_invoices_are_read_with_progress_each_second_and_hardly_any_overhead() -> None:
    link = Listing(10_000)
    told: list[int] = []
    found = files.details(link, [UNIT], lambda label, done, total: told.append(done))
    assert found is not None and len(found) == 10_000 and found[-1].issue_date == date(2026, 10, 5)
    line = 115_200 / 10  # bytes a second, 8N1
    # By the note, section 2: each block of 254 brings 4 bytes of its own, and 4 of the R-block that asks for the next.
    blocks = [-(-size // 254) for size in link.answers]
    asked = [24 + size + 8 * count for size, count in zip(link.answers, blocks, strict=True)]
    assert max(asked) / line < 1.0
    assert 36 * 10_000 / sum(asked) > 0.95
    assert told == [*range(0, 10_000, files.DETAILS_AT_ONCE), 10_000]
