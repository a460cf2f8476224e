"""Where a serial link leads (串口位置): a port and what it takes to speak there, as written after ``serial://`` in an address."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.protocol.t1_block import Edc

BAUD = 115200
FASTEST = 4_000_000
"""Bits a second: more than any USB adapter does."""
KNOWN = "edc=lrc, edc=crc, baud=9600"


@dataclass(frozen=True)
class Where:
    """``/dev/ttyUSB0?edc=crc&baud=9600``: the port (a path, ``COM3``, ``socket://127.0.0.1:PORT``), its speed, the blocks' EDC."""

    port: str
    edc: Edc = Edc.LRC
    baud: int = BAUD

    @property
    def local(self) -> bool:
        """A port of this machine, and not a URL."""
        return "://" not in self.port

    @property
    def pseudo(self) -> bool:
        """A pty, or a link to one: its far end has it open as well."""
        return self.local and os.path.realpath(self.port).startswith("/dev/pts/")


def parse(text: str) -> Where:
    """From its written form. Raises ``UsageError``: ``device_option`` for an option that is unknown, doubled or out of range,
    ``device_address`` for a URL of pyserial's that is no ``socket``, since some write every byte, and so a PIN, where others see it."""
    port, _, query = text.partition("?")
    if "://" in port and not port.startswith("socket://"):
        raise UsageError("device_address", text=f"serial://{text}")
    given: dict[str, str] = {}
    for option in query.split("&") if query else ():
        name, _, value = option.partition("=")
        if name in given or not _means_something(name, value):
            raise UsageError("device_option", option=option, known=KNOWN)
        given[name] = value
    return Where(port, Edc(given.get("edc", Edc.LRC.value)), int(given.get("baud", BAUD)))


def _means_something(name: str, value: str) -> bool:
    match name:
        case "edc":
            return value in [edc.value for edc in Edc]
        case "baud":
            return value.isascii() and value.isdigit() and len(value) < 8 and 0 < int(value) <= FASTEST
    return False
