"""A token in a USB port of this very kernel (虚拟 USB 端口): vhci_hcd takes one end of a socket pair, and we serve the other."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fapiao_kernel.simulator.token.token import Token
from fapiao_kernel.simulator.token.usbip import serve

ATTACH = Path("/sys/devices/platform/vhci_hcd.0/attach")
DEVICES = Path("/sys/bus/usb/devices")
HIGH_SPEED = 3
"""``enum usb_device_speed``, linux/usb/ch9.h."""
PATIENCE = 10.0
"""Seconds for the kernel to set a device up, or to see that it is gone."""


class Plugged:
    """A token plugged in (插入) and set up by the kernel. Ports 0 to 7 are high speed."""

    def __init__(self, token: Token, port: int = 0) -> None:
        self._token = token
        self._line, kernels = socket.socketpair()
        self._thread = threading.Thread(target=serve, args=(self._line, token), daemon=True)
        self._thread.start()
        with kernels:  # the kernel holds it by itself from here on
            ATTACH.write_text(f"{port} {kernels.fileno()} {port + 1} {HIGH_SPEED}", "ascii")
        _until(self._is_there)

    def pull_out(self) -> None:
        """Unplug it (拔出), if it still is; the kernel has noticed when this returns."""
        with contextlib.suppress(OSError):  # the token hung up by itself
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._token.unplug()
        _until(lambda: not self._is_there())

    def _is_there(self) -> bool:
        for device in DEVICES.iterdir():
            with contextlib.suppress(OSError):  # a hub without a serial number, or a device that is going
                if (device / "serial").read_text().strip() == self._token.model.serial:
                    return (device / "bConfigurationValue").read_text().strip() != ""
        return False


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"the kernel did not notice within {PATIENCE:.0f} s")
        time.sleep(0.02)  # sysfs has no event for it
    subprocess.run(["udevadm", "settle"], check=True)  # whoever listens to udev, as libusb does, has been told by then
