"""The terminal's T=1 against scripted blocks, and against the simulated card's peer over a line that loses, garbles and delays."""

from __future__ import annotations

from collections import deque
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol import t1_block
from fapiao_kernel.protocol.t1 import REPAIRS, SILENCE, Step, Terminal
from fapiao_kernel.protocol.t1_block import Block, Edc, information, parse, ready, supervisory
from fapiao_kernel.simulator.card.t1_peer import Command, Peer, Send


def opened() -> Terminal:
    terminal = Terminal()
    assert terminal.open().send == supervisory(t1_block.RESYNCH, request=True).encode()
    step = terminal.received(supervisory(t1_block.RESYNCH, request=False).encode())
    assert parse(step.send) == supervisory(t1_block.IFS, b"\xfe", request=True)
    assert terminal.received(supervisory(t1_block.IFS, b"\xfe", request=False).encode()).done
    return terminal


def test_the_card_is_told_how_long_a_block_we_take() -> None:
    terminal = Terminal(ifsd=252)
    terminal.open()
    step = terminal.received(supervisory(t1_block.RESYNCH, request=False).encode())
    assert parse(step.send) == supervisory(t1_block.IFS, b"\xfc", request=True)
    assert terminal.received(supervisory(t1_block.IFS, b"\xfc", request=False).encode()).done


def test_a_short_command_and_its_reply_are_one_block_each() -> None:
    terminal = opened()
    assert parse(terminal.command(b"\x01\x02").send) == information(0, b"\x01\x02")
    step = terminal.received(information(0, b"\x90\x00").encode())
    assert step.done and step.reply == b"\x90\x00"
    assert parse(terminal.command(b"\x03").send) == information(1, b"\x03")


def test_a_long_command_is_chained_in_parts_that_the_card_can_take() -> None:
    terminal = opened()
    assert parse(terminal.command(bytes(40)).send) == information(0, bytes(32), more=True)
    assert parse(terminal.received(ready(1).encode()).send) == information(1, bytes(8))


def test_a_chained_reply_is_put_together() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    assert parse(terminal.received(information(0, b"ab", more=True).encode()).send) == ready(1)
    assert parse(terminal.received(information(1, b"cd", more=True).encode()).send) == ready(0)
    assert terminal.received(information(0, b"\x90\x00").encode()).reply == b"abcd\x90\x00"


def test_a_card_may_say_how_long_a_block_it_takes() -> None:
    terminal = opened()
    terminal.command(bytes(40))
    step = terminal.received(supervisory(t1_block.IFS, b"\x10", request=True).encode())
    assert parse(step.send) == supervisory(t1_block.IFS, b"\x10", request=False)
    assert parse(terminal.received(ready(1).encode()).send) == information(1, bytes(8))


def test_a_card_that_asks_for_time_gets_it() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    step = terminal.received(supervisory(t1_block.WTX, b"\x05", request=True).encode())
    assert parse(step.send) == supervisory(t1_block.WTX, b"\x05", request=False) and step.patience == 5


def test_a_lost_reply_is_asked_for_and_the_command_is_not_sent_again() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    for _ in range(REPAIRS):
        block = parse(terminal.received(SILENCE).send)
        assert block.is_ready and block.sequence == 0
    with pytest.raises(ProtocolError) as caught:
        terminal.received(SILENCE)
    assert caught.value.code == "protocol_silent"


def test_a_garbled_reply_is_received_three_times_and_then_given_up() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    for _ in range(REPAIRS):
        step = terminal.received(b"\x00\x00\x01\x01\x55")
        assert step.drain and parse(step.send) == ready(0, t1_block.EDC_ERROR)
    with pytest.raises(ProtocolError) as caught:
        terminal.received(b"\x00\x00\x01\x01\x55")
    assert caught.value.code == "protocol_garbled"
    with pytest.raises(ProtocolError) as caught:
        terminal.command(b"\x01")
    assert caught.value.code == "protocol_order"


def test_a_block_that_the_card_still_waits_for_is_sent_again_unchanged() -> None:
    terminal = opened()
    first = terminal.command(b"\x01").send
    terminal.received(SILENCE)
    assert terminal.received(ready(0).encode()).send == first


def test_a_copy_of_an_older_reply_is_dropped() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    assert terminal.received(information(0, b"\x90\x00").encode()).done
    terminal.command(b"\x02")
    assert terminal.received(information(0, b"\x90\x00").encode()) == Step()
    assert terminal.received(information(1, b"\x6a\x80").encode()).reply == b"\x6a\x80"


def test_a_card_that_aborts_is_answered_and_ends_the_exchange() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    step = terminal.received(supervisory(t1_block.ABORT, request=True).encode())
    assert parse(step.send) == supervisory(t1_block.ABORT, request=False) and step.patience == 0
    with pytest.raises(ProtocolError) as caught:
        terminal.received(SILENCE)
    assert caught.value.code == "protocol_aborted"
    with pytest.raises(ProtocolError):
        terminal.command(b"\x01")


@pytest.mark.parametrize(
    "block",
    [
        supervisory(t1_block.IFS, b"\x20", request=True),
        information(1, b"a copy"),
        information(0, b"", more=True),
    ],
)
def test_a_card_that_brings_nothing_on_for_ever_is_given_up(block: Block) -> None:
    terminal = opened()
    terminal.command(b"\x01")
    with pytest.raises(ProtocolError):
        for turn in range(100_000):
            again = information(turn % 2, b"", more=True) if block.more else block
            terminal.received(again.encode())


@pytest.mark.parametrize("size", [b"\x00", b"\xff"])
def test_a_block_size_that_the_standard_does_not_know_is_refused(size: bytes) -> None:
    terminal = opened()
    terminal.command(bytes(40))
    step = terminal.received(supervisory(t1_block.IFS, size, request=True).encode())
    assert parse(step.send) == ready(0, t1_block.OTHER_ERROR)


@pytest.mark.parametrize("answered", [0, 1])
def test_resynch_and_the_block_size_are_asked_for_three_times_each(answered: int) -> None:
    terminal = Terminal()
    sent = [terminal.open().send]
    if answered:
        sent = [terminal.received(supervisory(t1_block.RESYNCH, request=False).encode()).send]
    with pytest.raises(ProtocolError) as caught:
        while True:
            sent.append(terminal.received(SILENCE).send)
    assert sent == [sent[0]] * 3
    assert caught.value.code == "protocol_silent"


def test_leftovers_before_the_answer_to_resynch_are_dropped() -> None:
    terminal = Terminal()
    terminal.open()
    for left in (information(1, b"\x90\x00"), ready(0), supervisory(t1_block.WTX, b"\x01", request=True)):
        assert terminal.received(left.encode()) == Step()
    step = terminal.received(supervisory(t1_block.RESYNCH, request=False).encode())
    assert parse(step.send) == supervisory(t1_block.IFS, b"\xfe", request=True)


def test_inside_a_command_neither_side_resynchronises() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    step = terminal.received(supervisory(t1_block.RESYNCH, request=True).encode())
    assert parse(step.send) == ready(0, t1_block.OTHER_ERROR)
    sent = [terminal.received(SILENCE).send]
    with pytest.raises(ProtocolError):
        terminal.received(SILENCE)
    assert all(parse(block).is_ready for block in sent)


def test_with_crc_every_block_both_ways_ends_in_one() -> None:
    terminal = Terminal(Edc.CRC)
    assert terminal.open().send == supervisory(t1_block.RESYNCH, request=True).encode(Edc.CRC)
    step = terminal.received(supervisory(t1_block.RESYNCH, request=False).encode(Edc.CRC))
    assert parse(step.send, Edc.CRC) == supervisory(t1_block.IFS, b"\xfe", request=True)
    assert terminal.received(supervisory(t1_block.IFS, b"\xfe", request=False).encode(Edc.CRC)).done
    assert parse(terminal.command(b"\x01").send, Edc.CRC) == information(0, b"\x01")
    garbled = information(0, b"\x90\x00").encode(Edc.LRC)
    assert parse(terminal.received(garbled).send, Edc.CRC) == ready(0, t1_block.EDC_ERROR)
    assert terminal.received(information(0, b"\x90\x00").encode(Edc.CRC)).reply == b"\x90\x00"


def test_a_card_that_asks_for_time_for_ever_is_given_up() -> None:
    terminal = opened()
    terminal.command(b"\x01")
    with pytest.raises(ProtocolError):
        for _ in range(1000):
            terminal.received(supervisory(t1_block.WTX, b"\x01", request=True).encode())


@given(st.lists(st.one_of(st.binary(max_size=20), st.just(None)), max_size=60))
def test_whatever_comes_the_terminal_goes_on_or_gives_up(arrivals: list[bytes | None]) -> None:
    terminal = opened()
    terminal.command(bytes(50))
    try:
        for raw in arrivals:
            terminal.received(SILENCE if raw is None else raw)
            if terminal.idle:
                return
    except ProtocolError:
        with pytest.raises(ProtocolError):
            terminal.command(b"\x01")


class Fate(Enum):
    WELL, LOST, GARBLED, LATE, TWICE = range(5)


class Line:
    """Terminal and peer with fates drawn for each block on the way, in order, as a serial line keeps it."""

    def __init__(self, fates: list[Fate]) -> None:
        self.fates = iter(fates)
        self.peer = Peer()
        self.carried_out: list[bytes] = []
        self.coming: deque[bytes | None] = deque()  # None: the terminal waits in vain once

    def send(self, block: bytes) -> None:
        match next(self.fates, Fate.WELL):
            case Fate.LOST:
                return
            case Fate.GARBLED:
                self._to_card(block[:-1] + bytes([block[-1] ^ 1]))
            case Fate.TWICE:
                self._to_card(block)
                self._to_card(block)
            case _:
                self._to_card(block)

    def _to_card(self, raw: bytes) -> None:
        for event in self.peer.feed(raw):
            if isinstance(event, Command):
                self.carried_out.append(event.apdu)
                event = self.peer.reply(event.apdu[::-1] * 2)
            if isinstance(event, Send):
                self._to_terminal(event.block)

    def _to_terminal(self, block: bytes) -> None:
        match next(self.fates, Fate.WELL):
            case Fate.LOST:
                return
            case Fate.GARBLED:
                self.coming.append(block[:-1] + bytes([block[-1] ^ 1]))
            case Fate.LATE:
                self.coming += [None, block]
            case Fate.TWICE:
                self.coming += [block, block]
            case Fate.WELL:
                self.coming.append(block)

    def run(self, terminal: Terminal, step: Step) -> bytes:
        while not step.done:
            if step.send:
                self.send(step.send)
            raw = self.coming.popleft() if self.coming else None
            step = terminal.received(SILENCE if raw is None else raw)
        return step.reply


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(Fate), max_size=60), st.lists(st.integers(1, 400), min_size=1, max_size=4))
def test_no_line_however_bad_makes_the_card_carry_a_command_out_twice(fates: list[Fate], sizes: list[int]) -> None:
    line, terminal = Line([]), Terminal()
    line.run(terminal, terminal.open())
    line.fates = iter(fates)
    commands = [bytes([n]) * size for n, size in enumerate(sizes)]
    for number, command in enumerate(commands):
        try:
            reply = line.run(terminal, terminal.command(command))
        except ProtocolError:
            assert line.carried_out in (commands[:number], commands[: number + 1])
            return
        assert reply == command[::-1] * 2
        assert line.carried_out == commands[: number + 1]


def test_a_line_that_loses_one_block_of_each_kind_is_repaired() -> None:
    for lost in range(12):
        line, terminal = Line([]), Terminal()
        line.run(terminal, terminal.open())
        line.fates = iter([Fate.WELL] * lost + [Fate.LOST])
        assert line.run(terminal, terminal.command(bytes(100))) == bytes(200)
        assert line.carried_out == [bytes(100)]
