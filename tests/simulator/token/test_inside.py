"""The practice card in the token, at each exchange level: the same card, the same books."""

from __future__ import annotations

from pathlib import Path

import pytest

from fapiao_kernel.simulator.token.behind import Inside
from fapiao_kernel.simulator.token.descriptors import Level, Model
from fapiao_kernel.simulator.token.errors import Gone
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.slot import atr_of
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.card.maker import PIN, counts, make_image
from tests.simulator.token.host import ON, ROOM, XFR, Answer, Echo, Mute, ask, packed, read, ready, xfr

VERIFY = b"\xc0\xf9\x00\x00\x08" + PIN.encode()
REPORT = bytes.fromhex("C0F400010000082026100120261031" + "0000")
CASE_4S = bytes.fromhex("C0F40001082026100120261031")
SPAN = "004 2026-10-01..2026-10-31"


def reported(image: Path) -> dict[str, int]:
    return counts(image, "report").get(SPAN, {})


def block(number: int, inf: bytes, more: bool = False) -> bytes:
    raw = bytes([0, number << 6 | more << 5, len(inf)]) + inf
    check = 0
    for byte in raw:
        check ^= byte
    return raw + bytes([check])


def supervised(pcb: int, inf: bytes = b"") -> bytes:
    check = pcb ^ len(inf)
    for byte in inf:
        check ^= byte
    return bytes([0, pcb, len(inf)]) + inf + bytes([check])


def test_power_on_forgets_the_pin_and_keeps_the_books(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json")
    token = ready(Token(CardInside(image)))
    assert xfr(token, VERIFY).data == b"\x90\x00"
    assert len(xfr(token, REPORT).data) == 323
    assert reported(image) == {"applied": 1, "answered": 1}
    ask(token, ON)
    assert xfr(token, REPORT).data == b"\x69\x82"


def test_an_answer_that_never_left_whole_is_applied_and_not_answered(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json")
    token = ready(Token(CardInside(image), faults=[{"at": "xfr", "do": "lose_reply_after_commit", "nth": 2}]))
    xfr(token, VERIFY)
    token.bulk_out(packed(XFR, REPORT))
    assert token.bulk_in(ROOM) is None
    assert reported(image) == {"applied": 1, "answered": 0}


def test_an_answer_in_parts_counts_when_the_last_part_has_left(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json")
    token = ready(Token(CardInside(image), Model(max_message=271)))
    xfr(token, VERIFY)
    assert xfr(token, REPORT).special == 1
    assert reported(image) == {"applied": 1, "answered": 0}
    assert xfr(token, b"", 0x10).special == 2
    assert reported(image) == {"applied": 1, "answered": 1}


@pytest.mark.parametrize(
    ("do", "applied"), [("power_loss_before_commit", {}), ("power_loss_after_commit", {"applied": 1, "answered": 0})]
)
def test_power_lost_in_the_card_takes_the_token_with_it(tmp_path: Path, do: str, applied: dict[str, int]) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "report", "do": do}])
    token = ready(Token(CardInside(image)))
    xfr(token, VERIFY)
    with pytest.raises(Gone):
        token.bulk_out(packed(XFR, REPORT))
    assert not token.plugged and reported(image) == applied
    token.plug()
    ready(token)
    assert xfr(token, VERIFY).data == b"\x90\x00"
    assert xfr(token, REPORT).data[-2:] == (b"\x69\x85" if applied else b"\x90\x00")


def test_the_cards_delay_asks_for_more_time(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "clock", "do": "delay", "seconds": 2}])
    token = ready(Token(CardInside(image)))
    token.bulk_out(packed(XFR, bytes.fromhex("C0CA000107")))
    assert [read(token.bulk_in(ROOM)).command for _ in range(3)] == [2, 2, 0]


def test_a_mute_card_needs_power_on(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "report", "do": "lose_reply_after_commit"}])
    token = ready(Token(CardInside(image)))
    xfr(token, VERIFY)
    assert [xfr(token, REPORT).error, xfr(token, VERIFY).error] == [0xFE, 0xFE]
    ask(token, ON)
    assert xfr(token, VERIFY).data == b"\x90\x00" and reported(image) == {"applied": 1, "answered": 0}


def t1(token: Token, apdu: bytes) -> bytes:
    """One command in T=1 blocks of 32, the answer put together. The session must be new."""
    parts = [apdu[at : at + 32] for at in range(0, len(apdu), 32)]
    for number, part in enumerate(parts):
        answer = xfr(token, block(number & 1, part, more=part is not parts[-1]))
    data, wanted = answer.data[3:-1], 1
    while answer.data[1] & 0x20:
        answer = xfr(token, supervised(0x80 | wanted << 4))
        data, wanted = data + answer.data[3:-1], wanted ^ 1
    return data


def t1_token(image: Path) -> Token:
    return ready(Token(CardInside(image), Model(level=Level.TPDU_T1)))


def test_t1_blocks_carry_an_apdu(tmp_path: Path) -> None:
    token = t1_token(make_image(tmp_path / "card.json"))
    assert xfr(token, supervised(0xC1, b"\xfe")).data == supervised(0xE1, b"\xfe")
    assert t1(token, bytes.fromhex("C0CA000107"))[-2:] == b"\x90\x00"


def test_t1_chains_a_long_answer(tmp_path: Path) -> None:
    token = t1_token(make_image(tmp_path / "card.json"))
    xfr(token, block(0, bytes.fromhex("00A4000C02EF02")))
    answer = xfr(token, block(1, bytes.fromhex("00B000008B")))
    assert answer.data[1] & 0x20 and answer.data[2] == 32


def test_t1_asks_for_time_in_a_block_of_its_own(tmp_path: Path) -> None:
    token = t1_token(make_image(tmp_path / "card.json", [{"at": "clock", "do": "delay", "seconds": 3}]))
    assert xfr(token, block(0, bytes.fromhex("C0CA000107"))).data == supervised(0xC3, b"\x04")
    assert xfr(token, supervised(0xE3, b"\x04")).data[-3:-1] == b"\x90\x00"


@pytest.mark.parametrize(("do", "answer"), [("drop_reply", None), ("corrupt_reply", False)])
def test_t1_sends_a_lost_block_again_without_carrying_out(tmp_path: Path, do: str, answer: bool | None) -> None:
    image = make_image(tmp_path / "card.json", [{"at": "clock", "do": do}])
    token = t1_token(image)
    first: Answer = xfr(token, block(0, bytes.fromhex("C0CA000107")))
    assert (first.error == 0xFE) if answer is None else (first.data[-1] ^ 0xFF == _check(first.data[:-1]))
    assert xfr(token, supervised(0x80)).data[-3:-1] == b"\x90\x00"


def _check(raw: bytes) -> int:
    check = 0
    for byte in raw:
        check ^= byte
    return check


def test_t1_is_silent_on_half_a_block_and_goes_on(tmp_path: Path) -> None:
    token = t1_token(make_image(tmp_path / "card.json"))
    assert xfr(token, block(0, b"\xc0\xca\x00\x01\x07")[:4]).error == 0xFE
    assert t1(token, bytes.fromhex("C0CA000107"))[-2:] == b"\x90\x00"


def t0_token(card: Inside) -> Token:
    return ready(Token(card, Model(level=Level.TPDU_T0)))


def test_t0_offers_a_long_answer_by_61xx(tmp_path: Path) -> None:
    image = make_image(tmp_path / "card.json")
    token = t0_token(CardInside(image))
    assert ask(token, ON).data == atr_of(0)
    assert xfr(token, VERIFY).data == b"\x90\x00"
    assert xfr(token, CASE_4S).data == b"\x61\x00"
    first = xfr(token, bytes.fromhex("00C0000000")).data
    assert (len(first), first[-2:]) == (258, b"\x61\x41")
    assert reported(image) == {"applied": 1, "answered": 0}
    assert xfr(token, bytes.fromhex("00C0000050")).data == b"\x6c\x41"
    rest = xfr(token, bytes.fromhex("00C0000041")).data
    assert (len(rest), rest[-2:]) == (67, b"\x90\x00")
    assert reported(image) == {"applied": 1, "answered": 1}
    assert xfr(token, bytes.fromhex("00C0000041")).data == b"\x69\x85"


def test_t0_corrects_a_wrong_le_and_asks_the_card_once() -> None:
    card = Echo()
    card.reply = b"12345"
    token = t0_token(card)
    assert xfr(token, bytes.fromhex("00B0000000")).data == b"\x6c\x05"
    assert xfr(token, bytes.fromhex("00B0000005")).data == b"12345\x90\x00" and len(card.heard) == 1


def test_t0_takes_a_long_command_in_envelopes() -> None:
    card = Echo()
    card.reply = b""
    token = t0_token(card)
    apdu = bytes.fromhex("00D60000") + b"\0\x01\x90" + bytes(400)
    assert xfr(token, bytes.fromhex("00C20000FF") + apdu[:255]).data == b"\x90\x00" and not card.heard
    assert xfr(token, bytes.fromhex("00C20000") + bytes([152]) + apdu[255:]).data == b"\x90\x00"
    assert card.heard == [apdu]


def test_t0_is_mute_when_data_are_missing() -> None:
    card = Mute()
    token = t0_token(card)
    assert xfr(token, bytes.fromhex("00A4000C02EF")).error == 0xFE and card.heard == []
