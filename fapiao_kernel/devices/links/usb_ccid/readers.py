"""Readers on the bus (读卡器枚举): devices with a CCID interface, found by their descriptors alone."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import libusb_package
import usb.backend.libusb1
import usb.core
import usb.util

from fapiao_kernel.domain.errors import NotReachable, ProtocolError
from fapiao_kernel.protocol import ccid_descriptor
from fapiao_kernel.protocol.ccid_descriptor import ClassDescriptor

HIGH_SPEED = 3
"""``libusb_speed``: from here on bInterval is an exponent (USB 2.0, 9.6.6)."""


@dataclass(frozen=True)
class Reader:
    """A device with its CCID interface: what there is to know without opening it."""

    device: Any
    """pyusb's ``Device``."""
    configuration: int
    interface: int
    bulk_out: int
    bulk_in: int
    packet: int
    """wMaxPacketSize of bulk-in."""
    interrupt_in: int
    """0: it has none."""
    interrupt_packet: int
    interval_ms: int
    """How often it is asked for a notice."""
    descriptor: ClassDescriptor

    @property
    def usb_id(self) -> str:
        """``1209:0001``."""
        return f"{self.device.idVendor:04x}:{self.device.idProduct:04x}"

    @property
    def socket(self) -> str:
        """Where it is plugged in, ``1-2.3``: bus, and a number for each hub on the way. Stays through a replug."""
        return f"{self.device.bus}-{'.'.join(str(number) for number in self.device.port_numbers or ())}"

    def string(self, index: int) -> str:
        """A string of the device, empty where there is none. Raises ``USBError`` when it may not be opened."""
        if not index:
            return ""
        languages = usb.util.get_langids(self.device)
        with suppress(ValueError, IndexError):  # no language, or what came is no text
            return str(usb.util.get_string(self.device, index, languages[0]) or "").strip("\0 ")
        return ""

    @property
    def serial(self) -> str:
        """Serial number (序列号). Raises ``USBError``."""
        return self.string(self.device.iSerialNumber)


@functools.cache
def system_backend() -> Any:
    """libusb: the system's own, which also notices what is plugged in and out, else the packaged one.

    Raises ``NotReachable`` (``usb_library_missing``).
    """
    log = logging.getLogger("usb")
    level = log.level
    log.setLevel(logging.CRITICAL)  # that the first of two is missing is no error
    try:
        backend = usb.backend.libusb1.get_backend() or usb.backend.libusb1.get_backend(libusb_package.find_library)
    finally:
        log.setLevel(level)
    if backend is None:
        raise NotReachable("usb_library_missing")
    return backend


def devices(backend: Any) -> Iterator[Any]:
    """Every device on the bus. Raises ``USBError``."""
    yield from usb.core.find(find_all=True, backend=backend)


def reader_of(device: Any) -> Reader | None:
    """The reader that a device is; None when it has no CCID interface that we can use."""
    try:
        for configuration in device:
            for interface in configuration:
                if interface.bInterfaceClass == ccid_descriptor.CLASS and not interface.bAlternateSetting:
                    found = _reader(device, configuration, interface)
                    if found is not None:
                        return found
    except (usb.core.USBError, NotImplementedError):
        return None  # it cannot be asked, or went away meanwhile: not a reader that could be opened
    return None


def _reader(device: Any, configuration: Any, interface: Any) -> Reader | None:
    extra = bytes(interface.extra_descriptors)
    pipes: dict[tuple[int, int], Any] = {}
    for endpoint in interface:
        extra += bytes(endpoint.extra_descriptors)  # some put the class descriptor behind these
        kind, direction = endpoint.bmAttributes & 3, endpoint.bEndpointAddress & 0x80
        pipes.setdefault((kind, direction), endpoint)
    raw = ccid_descriptor.find(extra)
    bulk_out, bulk_in = pipes.get((2, 0)), pipes.get((2, 0x80))
    if raw is None or bulk_out is None or bulk_in is None:
        return None
    try:
        descriptor = ccid_descriptor.parse(raw)
    except ProtocolError:
        return None
    notices = pipes.get((3, 0x80))
    interval = 0 if notices is None else notices.bInterval
    if (device.speed or 0) >= HIGH_SPEED and interval:
        interval = (1 << min(interval, 16) - 1) // 8
    return Reader(
        device=device,
        configuration=configuration.bConfigurationValue,
        interface=interface.bInterfaceNumber,
        bulk_out=bulk_out.bEndpointAddress,
        bulk_in=bulk_in.bEndpointAddress,
        packet=bulk_in.wMaxPacketSize or 64,
        interrupt_in=0 if notices is None else notices.bEndpointAddress,
        interrupt_packet=0 if notices is None else notices.wMaxPacketSize,
        interval_ms=interval,
        descriptor=descriptor,
    )
