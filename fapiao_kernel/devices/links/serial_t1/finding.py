"""Looking for serial ports (串口查找): what the system lists, without opening one. Opening moves lines, and bytes may move more."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serial.tools import list_ports

from fapiao_kernel.devices.holder import holder
from fapiao_kernel.devices.owner import busy, seen
from fapiao_kernel.devices.plug import Found
from fapiao_kernel.domain.errors import FapiaoError, NotReachable

LOOKS = 3
"""How often the list is asked for: pyserial trips over a device that leaves while it reads about it."""
UNTOLD = "n/a"
"""pyserial's description of a port that the system tells nothing of."""
BY_ID = Path("/dev/serial/by-id")
"""Where udev keeps a name that stays the same whatever the order of plugging in."""


def find() -> Sequence[Found]:
    """Every serial port of this machine. Raises ``NotReachable`` (``device_search_failed``)."""
    names = _lasting_names()
    return [_found(port, names) for port in sorted(_ports(), key=lambda port: _natural(port.device))]


def _ports() -> list[Any]:
    for look in range(LOOKS):
        try:
            return [port for port in list_ports.comports() if sys.platform == "win32" or os.path.exists(port.device)]
        except (OSError, TypeError, ValueError) as error:  # int() of a number that is gone from /sys, among others
            if look == LOOKS - 1:
                raise NotReachable("device_search_failed", original=type(error).__name__) from error
    return []


def _lasting_names() -> dict[str, str]:
    try:
        return {os.path.realpath(link): str(link) for link in sorted(BY_ID.iterdir())}
    except OSError:  # no udev, or no USB adapter
        return {}


def _found(port: Any, names: dict[str, str]) -> Found:
    usb_id = f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None and port.pid is not None else ""
    parts = [part for part in (port.manufacturer, port.product, port.serial_number) if part]
    told = port.description if port.description != UNTOLD else ""
    reader = " ".join(parts) or told or os.path.basename(port.device)
    where = names.get(os.path.realpath(port.device), port.device)
    return Found(where, reader, usb_id=usb_id, may_ask=False, problem=_problem(port.device))


def _problem(device: str) -> FapiaoError | None:
    """Why it cannot be opened as things are; one that this very process has is no problem to it."""
    if sys.platform == "win32":
        return None  # only opening it would tell
    owner = seen(device)
    if owner is not None and owner.pid == os.getpid():
        return None
    owner = owner or holder(device)
    if owner is not None:
        return busy(device, owner)
    return None if os.access(device, os.R_OK | os.W_OK) else NotReachable("device_denied", where=device)


def _natural(device: str) -> list[tuple[int, str]]:
    """``ttyUSB2`` before ``ttyUSB10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", device)]
