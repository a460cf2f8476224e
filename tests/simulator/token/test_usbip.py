"""The token on USB/IP: what vhci_hcd is answered, header by header."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from fapiao_kernel.simulator.token.errors import Gone
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.token import Token
from fapiao_kernel.simulator.token.usbip import CMD_SUBMIT, CMD_UNLINK, IN, OUT, Request, Transfers
from tests.simulator.card.maker import make_image

BULK_OUT, BULK_IN, INTERRUPT = 1, 2, 3
POWER_ON = bytes.fromhex("62000000000000010000")
WHOLE = 65554


def submit(number: int, direction: int, endpoint: int, length: int, setup: str = "00" * 8) -> Request:
    header = struct.pack(">10I", CMD_SUBMIT, number, 65538, direction, endpoint, 0, length, 0, 0, 0)
    return Request.parse(header + bytes.fromhex(setup))


def unlink(number: int, which: int) -> Request:
    return Request.parse(struct.pack(">6I", CMD_UNLINK, number, 65538, 0, 0, which).ljust(48, b"\0"))


def read(answer: bytes) -> tuple[int, int, int, bytes]:
    """Command, number, status, data."""
    command, number, _, _, _, status, length = struct.unpack_from(">5I2i", answer)
    assert command == 4 or len(answer) in (48, 48 + length)
    return command, number, status, answer[48:]


class Bus:
    """A host that submits one transfer after the other."""

    def __init__(self, image: Path, *faults: dict[str, object]) -> None:
        self.token = Token(CardInside(image), faults=faults)
        self.transfers = Transfers(self.token)

    def do(self, request: Request, data: bytes = b"") -> list[tuple[int, int, int, bytes]]:
        return [read(answer) for answer in self.transfers.arrived(request, data)]

    def out(self, number: int, data: bytes) -> list[tuple[int, int, int, bytes]]:
        return self.do(submit(number, OUT, BULK_OUT, len(data)), data)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_image(tmp_path / "card.json")


def test_a_descriptor_is_read_on_endpoint_zero(image: Path) -> None:
    [(command, number, status, data)] = Bus(image).do(submit(7, IN, 0, 18, "8006000100001200"))
    assert (command, number, status) == (3, 7, 0)
    assert data[:2] == b"\x12\x01" and data[8:12] == bytes.fromhex("09120100")


def test_a_request_that_the_token_does_not_know_stalls(image: Path) -> None:
    assert Bus(image).do(submit(1, IN, 0, 10, "8006000600000a00")) == [(3, 1, -errno.EPIPE, b"")]


def test_a_transfer_that_waits_is_answered_when_the_token_has_something(image: Path) -> None:
    bus = Bus(image)
    assert bus.do(submit(1, IN, BULK_IN, WHOLE)) == []
    sent, answered = bus.out(2, POWER_ON)
    assert sent == (3, 2, 0, b"") and answered[:3] == (3, 1, 0)
    assert answered[3][0] == 0x80 and answered[3][10] == 0x3B


def test_a_transfer_that_the_host_gives_up_is_never_answered(image: Path) -> None:
    bus = Bus(image)
    bus.do(submit(1, IN, BULK_IN, WHOLE))
    assert bus.do(unlink(2, 1)) == [(4, 2, -errno.ECONNRESET, b"")]
    assert bus.out(3, POWER_ON) == [(3, 3, 0, b"")]
    assert bus.do(submit(4, IN, BULK_IN, WHOLE))[0][3][10] == 0x3B


def test_giving_up_a_transfer_that_is_done_changes_nothing(image: Path) -> None:
    assert Bus(image).do(unlink(2, 1)) == [(4, 2, 0, b"")]


def test_a_stalled_answer_comes_after_the_halt_is_cleared(image: Path) -> None:
    bus = Bus(image, {"at": "power_on", "do": "stall_in"})
    bus.out(1, POWER_ON)
    assert bus.do(submit(2, IN, BULK_IN, WHOLE)) == [(3, 2, -errno.EPIPE, b"")]
    assert bus.do(submit(3, IN, BULK_IN, WHOLE)) == [(3, 3, -errno.EPIPE, b"")]
    assert bus.do(submit(4, OUT, 0, 0, "0201000082000000")) == [(3, 4, 0, b"")]
    assert bus.do(submit(5, IN, BULK_IN, WHOLE))[0][3][10] == 0x3B


@pytest.mark.parametrize(("fault", "status"), [("overflow", errno.EOVERFLOW), ("broken", errno.EPROTO)])
def test_a_transfer_error_has_the_hosts_number(image: Path, fault: str, status: int) -> None:
    bus = Bus(image, {"at": "power_on", "do": fault})
    bus.out(1, POWER_ON)
    assert bus.do(submit(2, IN, BULK_IN, WHOLE)) == [(3, 2, -status, b"")]


def test_the_slots_change_waits_at_the_interrupt_endpoint_beside_a_bulk_transfer(image: Path) -> None:
    bus = Bus(image)
    bus.do(submit(1, OUT, 0, 0, "0009010000000000"))
    assert bus.do(submit(2, IN, BULK_IN, WHOLE)) == []
    assert bus.do(submit(3, IN, INTERRUPT, 8)) == [(3, 3, 0, b"\x50\x03")]


def test_a_token_pulled_out_after_a_command_has_taken_it_first(image: Path) -> None:
    bus = Bus(image, {"at": "power_on", "do": "unplug_after_commit"})
    bus.do(submit(1, IN, BULK_IN, WHOLE))
    answers = bus.transfers.arrived(submit(2, OUT, BULK_OUT, len(POWER_ON)), POWER_ON)
    assert read(next(answers))[:3] == (3, 2, 0)
    with pytest.raises(Gone):
        next(answers)


@pytest.mark.parametrize("header", [b"", bytes(48), b"\xff" * 48, struct.pack(">I", CMD_SUBMIT) + bytes(40)])
def test_what_no_host_says_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="USB/IP"):
        Request.parse(header)
