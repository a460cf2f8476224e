"""The serial link on a real pty with a far end in a thread: what only the system and pyserial together can show."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import LINK, open_serial
from fapiao_kernel.devices.plug import LinkCan
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.card.t1_peer import Command, Peer, Send
from tests.simulator.card.maker import CardProcess, make_image

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there is no pty on Windows; TCP is tested with the card"
)

LONG = 20.0
"""Block waiting time in seconds of tests that must not run into it."""


class FarEnd:
    """A card's peer on a pty. ``answers`` False: it takes a command and says nothing. ``piece``: bytes of one write."""

    def __init__(self, *, crc: bool = False, answers: bool = True, piece: int = 4096) -> None:
        import tty

        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.where = os.ttyname(slave)
        self._slave: int | None = slave
        self._bell, self._ring = os.pipe()
        self._peer = Peer(crc=crc)
        self._answers = answers
        self._piece = piece
        self.commands: list[bytes] = []
        self.got_one = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            ready = select.select([self._master, self._bell], [], [], 0.01 if self._peer.half else None)[0]
            if self._bell in ready:
                return
            if not ready:
                self._peer.silence()
                continue
            for event in self._peer.feed(os.read(self._master, 4096)):
                if isinstance(event, Command):
                    self.commands.append(event.apdu)
                    self.got_one.set()
                    if not self._answers:
                        continue
                    event = self._peer.reply(event.apdu[::-1] + b"\x90\x00")
                if isinstance(event, Send):
                    for at in range(0, len(event.block), self._piece):
                        os.write(self._master, event.block[at : at + self._piece])

    def unplug(self) -> None:
        """As when the device is pulled out: its end of the line is gone."""
        if self._slave is not None:
            os.write(self._ring, b"x")
            self._thread.join()
            for end in (self._slave, self._master, self._bell, self._ring):
                os.close(end)
            self._slave = None


MakeFarEnd = Callable[..., FarEnd]


@pytest.fixture
def far_end() -> Iterator[MakeFarEnd]:
    made: list[FarEnd] = []

    def make(**options: object) -> FarEnd:
        made.append(FarEnd(**options))  # type: ignore[arg-type]  # the options of ``FarEnd``
        return made[-1]

    yield make
    for one in made:
        one.unplug()


def in_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[NotReachable]]:
    errors: list[NotReachable] = []

    def run() -> None:
        try:
            act()
        except NotReachable as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


@pytest.mark.parametrize("piece", [1, 3, 4096])
@pytest.mark.parametrize("crc", [False, True])
def test_an_exchange_over_a_pty_however_the_bytes_come(far_end: MakeFarEnd, crc: bool, piece: int) -> None:
    end = far_end(crc=crc, piece=piece)
    link = open_serial(end.where + ("?edc=crc&baud=9600" if crc else ""), LONG)
    apdu = bytes(range(100))
    assert link.transmit(apdu) == apdu[::-1] + b"\x90\x00"
    link.close()


@pytest.mark.parametrize("way", ["?edc=crc", ""])
def test_a_card_that_checks_blocks_in_another_way_stays_silent_on_opening(far_end: MakeFarEnd, way: str) -> None:
    end = far_end(crc=not way)
    with pytest.raises(NotReachable) as caught:
        open_serial(end.where + way, 0.02)
    assert (caught.value.code, caught.value.effect) == ("device_silent", Effect.NOT_SENT)
    assert end.commands == []


def test_a_device_unplugged_in_mid_command_is_gone_at_once(far_end: MakeFarEnd) -> None:
    end = far_end(answers=False)
    link = open_serial(end.where, LONG)
    thread, errors = in_thread(lambda: link.transmit(b"\x01"))
    assert end.got_one.wait(LONG)
    end.unplug()
    thread.join(LONG / 2)
    assert [(error.code, error.effect) for error in errors] == [("device_gone", Effect.UNKNOWN)]
    assert end.commands == [b"\x01"]
    link.close()


def test_a_device_unplugged_between_two_commands_has_not_got_the_second(far_end: MakeFarEnd) -> None:
    end = far_end()
    link = open_serial(end.where, LONG)
    link.transmit(b"\x01")
    end.unplug()
    with pytest.raises(NotReachable) as caught:
        link.transmit(b"\x02")
    assert (caught.value.code, caught.value.effect) == ("device_gone", Effect.NOT_SENT)
    with pytest.raises(NotReachable) as caught:
        open_serial(end.where, LONG)
    assert (caught.value.code, caught.value.effect) == ("device_absent", Effect.NOT_SENT)
    link.close()


def test_closing_from_another_thread_wakes_the_one_that_waits(far_end: MakeFarEnd) -> None:
    end = far_end(answers=False)
    link = open_serial(end.where, LONG)
    thread, errors = in_thread(lambda: link.transmit(b"\x01"))
    assert end.got_one.wait(LONG)
    link.close()
    thread.join(LONG / 2)
    assert [(error.code, error.effect) for error in errors] == [("device_gone", Effect.UNKNOWN)]
    with pytest.raises(NotReachable) as caught:
        link.transmit(b"\x02")
    assert (caught.value.code, caught.value.effect) == ("device_link_broken", Effect.NOT_SENT)
    link.close()
    assert end.commands == [b"\x01"]


def test_a_closed_port_can_be_opened_again_and_an_open_one_cannot(far_end: MakeFarEnd, tmp_path: Path) -> None:
    end = far_end()
    link = open_serial(end.where, LONG)
    other_name = tmp_path / "usb-card-if00"
    other_name.symlink_to(end.where)
    for where in (end.where, str(other_name)):
        with pytest.raises(NotReachable) as caught:
            open_serial(where, LONG)
        assert (caught.value.code, caught.value.facts["pid"]) == ("device_busy_by", os.getpid())
    link.close()
    again = open_serial(str(other_name), LONG)
    assert again.transmit(b"\x01") == b"\x01\x90\x00"
    again.close()


def test_a_failed_opening_leaves_the_port_free(far_end: MakeFarEnd) -> None:
    end = far_end(crc=True)
    with pytest.raises(NotReachable):
        open_serial(end.where, 0.02)
    open_serial(f"{end.where}?edc=crc", LONG).close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who has locked a device")
def test_a_foreign_program_that_locked_the_port_is_named(far_end: MakeFarEnd) -> None:
    import subprocess

    end = far_end()
    code = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2 | 4); print(flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", code, end.where], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(NotReachable) as caught:
            open_serial(end.where, LONG)
        assert (caught.value.code, caught.value.effect) == ("device_busy_by", Effect.NOT_SENT)
        assert (caught.value.facts["pid"], caught.value.facts["where"]) == (other.pid, end.where)
    finally:
        other.kill()
        other.communicate()


def test_the_link_says_what_it_can() -> None:
    assert set(LINK.can) == {LinkCan.EXTENDED, LinkCan.EXCLUSIVE, LinkCan.FIND}


def test_a_practice_card_told_to_speaks_crc_in_long_blocks_at_a_speed(tmp_path: Path) -> None:
    options = ("--crc", "--ifsc", "254", "--baud", "1000000")
    card = CardProcess.start(make_image(tmp_path / "card.json"), options=options)
    try:
        link = open_serial(f"{card.line}?edc=crc", LONG)
        device = DRIVER.open(link, "gb18240+sim://novice")
        assert device.read_state().identity.device_number == "661234567890"
        device.close()
    finally:
        card.kill()
