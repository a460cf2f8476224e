"""``python -m fapiao_kernel.simulator.vpcd --image FILE --port N``: the simulated card in a virtual reader of pcscd's.

The far end of vsmartcard's vpcd: we connect to its port as a card is put into a reader, and closing the connection draws it out.
A message is two bytes of length, big-endian, and that many bytes. From the reader one byte is power off, power on, reset or "your
ATR, please", and only the last is answered; anything longer is a command APDU, answered with its response APDU.

Prints ``{"line": …}`` when the card is in. Ends when the reader goes, on SIGTERM, or where a fault says so.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fapiao_kernel.simulator import processes
from fapiao_kernel.simulator.card.atr import ATR
from fapiao_kernel.simulator.card.card import PowerLoss, SimulatedCard

PORT = 35963
"""Where Debian's vpcd listens for its first slot (8C7B hex, in its reader.conf)."""
POWER_OFF, POWER_ON, RESET, GIVE_ATR = 0, 1, 2, 4
MUTE: None = None
POWER_LOST = 9
"""Exit code of a card that a fault took the power from."""


@dataclass(frozen=True)
class Fault:
    """What happens to the ``nth`` APDU: ``silent`` (never answered), ``close`` (drawn out before the answer), ``slow``."""

    do: str
    nth: int
    seconds: float = 0.0


class Drawn(Exception):
    """The card has been drawn out."""


class CardInReader:
    """What the card answers to each message of the reader."""

    def __init__(
        self, card: SimulatedCard, fault: Fault | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._card = card
        self._fault = fault
        self._sleep = sleep
        self._apdus = 0

    def answer(self, message: bytes) -> bytes | None:
        """Its answer, or none. Raises ``Drawn``, and ``PowerLoss`` where the card's own faults say so."""
        if len(message) > 1:
            return self._carry_out(message)
        if message == bytes([GIVE_ATR]):
            return ATR
        if message:
            self._card.opened()  # a verified PIN does not outlive the power, nor a reset
        return MUTE

    def _carry_out(self, apdu: bytes) -> bytes | None:
        self._apdus += 1
        fault = self._fault if self._fault is not None and self._fault.nth == self._apdus else None
        if fault is not None and fault.do == "silent":
            return MUTE
        if fault is not None and fault.do == "close":
            raise Drawn
        request, suffered = self._card.arrived(apdu)
        seconds = fault.seconds if fault is not None else float(suffered.get("seconds", 0.0))
        if seconds:
            self._sleep(seconds)
        outcome = self._card.carry_out(request, suffered)
        if outcome.reply is not None and outcome.applied is not None:
            self._card.answered(outcome.applied)
        return outcome.reply


def serve(connection: socket.socket, card: CardInReader) -> None:
    """Answer until the reader closes the connection. Raises ``Drawn`` and ``PowerLoss`` from the card."""
    while (message := _message(connection)) is not None:
        answer = card.answer(message)
        if answer is not None:
            connection.sendall(len(answer).to_bytes(2, "big") + answer)


def _message(connection: socket.socket) -> bytes | None:
    head = _exactly(connection, 2)
    return None if head is None else _exactly(connection, int.from_bytes(head, "big"))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    data = b""
    while len(data) < length:
        if hasattr(socket, "TCP_QUICKACK"):
            # vpcd writes length and data apart: without an acknowledgement at once the second waits 40 ms for it (Nagle).
            # The kernel forgets the option, so it is set again before each look.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        try:
            more = connection.recv(length - len(data))
        except ConnectionError:
            return None
        if not more:
            return None
        data += more
    return data


def main() -> int:
    parser = argparse.ArgumentParser(description="a simulated tax-control card in a virtual PC/SC reader (模拟卡)")
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--do", choices=("silent", "close", "slow"), help="a fault")
    parser.add_argument("--at", type=int, default=1, help="at which APDU it strikes, from 1")
    parser.add_argument("--seconds", type=float, default=0.0, help="of a slow answer")
    arguments = parser.parse_args()
    try:
        card = SimulatedCard(arguments.image)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    fault = Fault(arguments.do, arguments.at, arguments.seconds) if arguments.do else None
    try:
        connection = socket.create_connection(("127.0.0.1", arguments.port))
    except OSError as error:
        print(f"no reader at port {arguments.port}: {error}", file=sys.stderr)
        return 1
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    processes.announce({"line": f"vpcd:{arguments.port}"})
    with connection:
        try:
            serve(connection, CardInReader(card, fault))
        except Drawn:
            return 0
        except PowerLoss:
            os._exit(POWER_LOST)  # nothing may tidy up: what is on disk is all that is left
    return 0


if __name__ == "__main__":
    sys.exit(main())
