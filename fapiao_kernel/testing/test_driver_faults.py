"""Suite Driver, what goes wrong (驱动·故障): whatever the link brings, our errors with an honest effect, and never a wrong state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import cast

import pytest

from fapiao_kernel.devices.plug import DriverCan
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.errors import (
    FapiaoError,
    NotReachable,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    catalogue,
)
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.domain.issuing import InvoiceSheet
from fapiao_kernel.ports import Answer, Card, IssuingCard, Summary
from fapiao_kernel.testing.between import Act, Between, Held, Planned, cut, gone, said, spoiled, stale
from fapiao_kernel.testing.fixtures import OpenCard
from fapiao_kernel.testing.reading import but_clock, first_group, foreign_pin, read_all
from fapiao_kernel.testing.subject import Subject, within

DriverNeeds = Callable[..., None]
DONE, ALREADY, NO_CONDITIONS, NO_DIAGNOSIS = (bytes.fromhex(sw) for sw in ("9000", "6901", "6985", "6F00"))
NOTHING_SENT, NOBODY_KNOWS = Effect.NOT_SENT, Effect.UNKNOWN


@pytest.fixture
def open_card(subject: Subject) -> Iterator[OpenCard]:
    """Over one link that stays open: what breaks here is what the kit puts on it."""
    link = subject.open_link()

    class Kept:
        """The link, which no driver's ``close`` reaches."""

        name = link.name
        transmit = staticmethod(link.transmit)

        def close(self) -> None:
            """Stays open for the next one."""

    def open_it(act: Act | None = None) -> tuple[Card, Between]:
        tap = Between(Kept(), act)
        return subject.driver.open(tap, str(subject.address)), tap

    yield open_it
    link.close()


def _status_words() -> Iterator[bytes]:
    """Every first byte that ISO/IEC 7816-3 leaves to status words, each with a second byte of every sort; 9000 is no refusal."""
    seconds = (0x00, 0x01, 0x80, 0x82, 0x83, 0x85, 0x88, 0xC0, 0xC3, 0xFF)
    for first in (*range(0x61, 0x70), *range(0x90, 0xA0)):
        for second in seconds:
            if (first, second) != (0x90, 0x00):
                yield bytes([first, second])


def _reading(open_card: OpenCard, act: Act | None = None) -> tuple[object, Between]:
    """A state, or the error that came instead of it; anything but our errors fails the test."""
    card, tap = open_card(act)
    try:
        return card.read_state(), tap
    except FapiaoError as error:
        assert error.effect is not Effect.DONE, f"a reading does nothing: {error}"
        assert isinstance(error, NotReachable | ProtocolError | Refused), f"no error of a reading: {error!r}"
        return error, tap


def _true_state(open_card: OpenCard) -> tuple[object, int]:
    state, tap = _reading(open_card)
    assert not isinstance(state, FapiaoError), state
    return but_clock(state), len(tap.commands)  # type: ignore[arg-type]  # the line above


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_driver_unplugged_at_any_exchange_of_a_reading(open_card: OpenCard, before: bool) -> None:
    _, exchanges = _true_state(open_card)
    for at in range(1, exchanges + 1):
        error, tap = _reading(open_card, cut(at, before=before))
        assert isinstance(error, NotReachable), f"unplugged at exchange {at}, and there is an answer: {error}"
        assert error.effect in (NOTHING_SENT, NOBODY_KNOWS)
        assert len(tap.commands) == at, "a broken link is not used again"
    assert _true_state(open_card), "plugged in again, it reads again"


def test_driver_takes_no_stale_answer_for_a_fresh_one(open_card: OpenCard) -> None:
    _never_wrong(open_card, lambda at: (stale(at),), first=2)


def test_driver_takes_no_corrupt_answer_for_a_sound_one(open_card: OpenCard) -> None:
    random = Random(20261)

    def flipped(answer: bytes) -> bytes:
        if len(answer) <= 2:
            return answer
        at, bit = random.randrange(len(answer) - 2), random.randrange(8)
        return answer[:at] + bytes([answer[at] ^ 1 << bit]) + answer[at + 1 :]

    _never_wrong(open_card, lambda at: tuple(spoiled(at, flipped) for _ in range(4)))


def test_driver_takes_no_part_of_an_answer_for_the_whole(open_card: OpenCard) -> None:
    parts: tuple[Callable[[bytes], bytes], ...] = (
        lambda answer: b"",
        lambda answer: answer[:1],
        lambda answer: answer[-2:],
        lambda answer: answer[: len(answer) // 2],
        lambda answer: answer[:-3] + answer[-2:],
        lambda answer: answer + answer,
    )
    _never_wrong(open_card, lambda at: tuple(spoiled(at, part) for part in parts))


def _never_wrong(open_card: OpenCard, acts: Callable[[int], tuple[Act, ...]], first: int = 1) -> None:
    """At each exchange of a reading, each act: an error of ours, or the state as it is (its clock apart)."""
    true, exchanges = _true_state(open_card)
    for at in range(first, exchanges + 1):
        for act in acts(at):
            told, tap = _reading(open_card, act)
            if not isinstance(told, FapiaoError):
                assert but_clock(told) == true, f"a wrong state, from exchange {at}: {tap.commands[at - 1].hex()}"  # type: ignore[arg-type]  # no error, so a state


def test_driver_keeps_every_status_word_that_a_reading_gets(open_card: OpenCard) -> None:
    for word in _status_words():
        told, _ = _reading(open_card, said(1, word))
        if isinstance(told, FapiaoError):
            assert told.code in catalogue()
            assert _told(word, told), f"SW {word.hex()} is lost in: {told} ({told.original})"


def _told(word: bytes, error: FapiaoError) -> bool:
    return word.hex() in error.original.replace(" ", "").lower()


# --- changing commands: the kit lets what a reading asks pass, and holds back the rest


class Acts:
    """Tries an act on a card whose changing commands the kit holds back: they never reach the device."""

    def __init__(self, subject: Subject, open_card: OpenCard) -> None:
        card, tap = open_card()
        read_all(card, subject)
        self._known, self._open = frozenset(tap.commands), open_card

    def __call__(self, act: Callable[[Card], object], planned: Planned) -> tuple[object, list[bytes]]:
        """What came of it (an error of ours too), and what was held back."""
        held = Held(self._known, planned)
        card, tap = self._open(held)
        try:
            came: object = within(lambda: act(card))
        except FapiaoError as error:
            came = error
        assert tap.pokes == 0 or len(held.held) == 1, "a broken link is not used again"
        return came, held.held


@pytest.fixture
def acts(subject: Subject, open_card: OpenCard) -> Acts:
    """See ``Acts``."""
    return Acts(subject, open_card)


ANSWERS: tuple[Planned, ...] = (
    DONE, ALREADY, NO_CONDITIONS, NO_DIAGNOSIS, b"", b"\x90", b"\xff" * 40, b"\0" * 300 + DONE,
    gone("kit", NOTHING_SENT), gone("kit", NOBODY_KNOWS), ProtocolError("protocol_apdu", effect=NOBODY_KNOWS, length=0),
)  # fmt: skip
"""What may come back for a changing command."""


def _once(acts: Acts, act: Callable[[Card], object]) -> None:
    for planned in ANSWERS:
        came, held = acts(act, planned)
        assert len(held) == 1, f"sent {len(held)} times when {planned!r} came back ({came!r})"


def test_driver_sends_a_clear_once_whatever_comes_back(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes
) -> None:
    driver_can(DriverCan.CLEAR)
    _once(acts, lambda card: card.clear(first_group(subject), payload))


def test_driver_sends_a_report_once_whatever_comes_back(subject: Subject, acts: Acts, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.REPORT)
    _once(acts, lambda card: card.report(first_group(subject)))


def test_driver_sends_a_pin_once_whatever_comes_back(subject: Subject, acts: Acts, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.PIN)
    pin = _held_pin(subject, acts)
    _once(acts, lambda card: card.verify_pin(pin))


def test_driver_sends_an_issue_and_a_void_once_whatever_comes_back(
    subject: Subject, acts: Acts, open_card: OpenCard, driver_can: DriverNeeds
) -> None:
    driver_can(DriverCan.ISSUE)
    kind = first_group(subject)[0]
    upcoming = cast(IssuingCard, open_card()[0]).next_number(kind)
    if upcoming is None:
        pytest.skip(f"the card has no number of {kind.zh} left to give out")
    sheet = InvoiceSheet(kind, upcoming.code, upcoming.number, Decimal("100.00"), Decimal("13.00"))
    _once(acts, lambda card: cast(IssuingCard, card).issue(sheet))
    _once(acts, lambda card: cast(IssuingCard, card).void(kind, upcoming.code, upcoming.number))
    came, _ = acts(lambda card: cast(IssuingCard, card).issue(sheet), gone("kit", NOBODY_KNOWS))
    _unknown(came)


def test_driver_tells_no_pin_in_any_error(subject: Subject, acts: Acts, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.PIN)
    pin = _held_pin(subject, acts)
    for planned in ANSWERS:
        came, _ = acts(lambda card: card.verify_pin(pin), planned)
        if isinstance(came, FapiaoError):
            seen: BaseException | None = came
            while seen is not None:
                text = f"{seen!s} {seen!r} {seen.__dict__}"
                assert pin not in text and pin.encode().hex() not in text.lower().replace(" ", "")
                seen = seen.__cause__


def _held_pin(subject: Subject, acts: Acts) -> str:
    """A PIN that the driver would send, and that the kit holds back: it reaches no card. Skips when it would not send it."""
    pin = foreign_pin(subject)
    came, held = acts(lambda card: card.verify_pin(pin), DONE)
    if not held:
        pytest.skip(f"the driver does not send a PIN of {len(pin)} digits now: {came}")
    return pin


def test_driver_a_clear_that_was_not_sent_is_told_as_that(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes
) -> None:
    driver_can(DriverCan.CLEAR)
    came, _ = acts(lambda card: card.clear(first_group(subject), payload), gone("kit", NOTHING_SENT))
    assert isinstance(came, NotReachable) and came.effect is NOTHING_SENT


@pytest.mark.parametrize("kind", [NotReachable, ProtocolError])
def test_driver_a_clear_whose_answer_is_lost_is_unknown(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes, kind: type[FapiaoError]
) -> None:
    driver_can(DriverCan.CLEAR)
    lost = kind("device_gone", effect=NOBODY_KNOWS, where="kit")
    came, _ = acts(lambda card: card.clear(first_group(subject), payload), lost)
    _unknown(came)
    for garbage in (b"", b"\x90"):
        _unknown(acts(lambda card: card.clear(first_group(subject), payload), garbage)[0])


def _unknown(came: object) -> None:
    if isinstance(came, Answer):
        assert came.outcome is Outcome.UNKNOWN
    else:
        assert isinstance(came, OutcomeUnknown) and came.effect is NOBODY_KNOWS, f"told as known: {came!r}"


def test_driver_a_report_whose_answer_is_lost_is_unknown(subject: Subject, acts: Acts, driver_can: DriverNeeds) -> None:
    driver_can(DriverCan.REPORT)
    for planned in (gone("kit", NOBODY_KNOWS), b"", b"\x90", DONE):
        came, _ = acts(lambda card: card.report(first_group(subject)), planned)
        assert not isinstance(came, Summary), f"a summary made of {planned!r}"
        _unknown(came)


def test_driver_keeps_every_status_word_that_a_clear_gets(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes
) -> None:
    driver_can(DriverCan.CLEAR)
    for word in _status_words():
        came, _ = acts(lambda card: card.clear(first_group(subject), payload), word)
        if isinstance(came, Answer):
            assert came.status.replace(" ", "").lower() == word.hex()
            assert came.outcome is not Outcome.NOT_SENT
        else:
            assert isinstance(came, FapiaoError) and came.code in catalogue() and _told(word, came)


def test_driver_a_status_word_that_says_nothing_of_the_card_is_unknown(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes
) -> None:
    """65xx, 6F00 (ISO/IEC 7816-4, table 6: changed, no diagnosis) and words that no standard knows."""
    driver_can(DriverCan.CLEAR)
    for word in ("6581", "6500", "6F00", "9FFE"):
        _unknown(acts(lambda card: card.clear(first_group(subject), payload), bytes.fromhex(word))[0])


def test_driver_a_foreign_group_of_types_is_refused_before_anything_is_sent(
    subject: Subject, acts: Acts, driver_can: DriverNeeds, payload: bytes
) -> None:
    driver_can(DriverCan.CLEAR)
    for types in ((), (*first_group(subject), *first_group(subject))):
        came, held = acts(lambda card, types=types: card.clear(types, payload), NO_CONDITIONS)  # type: ignore[misc]  # bound now
        assert isinstance(came, FapiaoError) and held == [], f"{types} went to the card"


def test_driver_reads_a_state_that_changed_meanwhile_as_it_is_now(open_card: OpenCard) -> None:
    """Nothing is kept from an earlier reading: the second one asks the card again."""
    card, tap = open_card()
    first = card.read_state()
    asked = len(tap.commands)
    second = card.read_state()
    assert len(tap.commands) == 2 * asked, "the second reading asked less"
    assert replace(first, clock=second.clock) == second
