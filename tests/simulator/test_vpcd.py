"""The simulated card as the far end of vsmartcard's virtual reader."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fapiao_kernel.protocol import atr
from fapiao_kernel.simulator.card.atr import ATR
from fapiao_kernel.simulator.card.card import SimulatedCard
from fapiao_kernel.simulator.vpcd import CardInReader, Drawn, Fault, serve
from tests.simulator.card.maker import PIN, make_image

SELECT = bytes.fromhex("00A4000C02EF02")
VERIFY = bytes.fromhex("C0F9000008") + PIN.encode()
TRIES = bytes.fromhex("C0F90000")
REPORT = bytes.fromhex("C0F40001000008202610012026103100 00")


def inserted(tmp_path: Path, fault: Fault | None = None, **faults: object) -> CardInReader:
    image = make_image(tmp_path / "card.json", [faults] if faults else [])
    return CardInReader(SimulatedCard(image), fault, slept.append)


slept: list[float] = []


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[socket.socket]:
    """The reader's end of a connection with a card at the other."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        near = socket.create_connection(door.getsockname(), timeout=5)
        far, _ = door.accept()
    with ThreadPoolExecutor(1) as pool, far:
        served = pool.submit(serve, far, inserted(tmp_path))
        with near:
            yield near
        assert served.result(5) is None


def test_the_answer_to_reset_is_one(tmp_path: Path) -> None:
    parsed = atr.parse(ATR)
    assert parsed.protocols == (1,) and parsed.historical == b"FAPIAO-SIM"
    assert inserted(tmp_path).answer(b"\x04") == ATR


@pytest.mark.parametrize("message", [b"\x00", b"\x01", b"\x02", b""])
def test_power_and_reset_are_not_answered(tmp_path: Path, message: bytes) -> None:
    assert inserted(tmp_path).answer(message) is None


@pytest.mark.parametrize("message", [b"\x00", b"\x01", b"\x02"])
def test_a_verified_pin_does_not_outlive_the_power(tmp_path: Path, message: bytes) -> None:
    card = inserted(tmp_path)
    assert card.answer(VERIFY) == b"\x90\x00"
    card.answer(message)
    assert card.answer(REPORT) == b"\x69\x82"


def test_messages_come_apart_and_together_as_a_stream_brings_them(reader: socket.socket) -> None:
    message = len(SELECT).to_bytes(2, "big") + SELECT
    for byte in message:
        reader.send(bytes([byte]))
    assert reader.recv(100) == b"\x00\x02\x90\x00"
    reader.sendall(b"\x00\x01\x01" + message + b"\x00\x01\x04")
    expected = b"\x00\x02\x90\x00" + len(ATR).to_bytes(2, "big") + ATR
    got = b""
    while len(got) < len(expected):
        got += reader.recv(100)
    assert got == expected


def test_a_reader_that_leaves_in_mid_message_ends_the_service(reader: socket.socket) -> None:
    reader.send(b"\x00\x07\x00\xa4")


def test_a_silent_card_answers_all_but_one(tmp_path: Path) -> None:
    card = inserted(tmp_path, Fault("silent", 2))
    assert [card.answer(SELECT) for _ in range(3)] == [b"\x90\x00", None, b"\x90\x00"]


def test_a_card_is_drawn_out_before_it_has_done_anything(tmp_path: Path) -> None:
    card = inserted(tmp_path, Fault("close", 1))
    with pytest.raises(Drawn):
        card.answer(VERIFY)
    assert card.answer(REPORT) == b"\x69\x82"


def test_a_slow_card_answers_late(tmp_path: Path) -> None:
    slept.clear()
    card = inserted(tmp_path, Fault("slow", 1, 2.5))
    assert [card.answer(SELECT), card.answer(SELECT)] == [b"\x90\x00", b"\x90\x00"] and slept == [2.5]


def test_the_faults_of_the_card_itself_strike_here_too(tmp_path: Path) -> None:
    card = inserted(tmp_path, at="verify_pin", do="lose_reply_after_commit")
    assert card.answer(VERIFY) is None
