"""T=1 over a serial line (串口), through pyserial: a port, a pty, or ``socket://127.0.0.1:PORT`` where there is no pty."""

from __future__ import annotations

from fapiao_kernel.devices.links.serial_t1.finding import find
from fapiao_kernel.devices.links.serial_t1.link import BLOCK_WAIT, SerialLink, open_serial
from fapiao_kernel.devices.plug import LinkCan, LinkSpec

__all__ = ["BLOCK_WAIT", "LINK", "SerialLink", "find", "open_serial"]

LINK = LinkSpec("serial", 1, open_serial, find, frozenset({LinkCan.EXTENDED, LinkCan.EXCLUSIVE, LinkCan.FIND}))
