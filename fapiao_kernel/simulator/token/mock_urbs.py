"""What libusb asks of a usbfs file, answered by a token (usbfs 仿真): URBs and the few requests around them.

Numbers and layouts: Linux, include/uapi/linux/usbdevice_fs.h, 64 bit.
"""

from __future__ import annotations

import errno
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from fapiao_kernel.simulator.token.errors import Broken, Gone, Overflow, Stall, UsbFault
from fapiao_kernel.simulator.token.token import Token


class Ioctl(IntEnum):
    """What a host asks of the file."""

    GET_CAPABILITIES = 0x8004551A
    CLAIM = 0x8004550F
    RELEASE = 0x80045510
    DISCONNECT_CLAIM = 0x8108551B
    SUBMIT = 0x8038550A
    DISCARD = 0x0000550B
    REAP = 0x4008550D
    REAP_WAITING = 0x4008550C
    GET_DRIVER = 0x41045508
    DRIVER_COMMAND = 0xC0105512
    CLEAR_HALT = 0x80045515
    SET_CONFIGURATION = 0x80045505
    SET_INTERFACE = 0x80085504
    RESET = 0x00005514


CAPABILITIES = 0x1D
"""Zero packet, no packet size limit, scatter-gather, reap after disconnect: one read is then one URB, whatever its size."""
_URB = 56
_INTERRUPT, _CONTROL, _BULK = 1, 2, 3
_STATUS: dict[type[UsbFault], int] = {
    Stall: -errno.EPIPE,
    Overflow: -errno.EOVERFLOW,
    Broken: -errno.EPROTO,
    Gone: -errno.ESHUTDOWN,
}


@dataclass
class _Urb:
    data: Any  # the client's memory
    kind: int
    endpoint: int
    buffer: Any
    length: int


class Refusal(Exception):
    """An ioctl that fails with this errno."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Usbfs:
    """The file of one token, from one plugging in to the next unplugging: after that it is dead, even if the token comes back."""

    def __init__(
        self, token: Token, *, busy: bool = False, kernel_driver: str = "", vanished: Callable[[], object] = bool
    ) -> None:
        """``vanished``: called once when the token has unplugged itself."""
        self.token = token
        self.busy = busy
        self.kernel_driver = kernel_driver
        self._vanished: Callable[[], object] = vanished
        self._dead = False
        self._pending: list[_Urb] = []
        self._done: list[tuple[_Urb, int, int]] = []  # status and actual length
        self._lock = threading.RLock()

    def handler(self, umockdev: Any) -> Any:
        """What umockdev calls for each ioctl."""
        usbfs = self

        class Handler(umockdev.IoctlBase):  # type: ignore[misc]  # gi has no types
            def do_handle_ioctl(self, client: Any) -> bool:
                client.complete(*usbfs.answer(client.get_request() & 0xFFFFFFFF, client.get_arg()))
                return True

        return Handler()

    def unplug(self) -> None:
        """Pull the token out; URBs that wait end at the next reaping."""
        with self._lock:
            self.token.unplug()
            self._dead = True

    @property
    def dead(self) -> bool:
        """Whether it was unplugged, or unplugged itself."""
        self._dead = self._dead or not self.token.plugged
        return self._dead

    def answer(self, request: int, arg: Any) -> tuple[int, int]:
        """Result and errno of one ioctl."""
        with self._lock:
            try:
                result = self._carried_out(request, arg)
            except Refusal as refusal:
                return -1, refusal.number
            except Gone:
                return -1, errno.ENODEV
            except Stall:
                return -1, errno.EPIPE
        return result, 0

    def _carried_out(self, request: int, arg: Any) -> int:
        match request:
            case Ioctl.REAP | Ioctl.REAP_WAITING:
                return self._reap(arg)
            case Ioctl.DISCARD:
                return self._discard(arg)
        if self.dead:
            raise Gone
        match request:
            case Ioctl.GET_CAPABILITIES:
                arg.resolve(0, 4).update(0, list(struct.pack("<I", CAPABILITIES)))
            case Ioctl.CLAIM | Ioctl.DISCONNECT_CLAIM:
                if self.busy or (self.kernel_driver and request == Ioctl.CLAIM):
                    raise Refusal(errno.EBUSY)
                self.kernel_driver = ""
            case Ioctl.RELEASE | Ioctl.SET_INTERFACE:
                pass
            case Ioctl.SUBMIT:
                self._submit(arg)
            case Ioctl.CLEAR_HALT:
                self.token.control(0x02, 1, 0, _number(arg))
            case Ioctl.SET_CONFIGURATION:
                self.token.control(0x00, 9, max(0, _number(arg)), 0)
            case Ioctl.RESET:
                self.token.plug()
                self.token.configure(1)
            case Ioctl.GET_DRIVER:
                if not self.kernel_driver:
                    raise Refusal(errno.ENODATA)
                arg.resolve(0, 260).update(4, list(self.kernel_driver.encode() + b"\0"))
            case Ioctl.DRIVER_COMMAND:
                self.kernel_driver = ""  # of all commands only DISCONNECT is sent by what we test
            case _:
                raise Refusal(errno.ENOTTY)
        return 0

    def _submit(self, arg: Any) -> None:
        data = arg.resolve(0, _URB)
        kind, endpoint = data.retrieve()[:2]
        length = int.from_bytes(bytes(data.retrieve()[24:28]), "little")
        buffer = data.resolve(16, length) if length else None
        urb = _Urb(data, kind, endpoint, buffer, length)
        if not self._tried(urb):
            self._pending.append(urb)

    def _tried(self, urb: _Urb) -> bool:
        """Whether the URB is done with, well or not."""
        try:
            size = self._moved(urb)
        except UsbFault as fault:
            self._done.append((urb, _STATUS[type(fault)], 0))
            return True
        if size is None:
            return False
        self._done.append((urb, 0, size))
        return True

    def _moved(self, urb: _Urb) -> int | None:
        """Bytes moved; None: the token has nothing to give yet."""
        if self.dead:
            raise Gone
        if urb.kind == _CONTROL:
            raw = bytes(urb.buffer.retrieve())
            request_type, request, value, index, length = struct.unpack_from("<BBHHH", raw)
            into = bool(request_type & 0x80)
            given = self.token.control(request_type, request, value, index, length if into else raw[8:])
            if given:
                urb.buffer.update(8, list(given))
            return len(given) if into else length
        if not urb.endpoint & 0x80:
            self.token.bulk_out(bytes(urb.buffer.retrieve()) if urb.buffer is not None else b"")
            return urb.length
        answer = self.token.interrupt_in() if urb.kind == _INTERRUPT else self.token.bulk_in(urb.length)
        if answer is None:
            return None
        if answer:
            urb.buffer.update(0, list(answer))
        return len(answer)

    def _reap(self, arg: Any) -> int:
        self._pending = [urb for urb in self._pending if not self._tried(urb)]
        if self.dead:
            self._vanished()
        if not self._done:
            raise Refusal(errno.ENODEV if self.dead else errno.EAGAIN)
        urb, status, size = self._done.pop(0)
        urb.data.update(4, list(struct.pack("<i", status)))
        urb.data.update(28, list(struct.pack("<i", size)))
        arg.resolve(0, 8).set_ptr(0, urb.data)
        return 0

    def _discard(self, arg: Any) -> int:
        address = arg.resolve(0, _URB).client_addr
        urb = next((u for u in self._pending if u.data.client_addr == address), None)
        if urb is None:
            raise Refusal(errno.EINVAL)
        self._pending.remove(urb)
        self._done.append((urb, -errno.ENOENT, 0))
        if urb.kind == _BULK:
            self.token.given_up()
        return 0


def _number(arg: Any) -> int:
    return int.from_bytes(bytes(arg.resolve(0, 4).retrieve()), "little", signed=True)
