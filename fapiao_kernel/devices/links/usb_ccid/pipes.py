"""The three pipes of a CCID interface (端点): whole messages out and in through pyusb, every wait bounded."""

from __future__ import annotations

import errno
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import usb.core
import usb.util

from fapiao_kernel.devices.links.usb_ccid.readers import Reader
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.ccid_descriptor import HEADER
from fapiao_kernel.protocol.ccid_message import Change, parse_notice

WRITE_WAIT_MS = 5000
"""For a message to leave: 64 kB take 60 ms at full speed; a reader at work may hold it up."""
SLICE = 0.25
"""Seconds that one transfer waits at the most, so that closing from another thread need not wait longer."""
EMPTY_TRANSFERS = 64
"""How many empty transfers in a row are passed over before a reader that says nothing else is given up (ours)."""
NOTICES = 64
"""How many notices are read at once before a reader that never stops giving them is left to itself (ours)."""
NOTICE_WAIT_MS = 100
"""The longest wait for a notice; a reader that offers them less often than that is not waited for."""


class Pipes:
    """Bulk-out, bulk-in and interrupt-in of a claimed interface. Raises what pyusb raises."""

    def __init__(self, reader: Reader, stopped: Callable[[], bool]) -> None:
        self._device: Any = reader.device
        self._stopped = stopped
        self._out, self._in, self._notices = reader.bulk_out, reader.bulk_in, reader.interrupt_in
        self._packet = reader.packet
        packets = -(-reader.descriptor.max_message // self._packet)
        self._buffer = array("B", bytes((packets + 1) * self._packet))
        self._notice = array("B", bytes(max(reader.interrupt_packet, 8)))
        self._notice_wait_ms = min(reader.interval_ms + 1, NOTICE_WAIT_MS)

    def write(self, message: bytes) -> None:
        """A whole message out. A stall is cleared, and the message is not sent again."""
        try:
            written = self._device.write(self._out, message, WRITE_WAIT_MS)
        except usb.core.USBError as error:
            if error.errno == errno.EPIPE:
                self._clear(self._out)
            raise
        if written != len(message):
            raise usb.core.USBTimeoutError("half a message left", None, errno.ETIMEDOUT)

    def read(self, seconds: float) -> bytes | None:
        """The next message, sound or not; None when ``seconds`` passed without one.

        A transfer ends with a short packet, and with it the message: what comes after is another.
        """
        message = b""
        empty = 0
        stalled = False
        while seconds > 0 and not self._stopped():
            wait = min(seconds, SLICE)
            try:
                count = self._device.read(self._in, self._buffer, max(1, int(wait * 1000)))
            except usb.core.USBTimeoutError:
                seconds -= wait
                continue
            except usb.core.USBError as error:
                if error.errno != errno.EPIPE or stalled:
                    raise
                stalled = True  # an answer may stand behind the halt; asking for it hands nothing over again
                self._device.clear_halt(self._in)
                continue
            if not count and not message:
                empty += 1  # the end of a message that filled its last packet (USB 2.0, 5.8.3)
                if empty > EMPTY_TRANSFERS:
                    return None
                continue
            message += self._buffer[:count].tobytes()
            whole = HEADER + int.from_bytes(message[1:5], "little")
            if count % self._packet or not count or len(message) >= min(whole, len(self._buffer)):
                return message  # also of a reader that says more than it told us it ever would: that is no message
        return message or None

    def notice(self) -> Change | None:
        """What the reader says of its slot since it was last asked; None: nothing, or it has no such pipe."""
        change: Change | None = None
        for _ in range(NOTICES if self._notices else 0):
            try:
                count = self._device.read(self._notices, self._notice, self._notice_wait_ms)
            except usb.core.USBTimeoutError:
                break
            except usb.core.USBError as error:
                if error.errno == errno.EPIPE:
                    self._clear(self._notices)
                    break
                raise
            latest = parse_notice(self._notice[:count].tobytes()) if count else None
            if latest is None:
                break
            change = Change(latest.present, latest.changed or (change is not None and change.changed))
        return change

    def _clear(self, endpoint: int) -> None:
        with suppress(usb.core.USBError):  # the stall itself is what is told
            self._device.clear_halt(endpoint)


USB_ERRORS = (usb.core.USBError, NotImplementedError)
"""What pyusb raises; the second for what a system's libusb or its driver cannot do."""


def explained(error: Exception, where: str, effect: Effect) -> FapiaoError:
    """Our error for one of pyusb's in the middle of a session."""
    original = told(error)
    if isinstance(error, usb.core.USBTimeoutError):
        return NotReachable("device_silent", effect=effect, original=original, where=where)
    match getattr(error, "errno", None):
        case errno.EPIPE:
            return NotReachable("usb_stalled", effect=effect, original=original, where=where)
        case errno.EOVERFLOW:
            return ProtocolError("protocol_garbled", effect=effect, original=original)
    return NotReachable("device_gone", effect=effect, original=original, where=where)


def told(error: Exception) -> str:
    """Kind and number of a system error; its text may hold anything and stays out."""
    return f"{type(error).__name__} {getattr(error, 'errno', None) or ''}".strip()
