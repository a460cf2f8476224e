"""The card as a process: its line outlives clients, its state outlives it."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.card.maker import CardProcess, make_image

RESYNCH, RESYNCHED = bytes.fromhex("00C000C0"), bytes.fromhex("00E000E0")

pty_only = pytest.mark.skipif(sys.platform == "win32", reason="no pty on Windows; the TCP line is tested there")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_image(tmp_path / "card.json")


@pytest.fixture(params=[pytest.param(False, marks=pty_only, id="pty"), pytest.param(True, id="tcp")])
def card(image: Path, request: pytest.FixtureRequest) -> Iterator[CardProcess]:
    card = CardProcess.start(image, tcp=request.param)
    yield card
    card.kill()


class Client:
    """A bare client of the line."""

    def __init__(self, line: str) -> None:
        if line.startswith("socket://"):
            host, port = line.removeprefix("socket://").split(":")
            self._socket = socket.create_connection((host, int(port)), 5)
            self._socket.settimeout(None)
            self._handle = self._socket.detach()
        else:
            self._handle = os.open(line, os.O_RDWR | os.O_NOCTTY)

    def ask(self, raw: bytes) -> bytes:
        os.write(self._handle, raw)
        return os.read(self._handle, 300)

    def close(self) -> None:
        os.close(self._handle)


def test_clients_come_and_go(card: CardProcess) -> None:
    for _ in range(3):
        client = Client(card.line)
        assert client.ask(RESYNCH) == RESYNCHED
        client.close()
    assert card.process.poll() is None


def test_half_a_block_of_a_client_that_died_does_not_spoil_the_next(card: CardProcess) -> None:
    first = Client(card.line)
    assert first.ask(RESYNCH) == RESYNCHED
    os.write(first._handle, b"\x00\x00\xfe\x01\x02")
    first.close()
    second = Client(card.line)
    answer = b""
    for _ in range(3):  # the first may still fall into the half block, and is then answered by an R-block or not at all
        os.write(second._handle, RESYNCH)
        if _readable(second._handle, 0.5):
            answer += os.read(second._handle, 300)
        if RESYNCHED in answer:
            break
    assert RESYNCHED in answer
    second.close()


def _readable(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def test_it_says_where_it_is_in_a_pid_file_and_takes_it_back_when_ended(card: CardProcess, image: Path) -> None:
    pid_file = image.with_name("card.json.pid")
    assert json.loads(pid_file.read_text()) == {"pid": card.process.pid, "line": card.line}
    assert card.stop() == 0
    assert not pid_file.exists()


def test_one_image_is_served_by_one_card(card: CardProcess, image: Path) -> None:
    command = [sys.executable, "-m", "fapiao_kernel.simulator.card", "--image", str(image)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 1 and "already" in second.stderr


def test_a_killed_card_starts_again_on_its_image(image: Path) -> None:
    first = CardProcess.start(image)
    first.kill()
    second = CardProcess.start(image)
    client = Client(second.line)
    assert client.ask(RESYNCH) == RESYNCHED
    client.close()
    assert second.stop() == 0


def test_a_missing_image_is_told_and_not_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fapiao_kernel.simulator.card", "--image", str(tmp_path / "none.json")]
    told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert told.returncode == 1 and "none.json" in told.stderr and "Traceback" not in told.stderr
    assert list(tmp_path.iterdir()) == []
