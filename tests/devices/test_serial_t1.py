"""The serial link on a port that loses, doubles and flips bytes: seeded, so that every run is the same."""

from __future__ import annotations

import random

import pytest

from fapiao_kernel.devices.links.serial_t1 import SerialLink
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.simulator.card.t1_peer import Command, Peer, Send


class NoisyPort:
    """A serial port with the card's peer behind it; a timeout is an empty read at once."""

    def __init__(self, seed: int, rate: float) -> None:
        self.timeout = 1.0
        self.closed = False
        self.carried_out: list[bytes] = []
        self.written = 0
        self.rate = 0.0
        self._rate = rate
        self._draw = random.Random(seed)
        self._peer = Peer()
        self._coming = b""

    def begin_noise(self) -> None:
        self.rate = self._rate

    def write(self, data: bytes) -> int:
        self.written += 1
        for event in self._peer.feed(self._noise(data)):
            if isinstance(event, Command):
                self.carried_out.append(event.apdu)
                event = self._peer.reply(event.apdu[::-1] + b"\x90\x00")
            if isinstance(event, Send):
                self._coming += self._noise(event.block)
        return len(data)

    def read(self, size: int) -> bytes:
        if not self._coming:
            self._peer.silence()
        data, self._coming = self._coming[:size], self._coming[size:]
        return data

    def reset_input_buffer(self) -> None:
        self._coming = b""

    def close(self) -> None:
        self.closed = True

    def _noise(self, data: bytes) -> bytes:
        """At most one fault a block, and of those that an LRC always notices: a wrong LEN passes it once in 256 times."""
        if self._draw.random() >= self.rate:
            return data
        at = self._draw.randrange(3, len(data))
        match self._draw.randrange(4):
            case 0:
                return data[:at] + data[at + 1 :]
            case 1:
                return data[:at] + bytes([data[at] ^ 1 << self._draw.randrange(8)]) + data[at + 1 :]
            case 2:
                return data[: self._draw.randrange(len(data))]
        return b""


def opened(port: NoisyPort) -> SerialLink:
    link = SerialLink(port, "noisy")  # type: ignore[arg-type]  # what the link uses of a port, no more
    link.open_session()
    return link


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.7])
def test_on_a_noisy_line_a_command_is_carried_out_at_most_once_and_a_reply_is_right(rate: float) -> None:
    good = bad = 0
    for seed in range(150):
        port = NoisyPort(seed, rate)
        link = opened(port)
        port.begin_noise()
        for number in range(8):
            apdu = bytes([number]) * (5 + 37 * number)
            before = len(port.carried_out)
            try:
                assert link.transmit(apdu) == apdu[::-1] + b"\x90\x00"
                assert port.carried_out[before:] == [apdu]
                good += 1
            except (NotReachable, ProtocolError) as error:
                assert error.effect is Effect.UNKNOWN
                assert port.carried_out[before:] in ([], [apdu])
                bad += 1
                break
    assert good > 0 and (bad > 0 or rate < 0.3)


def test_a_broken_link_sends_nothing_more() -> None:
    port = NoisyPort(1, 1.0)
    link = opened(port)
    port.begin_noise()
    with pytest.raises(FapiaoError):
        for number in range(20):
            link.transmit(bytes([number]) * 40)
    written = port.written
    with pytest.raises(NotReachable) as caught:
        link.transmit(b"\x01\x02\x03\x04")
    assert (caught.value.code, caught.value.effect) == ("device_link_broken", Effect.NOT_SENT)
    assert port.written == written


def test_the_wait_of_the_port_is_as_before_after_a_garbled_burst() -> None:
    port = NoisyPort(3, 0.5)
    link = opened(port)
    port.begin_noise()
    with pytest.raises(FapiaoError):
        for number in range(200):
            link.transmit(bytes([number]) * 40)
    assert port.timeout == 1.0
