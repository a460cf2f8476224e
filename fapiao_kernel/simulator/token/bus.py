"""A USB bus with tokens on it, in place of libusb (虚拟总线): pyusb's ``IBackend``. Errors carry the numbers that libusb gives on Linux.

No time passes on it: a transfer that would wait adds its timeout to ``Bus.waited`` and ends at once.
"""

from __future__ import annotations

import errno
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import usb.backend
import usb.core

from fapiao_kernel.simulator.token import fields
from fapiao_kernel.simulator.token.descriptors import Speed
from fapiao_kernel.simulator.token.errors import Broken, Gone, Overflow, Stall, UsbFault
from fapiao_kernel.simulator.token.token import Token

IO, ACCESS, NO_DEVICE, NOT_FOUND, BUSY, TIMEOUT, TOO_MUCH, PIPE = -1, -3, -4, -5, -6, -7, -8, -9
"""libusb's error codes."""
_FAULTS: dict[type[UsbFault], tuple[str, int, int]] = {
    Stall: ("Pipe error", PIPE, errno.EPIPE),
    Overflow: ("Overflow", TOO_MUCH, errno.EOVERFLOW),
    Broken: ("Input/Output Error", IO, errno.EIO),
    Gone: ("No such device (it may have been disconnected)", NO_DEVICE, errno.ENODEV),
}


@dataclass(eq=False)
class Port:
    """One socket of the bus and the token in it."""

    token: Token
    address: int
    """Changes with every plugging in, as on Linux."""
    denied: bool = False
    """No permission: opening fails with EACCES."""
    busy: bool = False
    """Another program has claimed the interface: EBUSY."""
    kernel_driver: bool = False
    """A driver of the kernel is bound to the interface, and has to be detached first."""
    handles: list[Handle] = field(default_factory=list)


@dataclass(eq=False)
class Handle:
    """An open device. It belongs to one plugging in: after a replug it is as dead as before."""

    port: Port
    address: int
    claimed: bool = False


class Bus(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """``usb.core.find(backend=Bus(token, ...))``."""

    def __init__(self, *tokens: Token) -> None:
        super().__init__()
        self.ports: list[Port] = []
        self.waited = 0.0
        """Seconds that a host would have waited in vain, in all."""
        self.on_wait: Callable[[float], None] = lambda seconds: None
        """Told each wait as it happens: the place for a clock of the test's own."""
        self._addresses = 1
        for token in tokens:
            self.plug(token)

    def plug(self, token: Token) -> Port:
        """Put a token in: the first time into a socket of its own, later into the same one, with a new address."""
        self._addresses += 1
        port = next((p for p in self.ports if p.token is token), None)
        if port is None:
            port = Port(token, self._addresses)
            self.ports.append(port)
        port.address, port.handles = self._addresses, []
        token.plug()
        token.configure(1)  # as the host's core does before anyone opens it
        return port

    def port_of(self, token: Token) -> Port:
        """The token's socket, with its switches."""
        return next(port for port in self.ports if port.token is token)

    def enumerate_devices(self) -> Iterator[Port]:
        return iter([port for port in self.ports if port.token.plugged])

    def get_parent(self, dev: Port) -> None:
        return None

    def get_device_descriptor(self, dev: Port) -> SimpleNamespace:
        speed = 3 if dev.token.model.speed is Speed.HIGH else 2  # libusb_speed
        socket = self.ports.index(dev) + 1
        place = {"bus": 1, "address": dev.address, "speed": speed, "port_number": socket, "port_numbers": (socket,)}
        return SimpleNamespace(**fields.device(dev.token.descriptors().device), **place)

    def get_configuration_descriptor(self, dev: Port, config: int) -> SimpleNamespace:
        return fields.nth(fields.tree(dev.token.descriptors().configuration), config)

    def get_interface_descriptor(self, dev: Port, intf: int, alt: int, config: int) -> SimpleNamespace:
        return fields.nth(self.get_configuration_descriptor(dev, config).interfaces, intf, alt)

    def get_endpoint_descriptor(self, dev: Port, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return fields.nth(self.get_interface_descriptor(dev, intf, alt, config).endpoints, ep)

    def open_device(self, dev: Port) -> Handle:
        if not dev.token.plugged:
            raise _error(Gone())
        if dev.denied:
            raise usb.core.USBError("Access denied (insufficient permissions)", ACCESS, errno.EACCES)
        handle = Handle(dev, dev.address)
        dev.handles.append(handle)
        return handle

    def close_device(self, dev_handle: Handle) -> None:
        dev_handle.claimed = False
        if dev_handle in dev_handle.port.handles:
            dev_handle.port.handles.remove(dev_handle)

    def set_configuration(self, dev_handle: Handle, config_value: int) -> None:
        token = self._token(dev_handle)
        if any(handle.claimed for handle in dev_handle.port.handles):
            raise _busy()
        self._tried(lambda: token.control(0x00, 9, max(0, config_value), 0))

    def get_configuration(self, dev_handle: Handle) -> int:
        return self._token(dev_handle).configuration

    def set_interface_altsetting(self, dev_handle: Handle, intf: int, altsetting: int) -> None:
        token = self._token(dev_handle)
        self._tried(lambda: token.control(0x01, 11, altsetting, intf))

    def claim_interface(self, dev_handle: Handle, intf: int) -> None:
        self._token(dev_handle)
        port = dev_handle.port
        if intf != 0:
            raise _not_found()
        if port.busy or port.kernel_driver or any(h.claimed for h in port.handles if h is not dev_handle):
            raise _busy()
        dev_handle.claimed = True

    def release_interface(self, dev_handle: Handle, intf: int) -> None:
        self._token(dev_handle)
        if not dev_handle.claimed:
            raise _not_found()
        dev_handle.claimed = False

    def bulk_write(self, dev_handle: Handle, ep: int, intf: int, data: array[int], timeout: int) -> int:
        token = self._token(dev_handle)
        self._tried(lambda: token.bulk_out(data.tobytes()))
        return len(data)

    def bulk_read(self, dev_handle: Handle, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        return self._read(self._token(dev_handle), lambda token: token.bulk_in(len(buff)), buff, timeout)

    def intr_read(self, dev_handle: Handle, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        return self._read(self._token(dev_handle), lambda token: token.interrupt_in(), buff, timeout)

    def ctrl_transfer(
        self,
        dev_handle: Handle,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: array[int],
        timeout: int,
    ) -> int:
        token = self._token(dev_handle)
        raw: bytes | int = len(data) if bmRequestType & 0x80 else data.tobytes()
        answer = self._tried(lambda: token.control(bmRequestType, bRequest, wValue, wIndex, raw)) or b""
        data[: len(answer)] = array("B", answer)
        return len(answer) if bmRequestType & 0x80 else len(data)

    def clear_halt(self, dev_handle: Handle, ep: int) -> None:
        token = self._token(dev_handle)
        self._tried(lambda: token.control(0x02, 1, 0, ep))

    def reset_device(self, dev_handle: Handle) -> None:
        token = self._token(dev_handle)
        token.plug()  # a port reset: everything begins anew, the address stays
        token.configure(1)

    def is_kernel_driver_active(self, dev_handle: Handle, intf: int) -> bool:
        self._token(dev_handle)
        return dev_handle.port.kernel_driver

    def detach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        self._token(dev_handle)
        if not dev_handle.port.kernel_driver:
            raise _not_found()
        dev_handle.port.kernel_driver = False

    def attach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        self._token(dev_handle)
        if dev_handle.claimed:
            raise _busy()
        dev_handle.port.kernel_driver = True

    def _token(self, handle: Handle) -> Token:
        """The token at the other end. Raises what libusb does when it is not there any more."""
        if not handle.port.token.plugged or handle.address != handle.port.address:
            raise _error(Gone())
        return handle.port.token

    def _read(self, token: Token, read: Callable[[Token], bytes | None], buff: array[int], timeout: int) -> int:
        given = self._tried(lambda: read(token))
        if given is None:
            if not timeout:
                raise AssertionError("a transfer without a timeout would wait for ever")
            self.waited += timeout / 1000
            self.on_wait(timeout / 1000)
            token.given_up()
            raise usb.core.USBTimeoutError("Operation timed out", TIMEOUT, errno.ETIMEDOUT)
        buff[: len(given)] = array("B", given)
        return len(given)

    def _tried(self, transfer: Callable[[], bytes | None]) -> bytes | None:
        try:
            return transfer()
        except UsbFault as fault:
            raise _error(fault) from None


def _error(fault: UsbFault) -> usb.core.USBError:
    return usb.core.USBError(*_FAULTS[type(fault)])


def _busy() -> usb.core.USBError:
    return usb.core.USBError("Resource busy", BUSY, errno.EBUSY)


def _not_found() -> usb.core.USBError:
    return usb.core.USBError("Entity not found", NOT_FOUND, errno.ENOENT)
