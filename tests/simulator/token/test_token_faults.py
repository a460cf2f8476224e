"""The token's fault plan: each fault by name, what it does to the card and what the host sees."""

from __future__ import annotations

import pytest

from fapiao_kernel.simulator.token.errors import Broken, Gone, Overflow, Stall
from fapiao_kernel.simulator.token.faults import AT_MESSAGE, Plan, drawn
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.token.host import ROOM, STATUS, XFR, Echo, ask, packed, read, ready

APDU = b"\x00\xb0\x00\x00\x10"


def struck(do: str, n: int = 1) -> tuple[Token, Echo]:
    """A token whose second XfrBlock meets the fault; the first has passed."""
    card = Echo()
    token = ready(Token(card, faults=[{"at": "xfr", "do": do, "nth": 2, "n": n}]))
    assert ask(token, XFR, APDU, 1).command == 0
    return token, card


def send(token: Token) -> None:
    token.bulk_out(packed(XFR, APDU, 2))


@pytest.mark.parametrize(
    "entry",
    [
        {"at": "xfr", "do": "dance"},
        {"at": "nowhere", "do": "silence"},
        {"at": "xfr", "do": "unplug"},
        {"at": "xfr", "do": "silence", "nth": 0},
        {"at": "xfr", "do": "silence", "n": "many"},
        {"at": "xfr", "do": "silence", "when": 1},
        {"do": "silence"},
    ],
)
def test_a_fault_that_could_never_strike_is_refused(entry: dict) -> None:
    with pytest.raises(ValueError, match="not a fault"):
        Plan([entry])


def test_a_drawn_plan_is_the_same_for_the_same_seed_and_sound() -> None:
    assert drawn(7) == drawn(7) != drawn(8)
    assert not Plan(drawn(7)).used_up


@pytest.mark.parametrize(
    ("do", "carried_out"),
    [
        ("silence", 0),
        ("stall_out", 0),
        ("fail", 0),
        ("power_loss", 0),
        ("card_out_before_commit", 0),
        ("unplug_before_commit", 0),
        *[
            (do, 1)
            for do in AT_MESSAGE
            if do
            not in (
                "silence",
                "stall_out",
                "fail",
                "power_loss",
                "card_out_before_commit",
                "unplug_before_commit",
            )
        ],
    ],
)
def test_a_command_is_carried_out_once_or_not_at_all_as_the_fault_says(do: str, carried_out: int) -> None:
    token, card = struck(do)
    try:
        send(token)
    except (Stall, Gone):
        assert not carried_out
    assert len(card.heard) == 1 + carried_out


def test_a_stalled_answer_is_there_after_clear_feature() -> None:
    token, _ = struck("stall_in")
    send(token)
    for _ in range(2):
        with pytest.raises(Stall):
            token.bulk_in(ROOM)
    token.control(0x02, 1, 0, 0x82)
    assert read(token.bulk_in(ROOM)).seq == 2


@pytest.mark.parametrize("do", ["silence", "lose_reply_after_commit"])
def test_nothing_is_said(do: str) -> None:
    token, _ = struck(do)
    send(token)
    token.given_up()
    assert token.bulk_in(ROOM) is None
    assert ask(token, STATUS, seq=3).seq == 3


def test_a_stale_answer_comes_before_the_right_one() -> None:
    token, _ = struck("stale")
    send(token)
    assert [read(token.bulk_in(ROOM)).seq for _ in range(2)] == [1, 2]


def test_an_answer_comes_twice() -> None:
    token, _ = struck("duplicate")
    send(token)
    assert token.bulk_in(ROOM) == token.bulk_in(ROOM) != None  # noqa: E711 - both answers, and both there


@pytest.mark.parametrize(("do", "at"), [("type", 0), ("length", 1), ("slot", 5), ("seq", 6)])
def test_one_field_of_the_answer_is_wrong(do: str, at: int) -> None:
    token, _ = struck("corrupt_" + do)
    send(token)
    sound = packed(0x80, APDU + b"\x90\x00", 2)
    answer = token.bulk_in(ROOM) or b""
    assert [i for i in range(len(sound)) if answer[i] != sound[i]] == [at]


def test_an_answer_in_fragments_is_whole_when_put_together() -> None:
    token, _ = struck("fragment", 4)
    send(token)
    parts = [token.bulk_in(ROOM) or b"" for _ in range(5)]
    assert {len(part) for part in parts[:-1]} == {4} and read(b"".join(parts)).data == APDU + b"\x90\x00"


def test_empty_transfers_come_first() -> None:
    token, _ = struck("zlp_first", 2)
    send(token)
    assert [token.bulk_in(ROOM), token.bulk_in(ROOM)] == [b"", b""] and read(token.bulk_in(ROOM)).seq == 2


def test_a_truncated_answer_is_all_that_comes() -> None:
    token, _ = struck("truncate", 9)
    send(token)
    assert len(token.bulk_in(ROOM) or b"") == 9 and token.bulk_in(ROOM) is None


def test_more_time_is_asked_for_as_often_as_planned() -> None:
    token, _ = struck("time_extension", 3)
    send(token)
    answers = [read(token.bulk_in(ROOM)) for _ in range(4)]
    assert [a.command for a in answers] == [2, 2, 2, 0] and answers[0].error == 1


def test_a_late_answer_comes_after_the_host_gave_up() -> None:
    token, _ = struck("late", 2)
    send(token)
    assert token.bulk_in(ROOM) is None
    token.given_up()
    assert token.bulk_in(ROOM) is None
    token.given_up()
    assert read(token.bulk_in(ROOM)).seq == 2


def test_a_late_answer_comes_before_the_next_ones() -> None:
    token, _ = struck("late")
    send(token)
    token.bulk_out(packed(STATUS, seq=3))
    assert [read(token.bulk_in(ROOM)).seq for _ in range(2)] == [2, 3]


@pytest.mark.parametrize(("do", "fault"), [("overflow", Overflow), ("broken", Broken)])
def test_a_transfer_breaks_and_its_answer_is_lost(do: str, fault: type[Exception]) -> None:
    token, _ = struck(do)
    send(token)
    with pytest.raises(fault):
        token.bulk_in(ROOM)
    assert token.bulk_in(ROOM) is None


def test_a_card_without_power_wants_to_be_powered_up_anew() -> None:
    token, _ = struck("power_loss")
    send(token)
    answer = read(token.bulk_in(ROOM))
    assert (answer.card, answer.command, answer.error) == (1, 1, 0xFE)


@pytest.mark.parametrize(("do", "command"), [("card_out_before_commit", 1), ("card_out_after_commit", 0)])
def test_a_drawn_card_is_told_by_interrupt(do: str, command: int) -> None:
    token, _ = struck(do)
    token.interrupt_in()
    send(token)
    assert read(token.bulk_in(ROOM)).command == command and token.interrupt_in() == b"\x50\x02"


def test_an_error_of_choice() -> None:
    token, _ = struck("fail", 0xFB)
    send(token)
    assert read(token.bulk_in(ROOM)).error == 0xFB


def test_a_request_on_ep0_stalls_as_planned() -> None:
    token = Token(Echo(), faults=[{"at": "control", "do": "stall", "nth": 2}])
    token.control(0x00, 9, 1, 0)
    with pytest.raises(Stall):
        token.control(0x80, 8, 0, 0, 1)
    assert token.control(0x80, 8, 0, 0, 1) == b"\1"


def conversation(token: Token) -> None:
    """32 bytes: a command of 15, an answer of 17."""
    send(token)
    token.bulk_in(ROOM)


@pytest.mark.parametrize("at", range(1, 33))
def test_unplugged_before_any_byte_the_card_has_the_command_whole_or_not_at_all(at: int) -> None:
    card = Echo()
    token = Token(card)
    ready(token)
    token._plan = Plan([{"at": "byte", "do": "unplug", "nth": at}])
    with pytest.raises(Gone):
        conversation(token)
    assert len(card.heard) == (0 if at <= 15 else 1)
    assert not token.plugged


def test_unplugged_at_a_transfer() -> None:
    token = Token(Echo(), faults=[{"at": "transfer", "do": "unplug", "nth": 4}])
    ready(token)
    with pytest.raises(Gone):
        conversation(token)
