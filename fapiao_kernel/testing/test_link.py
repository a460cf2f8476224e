"""Suite Link (连接): what holds for every way to a card, whatever card stands at its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from queue import Queue

import pytest

from fapiao_kernel.devices.plug import Found, Link, LinkCan
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.testing.fixtures import OpenCard
from fapiao_kernel.testing.reading import foreign_pin, read_all, steady
from fapiao_kernel.testing.subject import PATIENCE, Subject, within

SELECT_MASTER_FILE = bytes.fromhex("00A4000C023F00")
"""SELECT of the master file by its id (ISO/IEC 7816-4, 11.2.2): moves no bit of a card; any status word will do."""
NO_COMMAND = bytes.fromhex("00020000")
"""An instruction that ISO/IEC 7816-4 gives no meaning (table 4)."""
TIMES = 50
OURS = (NotReachable, ProtocolError)

OpenLink = Callable[[], Link]


def test_link_answers_a_select(link: Link) -> None:
    answer = within(lambda: link.transmit(SELECT_MASTER_FILE))
    assert isinstance(answer, bytes) and len(answer) >= 2
    assert answer[-2] >> 4 in (6, 9), f"no status word: {answer[-2:].hex()}"


def test_link_hands_a_wrong_instruction_on_and_its_status_word_back(link: Link) -> None:
    answer = within(lambda: link.transmit(NO_COMMAND))
    assert len(answer) == 2 and answer[0] >> 4 == 6, f"an instruction that is none was answered {answer.hex()}"


def test_link_gives_each_command_its_own_answer(link: Link) -> None:
    expected = [link.transmit(command) for command in (SELECT_MASTER_FILE, NO_COMMAND)]
    for _ in range(10):
        assert [link.transmit(command) for command in (SELECT_MASTER_FILE, NO_COMMAND)] == expected


def test_link_gives_the_same_reading_twice(subject: Subject, open_card: OpenCard, open_link: OpenLink) -> None:
    commands, answers = _two_readings(open_card)
    card, _ = open_card()
    card.close()
    link = open_link()
    told = [link.transmit(command) for command in commands]
    assert [a for c, a in zip(commands, told, strict=True) if (c, a) in answers] == [
        a for c, a in zip(commands, told, strict=True) if c in {command for command, _ in answers}
    ]


def _two_readings(open_card: OpenCard) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
    """What the driver asks in a reading, and the answers that were the same twice."""
    told = []
    for _ in range(2):
        card, tap = open_card()
        card.read_state()
        told.append((tap.commands, tap.answers))
        card.close()
    (commands, once), (same, again) = told
    assert commands == same, "a driver's two readings ask the same"
    return commands, steady(commands, once, again)


def test_link_carries_more_than_255_bytes(
    subject: Subject, open_card: OpenCard, link_can: Callable[[LinkCan], None]
) -> None:
    link_can(LinkCan.EXTENDED)
    card, tap = open_card()
    read_all(card, subject)
    longest = max(map(len, [*tap.commands, *tap.answers]))
    if longest <= 258:
        pytest.skip(f"this card says nothing longer than {longest} bytes")


def test_link_hands_a_command_over_once(subject: Subject, open_card: OpenCard, pin: str) -> None:
    """Seen by what it costs: one wrong PIN, one try."""
    card, _ = open_card()
    before = card.read_state().pin_tries
    if before is None or before < 6:
        pytest.skip("the card does not tell its PIN tries, or has few left")
    with pytest.raises(Refused):
        card.verify_pin(foreign_pin(subject))
    after = card.read_state().pin_tries
    card.verify_pin(pin)
    assert after == before - 1, f"one wrong PIN cost {before - (after or 0)} tries"


def test_link_opens_and_closes_many_times_and_leaves_nothing_open(open_link: OpenLink) -> None:
    if not Path("/dev/fd").is_dir():
        pytest.skip("this system does not tell open descriptors")
    for _ in range(3):
        open_link().close()
    before = _descriptors()
    for _ in range(TIMES):
        link = open_link()
        link.transmit(SELECT_MASTER_FILE)
        link.close()
    assert _descriptors() <= before, "descriptors stay open"


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_link_is_open_again_after_it_was_closed(open_link: OpenLink) -> None:
    first = open_link()
    answer = first.transmit(SELECT_MASTER_FILE)
    first.close()
    assert open_link().transmit(SELECT_MASTER_FILE) == answer


def test_link_may_be_closed_twice(link: Link) -> None:
    link.close()
    link.close()


def test_link_sends_nothing_after_close(link: Link) -> None:
    link.close()
    with pytest.raises(OURS) as refused:
        within(lambda: link.transmit(SELECT_MASTER_FILE))
    assert refused.value.effect is Effect.NOT_SENT


def test_link_closed_by_another_thread_ends_with_our_error(open_link: OpenLink) -> None:
    for after in (1, 3, 10, 30):
        link = open_link()
        begun, ended = threading.Event(), Queue[BaseException]()
        reader = threading.Thread(target=_read_on, args=(link, after, begun, ended), daemon=True)
        reader.start()
        assert begun.wait(PATIENCE), "the link answers nothing"
        within(link.close)
        reader.join(PATIENCE)
        assert not reader.is_alive(), "close does not end a reading"
        error = ended.get_nowait()
        assert isinstance(error, OURS), f"not an error of a link: {error!r}"


def _read_on(link: Link, after: int, begun: threading.Event, ended: Queue[BaseException]) -> None:
    """Ask until it fails; ``begun`` when so many answers are there."""
    try:
        for n in count():
            if n == after:
                begun.set()
            link.transmit(SELECT_MASTER_FILE)
    except BaseException as error:  # noqa: BLE001 which error it is, is the test
        ended.put(error)
        begun.set()


def test_link_opened_in_one_thread_works_in_another(link: Link) -> None:
    here = link.transmit(SELECT_MASTER_FILE)
    assert within(lambda: link.transmit(SELECT_MASTER_FILE)) == here
    assert link.transmit(SELECT_MASTER_FILE) == here


def test_link_says_in_time_that_nothing_is_there(subject: Subject) -> None:
    with pytest.raises(NotReachable) as absent:
        within(lambda: subject.link.open(f"{subject.where}-not-there"))
    assert absent.value.effect is Effect.NOT_SENT


def test_link_refuses_a_second_opening_and_names_the_owner(
    subject: Subject, open_link: OpenLink, link_can: Callable[[LinkCan], None]
) -> None:
    link_can(LinkCan.EXCLUSIVE)
    first = open_link()
    with pytest.raises(NotReachable) as busy:
        open_link()
    error = busy.value
    assert error.effect is Effect.NOT_SENT
    assert str(os.getpid()) in {str(fact) for fact in error.facts.values()}, f"no owner named: {error}"
    assert first.transmit(SELECT_MASTER_FILE), "the first is not disturbed"


def test_link_looks_for_cards_and_opens_none(subject: Subject, link: Link, link_can: Callable[[LinkCan], None]) -> None:
    link_can(LinkCan.FIND)
    answer = link.transmit(SELECT_MASTER_FILE)
    found = within(subject.link.find)
    assert all(isinstance(each, Found) and each.where for each in found)
    assert link.transmit(SELECT_MASTER_FILE) == answer, "looking disturbed an open card"


def test_link_finds_the_place_that_is_tested(subject: Subject, link_can: Callable[[LinkCan], None]) -> None:
    link_can(LinkCan.FIND)
    found = [each.where for each in within(subject.link.find)]
    if any(where.startswith(subject.where) for where in found):
        return
    if subject.state.identity.simulated:
        pytest.skip("this simulated card stands where no link looks")
    pytest.fail(f"{subject.where} is not among {found}")


def test_link_has_a_name_for_people_and_no_secret_in_it(subject: Subject, link: Link) -> None:
    assert isinstance(link.name, str) and link.name and link.name.isprintable()
    assert not subject.pin or subject.pin not in link.name


@pytest.mark.parametrize("apdu", ["", "00", "00A4000CFF00", "00A4000C05AA"])
def test_link_answers_what_is_no_command_or_raises_our_error(link: Link, changing: None, apdu: str) -> None:
    try:
        assert isinstance(within(lambda: link.transmit(bytes.fromhex(apdu))), bytes)
    except FapiaoError as error:
        assert isinstance(error, OURS), f"not an error of a link: {error!r}"
