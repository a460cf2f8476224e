"""What libusb asks of usbfs, answered without umockdev: its memory is a stand-in. The real thing is in ``tests/hardware_lab``."""

from __future__ import annotations

import errno
import struct

import pytest

from fapiao_kernel.simulator.token.mock_urbs import Ioctl, Usbfs
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.token.host import STATUS, Echo, packed, read


class Memory:
    """A piece of a client's memory, and what its pointers lead to."""

    def __init__(self, raw: bytes = b"", **pointers: Memory) -> None:
        self.raw = bytearray(raw)
        self.pointers: dict[int, Memory] = {int(name[1:]): piece for name, piece in pointers.items()}
        self.client_addr = id(self)

    def resolve(self, offset: int, length: int) -> Memory:
        piece = self.pointers[offset]
        piece.raw.extend(bytes(max(0, length - len(piece.raw))))
        return piece

    def retrieve(self) -> list[int]:
        return list(self.raw)

    def update(self, offset: int, values: list[int]) -> None:
        self.raw[offset : offset + len(values)] = bytes(values)

    def set_ptr(self, offset: int, piece: Memory) -> None:
        self.pointers[offset] = piece


class Client:
    """A host that speaks to usbfs."""

    def __init__(self, usbfs: Usbfs) -> None:
        self.usbfs = usbfs

    def submit(self, kind: int, endpoint: int, data: bytes) -> tuple[Memory, tuple[int, int]]:
        head = struct.pack("<BBxxiIxxxxQi", kind, endpoint, 0, 0, 0, len(data))
        urb = Memory(head.ljust(56, b"\0"), _16=Memory(data))
        return urb, self.usbfs.answer(Ioctl.SUBMIT, Memory(_0=urb))

    def reap(self) -> tuple[int, int, bytes]:
        """errno, status and data of the next URB that is done with."""
        slot = Memory(bytes(8))
        result, number = self.usbfs.answer(Ioctl.REAP, Memory(_0=slot))
        if result:
            return number, 0, b""
        urb = slot.pointers[0]
        status, size = struct.unpack_from("<i", urb.raw, 4)[0], struct.unpack_from("<i", urb.raw, 28)[0]
        return 0, status, bytes(urb.pointers[16].raw[:size])


@pytest.fixture
def token() -> Token:
    token = Token(Echo())
    token.configure(1)
    return token


@pytest.fixture
def client(token: Token) -> Client:
    return Client(Usbfs(token))


def test_a_message_and_its_answer_go_through_urbs(client: Client) -> None:
    client.submit(3, 0x01, packed(STATUS, seq=4))
    assert client.reap()[:2] == (0, 0)
    client.submit(3, 0x82, bytes(512))
    assert read(client.reap()[2]).seq == 4


def test_a_read_waits_for_what_comes_later(client: Client) -> None:
    client.submit(3, 0x82, bytes(512))
    assert client.reap()[0] == errno.EAGAIN
    client.submit(3, 0x01, packed(STATUS, seq=4))
    assert [client.reap()[1], read(client.reap()[2]).seq] == [0, 4]


def test_a_discarded_read_ends_with_enoent_and_the_token_is_told(client: Client, token: Token) -> None:
    urb, _ = client.submit(3, 0x82, bytes(512))
    assert client.usbfs.answer(Ioctl.DISCARD, Memory(_0=urb)) == (0, 0)
    assert client.reap()[1] == -errno.ENOENT
    assert client.usbfs.answer(Ioctl.DISCARD, Memory(_0=urb)) == (-1, errno.EINVAL)


def test_a_control_request_gives_its_data_behind_the_setup(client: Client, token: Token) -> None:
    client.submit(2, 0, struct.pack("<BBHHH", 0x80, 6, 0x0100, 0, 18) + bytes(18))
    status, size = client.reap()[1:]
    assert status == 0 and len(size) == 18
    client.submit(2, 0, struct.pack("<BBHHH", 0x80, 6, 0x0600, 0, 10) + bytes(10))
    assert client.reap()[1] == -errno.EPIPE


def test_an_unplugged_token_is_dead_even_when_it_is_plugged_in_again(token: Token) -> None:
    left: list[bool] = []
    client = Client(Usbfs(token, vanished=lambda: left.append(True)))
    client.submit(3, 0x82, bytes(512))
    client.usbfs.unplug()
    token.plug()
    assert client.reap()[1] == -errno.ESHUTDOWN and left == [True]
    assert client.reap()[0] == errno.ENODEV
    assert client.submit(3, 0x01, packed(STATUS))[1] == (-1, errno.ENODEV)


def test_claiming_what_others_have_is_ebusy(token: Token) -> None:
    interface = Memory(_0=Memory(bytes(4)))
    assert Usbfs(token, busy=True).answer(Ioctl.CLAIM, interface) == (-1, errno.EBUSY)
    bound = Usbfs(token, kernel_driver="usbhid")
    assert bound.answer(Ioctl.CLAIM, interface) == (-1, errno.EBUSY)
    driver = Memory(bytes(260))
    assert bound.answer(Ioctl.GET_DRIVER, Memory(_0=driver)) == (0, 0) and driver.raw[4:10] == b"usbhid"
    assert bound.answer(Ioctl.DRIVER_COMMAND, Memory()) == (0, 0)
    assert bound.answer(Ioctl.CLAIM, interface) == (0, 0)
    assert bound.answer(Ioctl.GET_DRIVER, Memory(_0=driver)) == (-1, errno.ENODATA)


def test_what_usbfs_does_not_know_is_enotty(client: Client) -> None:
    assert client.usbfs.answer(0x1234, Memory()) == (-1, errno.ENOTTY)
