"""Tokens under umockdev (模拟内核): the real libusb opens them as files of usbfs, though no kernel here knows USB.

The process wants to be started by ``umockdev-wrapper``. ``mock_urbs`` answers what libusb asks of usbfs; here is what udev and sysfs say.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fapiao_kernel.simulator.token.descriptors import Model, Speed
from fapiao_kernel.simulator.token.mock_urbs import Usbfs
from fapiao_kernel.simulator.token.token import Token

SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"
"""Where Debian keeps ``gi`` (python3-gi), which no index of Python packages has as a wheel."""


_ROOT = "/devices/virtual/usb1"


@dataclass(frozen=True)
class _Plugged:
    path: str
    """In sysfs, from /sys."""
    node: str
    usbfs: Usbfs


def missing() -> str:
    """What keeps a bed from being made in this process; empty: nothing."""
    if "libumockdev-preload" not in os.environ.get("LD_PRELOAD", ""):
        return "not started by umockdev-wrapper"
    try:
        _umockdev()
    except (ImportError, ValueError) as error:  # ValueError: gi has no such namespace
        return str(error)
    return ""


def _umockdev() -> Any:
    if SYSTEM_PACKAGES not in sys.path:
        sys.path.append(SYSTEM_PACKAGES)
    import gi

    gi.require_version("UMockdev", "1.0")
    from gi.repository import UMockdev

    return UMockdev


class Bed:
    """One bus with sockets for tokens. Nothing outlives ``close``."""

    def __init__(self) -> None:
        """Raises ``RuntimeError`` where ``missing`` says why."""
        why = missing()
        if why:
            raise RuntimeError(why)
        self._umockdev = _umockdev()
        self._testbed = self._umockdev.Testbed.new()
        self.root: str = self._testbed.get_root_dir()
        """What a child process needs in ``UMOCKDEV_DIR`` to see the same devices."""
        self._plugged: dict[int, _Plugged] = {}
        self._left: list[_Plugged] = []  # their files stay until the end: somebody may still hold one open
        self._serial: list[str] = []
        self._addresses = 1
        self._lock = threading.RLock()

    def plug(self, token: Token, *, denied: bool = False, busy: bool = False, kernel_driver: str = "") -> Usbfs:
        """Plug a token in; udev hears of it. ``denied``: its file may not be opened (not even by root without CAP_DAC_OVERRIDE)."""
        self._addresses += 1
        token.plug()
        token.configure(1)
        name = f"1-{self._addresses}"
        node = f"/dev/bus/usb/001/{self._addresses:03}"
        usbfs = Usbfs(token, busy=busy, kernel_driver=kernel_driver, vanished=lambda: self._vanish(token))
        self._testbed.add_from_string(_described(token.model, token.descriptors(), name, self._addresses))
        self._testbed.attach_ioctl(node, usbfs.handler(self._umockdev))
        self._plugged[id(token)] = _Plugged(f"{_ROOT}/{name}", node, usbfs)
        if denied:
            Path(self.root + node).chmod(0)
        for path in (f"{_ROOT}/{name}", f"{_ROOT}/{name}/{name}:1.0"):
            self._testbed.uevent(f"/sys{path}", "add")
        return usbfs

    def plug_serial(self, name: str, *, vendor: int, product: int, serial: str) -> None:
        """Plug in a USB serial adapter, as far as a search sees it: a file ``/dev/NAME`` that nobody answers on."""
        self._addresses += 1
        socket = f"1-{self._addresses}"
        numbers = {"idVendor": f"{vendor:04x}", "idProduct": f"{product:04x}", "serial": serial, "bNumInterfaces": " 1"}
        tty = f"P: {_ROOT}/{socket}/{socket}:1.0/{name}/tty/{name}"
        pieces = [
            [f"P: {_ROOT}/{socket}", "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device", *_attributes(**numbers)],
            [f"P: {_ROOT}/{socket}/{socket}:1.0", "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_interface"],
            [f"P: {_ROOT}/{socket}/{socket}:1.0/{name}", "E: SUBSYSTEM=usb-serial"],
            [tty, f"N: {name}", "E: SUBSYSTEM=tty", f"L: device=../../../{name}"],
        ]
        self._testbed.add_from_string("\n".join("\n".join([*lines, ""]) for lines in pieces) + "\n")
        self._serial += [piece[0].removeprefix("P: ") for piece in pieces]

    def unplug(self, token: Token) -> None:
        """Pull it out: what waits on it ends with ENODEV, and udev hears of it."""
        plugged = self._plugged.get(id(token))
        if plugged is not None:
            plugged.usbfs.unplug()
            self._vanish(token)

    def _vanish(self, token: Token) -> None:
        with self._lock:
            plugged = self._plugged.pop(id(token), None)
            if plugged is None:
                return
            for path in (f"{plugged.path}/{plugged.path.rsplit('/', 1)[1]}:1.0", plugged.path):
                self._testbed.uevent(f"/sys{path}", "remove")
                self._testbed.remove_device(f"/sys{path}")
            self._left.append(plugged)

    def clear(self) -> None:
        """Pull everything out."""
        for plugged in list(self._plugged.values()):
            self.unplug(plugged.usbfs.token)
        while self._serial:
            self._testbed.remove_device(f"/sys{self._serial.pop()}")

    def close(self) -> None:
        """Pull everything out, for good."""
        self.clear()
        for plugged in self._left:
            self._testbed.detach_ioctl(plugged.node)
        self._left.clear()
        self._testbed = None  # its folder goes with it


def _described(model: Model, descriptors: Any, name: str, address: int) -> str:
    """The device and its interface as sysfs and udev show them; umockdev's own format."""
    maker, product, serial = descriptors.strings
    speed = "480" if model.speed is Speed.HIGH else "12"
    path = f"{_ROOT}/{name}"
    device = [
        f"P: {path}",
        f"N: bus/usb/001/{address:03}",
        "E: SUBSYSTEM=usb",
        "E: DEVTYPE=usb_device",
        f"E: DEVNAME=/dev/bus/usb/001/{address:03}",
        "E: BUSNUM=001",
        f"E: DEVNUM={address:03}",
        f"E: PRODUCT={model.vendor:x}/{model.product:x}/100",
        *_attributes(busnum="1", devnum=str(address), speed=speed, bConfigurationValue="1", bNumInterfaces=" 1"),
        *_attributes(idVendor=f"{model.vendor:04x}", idProduct=f"{model.product:04x}", bDeviceClass="00"),
        *_attributes(manufacturer=maker, product=product, serial=serial),
        f"H: descriptors={(descriptors.device + descriptors.configuration).hex().upper()}",
    ]
    interface = [
        f"P: {path}/{name}:1.0",
        "E: SUBSYSTEM=usb",
        "E: DEVTYPE=usb_interface",
        f"E: PRODUCT={model.vendor:x}/{model.product:x}/100",
        "E: INTERFACE=11/0/0",
        *_attributes(bInterfaceNumber="00", bInterfaceClass="0b", bInterfaceSubClass="00", bInterfaceProtocol="00"),
    ]
    return "\n".join([*device, "", *interface, ""]) + "\n"


def _attributes(**values: str) -> list[str]:
    return [f"A: {name}={value}\\n" for name, value in values.items()]
