"""The serial link on a line that does whatever a line can do: at most one handover, only our errors, the right effect."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from fapiao_kernel.devices.links.serial_t1 import link as serial_t1
from fapiao_kernel.devices.links.serial_t1.where import Where
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from tests.devices.links.fake_port import FakePort

APDU = bytes(range(40))
"""More than one block of 32 bytes."""
ANSWER = bytes(300)
"""More than one block of 254."""


def broken_lines() -> list[Exception]:
    """What pyserial raises when a device leaves, by call (hardware notes: read, write, in_waiting, flush)."""
    found: list[Exception] = [serial.SerialException("gone"), OSError(5, ""), serial.SerialTimeoutException("slow")]
    if sys.platform != "win32":
        import termios

        found.append(termios.error(5, ""))
    return found


def crossing(port: FakePort) -> tuple[int, int]:
    """Bytes that one exchange takes towards the card and back."""
    out = back = 0

    def counted_out(block: bytes) -> Iterator[bytes | None]:
        nonlocal out
        out += len(block)
        yield block

    def counted_back(block: bytes) -> Iterator[bytes | None]:
        nonlocal back
        back += len(block)
        yield block

    link = port.open()
    port.reply = lambda _apdu: ANSWER
    port.towards_card, port.towards_us = counted_out, counted_back
    assert link.transmit(APDU) == ANSWER
    return out, back


@pytest.mark.parametrize("crc", [False, True])
@pytest.mark.parametrize("way", ["cut_out", "cut_in"])
def test_a_device_unplugged_at_any_byte_either_way_is_gone_with_the_outcome_open(way: str, crc: bool) -> None:
    out, back = crossing(FakePort(crc=crc))
    carried_out = set()
    for passed in range(1, out if way == "cut_out" else back):
        port = FakePort(crc=crc)
        link = port.open()
        port.reply = lambda _apdu: ANSWER
        setattr(port, way, passed)
        with pytest.raises(NotReachable) as caught:
            link.transmit(APDU)
        assert (caught.value.code, caught.value.effect) == ("device_gone", Effect.UNKNOWN)
        assert port.carried_out in ([], [APDU])
        carried_out.add(len(port.carried_out))
        written = port.blocks_written
        with pytest.raises(NotReachable) as caught:
            link.transmit(APDU)
        assert (caught.value.code, caught.value.effect) == ("device_link_broken", Effect.NOT_SENT)
        assert port.blocks_written == written
    assert carried_out == {0, 1}


@pytest.mark.parametrize("error", broken_lines(), ids=lambda error: type(error).__name__)
def test_a_device_that_is_gone_before_the_command_left_has_not_got_it(error: Exception) -> None:
    port = FakePort()
    link = port.open()
    port.error, port.cut_in = error, 0
    with pytest.raises(NotReachable) as caught:
        link.transmit(APDU)
    assert (caught.value.code, caught.value.effect) == ("device_gone", Effect.NOT_SENT)
    assert port.carried_out == []


@pytest.mark.parametrize("error", broken_lines(), ids=lambda error: type(error).__name__)
def test_whatever_a_broken_line_raises_is_an_error_of_ours(error: Exception) -> None:
    port = FakePort()
    link = port.open()
    port.error, port.cut_in = error, 2
    with pytest.raises(NotReachable) as caught:
        link.transmit(b"\x01")
    assert (caught.value.code, caught.value.effect) == ("device_gone", Effect.UNKNOWN)


@pytest.mark.parametrize("passed", range(1, 12))
def test_a_device_unplugged_while_it_is_opened_has_got_nothing(passed: int) -> None:
    for way in ("cut_out", "cut_in"):
        port = FakePort()
        setattr(port, way, min(passed, 8))
        with pytest.raises(NotReachable) as caught:
            port.open()
        assert caught.value.effect is Effect.NOT_SENT


def test_an_answer_cut_at_every_byte_is_the_same_answer() -> None:
    _, back = crossing(FakePort())
    for size in (1, 2, 3, 7, back - 1):
        port = FakePort()
        link = port.open()
        port.reply = lambda _apdu: ANSWER
        port.towards_us = lambda block, size=size: iter([block[at : at + size] for at in range(0, len(block), size)])
        port.towards_card = port.towards_us
        assert link.transmit(APDU) == ANSWER
        assert port.carried_out == [APDU]


def test_a_line_that_never_falls_silent_is_given_up() -> None:
    class Babbling(FakePort):
        read_bytes = 0

        def read(self, size: int) -> bytes:
            self.read_bytes += size
            return b"\x55" * size if self.blocks_written > 2 else super().read(size)

    port = Babbling()
    link = port.open()
    with pytest.raises(ProtocolError) as caught:
        link.transmit(b"\x01")
    assert (caught.value.code, caught.value.effect) == ("protocol_garbled", Effect.UNKNOWN)
    assert port.read_bytes < 4 * serial_t1.BURST


def test_a_card_whose_answer_dribbles_in_for_ever_is_given_up() -> None:
    class Dribbling(FakePort):
        now = 0.0
        chain = itertools.cycle(bytes.fromhex("00200020 00600060"))  # empty I-blocks, each with more to come

        def read(self, size: int) -> bytes:
            if self.blocks_written < 3:
                return super().read(size)
            self.now += self.timeout * 0.9
            assert self.now < 1000
            return bytes([next(self.chain)])

    port = Dribbling()
    link = serial_t1.SerialLink(port, "fake", clock=lambda: port.now)  # type: ignore[arg-type]  # see FakePort
    link.open_session()
    with pytest.raises((NotReachable, ProtocolError)) as caught:
        link.transmit(b"\x01")
    assert caught.value.effect is Effect.UNKNOWN


@pytest.mark.skipif(sys.platform == "win32", reason="Windows itself shuts others out")
def test_a_port_that_others_cannot_be_shut_out_of_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    port = FakePort()

    def refused(port: object) -> None:
        raise OSError(25, "")

    monkeypatch.setattr(serial_t1.serial, "serial_for_url", lambda *_, **__: port)
    monkeypatch.setattr(serial_t1, "_shut_out_others", refused)
    with pytest.raises(NotReachable) as caught:
        serial_t1._open_port(Where("/dev/ttyUSB9"), 1.0)
    assert caught.value.effect is Effect.NOT_SENT and port.closed


class Fates:
    """A way that draws what becomes of each block: lost, cut short, garbled, late, doubled, behind an older one, in pieces."""

    def __init__(self, draw: st.DataObject) -> None:
        self._draw = draw
        self._before = b""

    def __call__(self, block: bytes) -> Iterator[bytes | None]:
        before, self._before = self._before, block
        at = self._draw.draw(st.integers(0, len(block) - 1))
        match self._draw.draw(
            st.sampled_from(("well", "well", "lost", "cut", "bit", "late", "twice", "stale", "noise", "pieces"))
        ):
            case "well":
                yield block
            case "lost":
                return
            case "cut":
                yield block[:at]
            case "bit":
                yield block[:at] + bytes([block[at] ^ 1 << at % 8]) + block[at + 1 :]
            case "late":
                yield from (None, block)
            case "twice":
                yield from (block, block)
            case "stale":
                yield from (before, block)
            case "noise":
                yield from (bytes([at, 0x81, at]), block)
            case "pieces":
                yield from (block[:at], block[at:])


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.data(), st.lists(st.integers(1, 600), min_size=1, max_size=4), st.sampled_from((32, 5, 254)))
def test_on_the_worst_of_lines_a_command_is_carried_out_at_most_once_and_an_answer_is_right(
    data: st.DataObject, sizes: list[int], ifsc: int
) -> None:
    port = FakePort(crc=True, ifsc=ifsc)
    link = port.open()
    port.towards_card, port.towards_us = Fates(data), Fates(data)
    for number, size in enumerate(sizes):
        apdu = bytes([number]) * size
        before = len(port.carried_out)
        try:
            assert link.transmit(apdu) == apdu[::-1] + b"\x90\x00"
        except FapiaoError as error:
            assert isinstance(error, (NotReachable, ProtocolError)) and error.effect is Effect.UNKNOWN
            assert port.carried_out[before:] in ([], [apdu])
            return
        assert port.carried_out[before:] == [apdu]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.none(), st.binary(max_size=40)), max_size=80))
def test_whatever_bytes_come_back_the_link_answers_or_raises_an_error_of_ours(arrivals: list[bytes | None]) -> None:
    port = FakePort()
    link = port.open()
    left = list(arrivals)
    port.towards_us = lambda _block: iter([left.pop(0)] if left else [])
    try:
        link.transmit(APDU)
    except (NotReachable, ProtocolError) as error:
        assert error.effect is Effect.UNKNOWN
    assert port.carried_out in ([], [APDU])
