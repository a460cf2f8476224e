"""The card's half of T=1, block by block, with blocks written by hand from the note."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.simulator.card.t1_peer import Command, Event, Opened, Peer, Send


def block(text: str) -> bytes:
    """NAD PCB LEN INF in hex; the LRC is added."""
    raw = bytes.fromhex(text)
    check = 0
    for byte in raw:
        check ^= byte
    return raw + bytes([check])


def sent(events: list[Event]) -> list[str]:
    return [e.block[:-1].hex().upper() for e in events if isinstance(e, Send)]


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    assert peer.feed(block("00C000")) == [Opened(), Send(block("00E000"))]
    return peer


def test_a_command_in_one_block_is_handed_over(peer: Peer) -> None:
    assert peer.feed(block("000002AABB")) == [Command(b"\xaa\xbb")]


def test_a_chained_command_is_acknowledged_part_by_part(peer: Peer) -> None:
    assert sent(peer.feed(block("002001AA"))) == ["009000"]
    assert peer.feed(block("004001BB")) == [Command(b"\xaa\xbb")]


def test_a_reply_is_cut_to_what_the_terminal_takes(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    first = peer.reply(bytes(40))
    assert first.block[:3].hex() == "002020" and not first.last
    (rest,) = peer.feed(block("009000"))
    assert isinstance(rest, Send) and rest.block[:3].hex() == "004008" and rest.last


def test_a_lost_reply_is_sent_again_without_handing_the_command_over(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    first = peer.reply(b"\x90\x00")
    assert peer.feed(block("008200")) == [first]


def test_a_copy_of_a_command_is_dropped(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    peer.reply(b"\x90\x00")
    assert peer.feed(block("000001AA")) == []


def test_a_terminal_whose_command_was_lost_is_told_which_block_is_awaited(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    peer.reply(b"\x90\x00")
    assert sent(peer.feed(block("009200"))) == ["009000"]


def test_a_garbled_block_is_asked_for_again(peer: Peer) -> None:
    assert sent(peer.feed(b"\x00\x00\x01\xaa\x00")) == ["008100"]


def test_an_ifs_request_is_answered_and_obeyed(peer: Peer) -> None:
    assert sent(peer.feed(block("00C101FE"))) == ["00E101FE"]
    peer.feed(block("000001AA"))
    assert peer.reply(bytes(254)).last


def test_an_abort_drops_what_was_begun(peer: Peer) -> None:
    peer.feed(block("002001AA"))
    assert sent(peer.feed(block("00C200"))) == ["00E200"]
    assert peer.feed(block("004001BB")) == [Command(b"\xbb")]


def test_a_mute_card_speaks_again_after_a_resynch_only(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    peer.mute()
    assert peer.feed(block("008200") + block("008200")) == []
    assert peer.feed(block("00C000")) == [Opened(), Send(block("00E000"))]


def test_a_half_block_is_dropped_when_the_line_falls_silent(peer: Peer) -> None:
    peer.feed(b"\x00\x00\xfe\x01")
    assert peer.half
    peer.silence()
    assert peer.feed(block("000001AA")) == [Command(b"\xaa")]


def test_while_it_works_a_card_repeats_its_request_for_time(peer: Peer) -> None:
    peer.feed(block("000001AA"))
    asked = peer.ask_for_time(3)
    assert asked.block == block("00C30103")
    assert peer.feed(block("008200")) == [asked]
    assert peer.feed(block("00E30103")) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_are_borne(arrivals: list[bytes]) -> None:
    peer = Peer()
    for data in arrivals:
        for event in peer.feed(data):
            if isinstance(event, Command):
                peer.reply(b"\x6f\x00")
    peer.silence()
    assert Opened() in peer.feed(block("00C000"))


def crc_block(text: str, crc: str) -> bytes:
    return bytes.fromhex(text + crc)


def test_a_card_that_checks_by_crc_answers_the_opening_of_the_note() -> None:
    peer = Peer(crc=True)
    opened, answer = peer.feed(crc_block("00C000", "660C"))
    assert opened == Opened() and isinstance(answer, Send)
    assert answer.block[:3].hex().upper() == "00E000" and len(answer.block) == 5


def test_a_card_that_checks_by_crc_asks_again_for_a_block_with_a_wrong_one() -> None:
    peer = Peer(crc=True)
    peer.feed(crc_block("00C000", "660C"))
    (again,) = peer.feed(crc_block("000000", "0000"))
    assert isinstance(again, Send) and again.block[:3].hex().upper() == "008100"


def test_a_card_that_takes_longer_blocks_says_so_before_its_first_answer() -> None:
    peer = Peer(ifsc=254)
    peer.feed(block("00C000"))
    assert sent(peer.feed(block("002001AA"))) == ["00C101FE"]
    assert sent(peer.feed(block("008200"))) == ["00C101FE"]
    assert sent(peer.feed(block("00E101FE"))) == ["009000"]
    assert peer.feed(block("00E101FE")) == []
    assert peer.feed(block("004001BB")) == [Command(b"\xaa\xbb")]
    first = peer.reply(b"\x90\x00")
    assert peer.feed(block("008200")) == [first]


def test_a_card_says_its_block_size_once_a_session() -> None:
    peer = Peer(ifsc=100)
    for _ in range(2):
        peer.feed(block("00C000"))
        assert sent(peer.feed(block("000001AA"))) == ["00C10164"]
        assert peer.feed(block("00E10164")) == [Command(b"\xaa")]
