"""T=1 over a serial line (串口), through pyserial: a port, a pty, or ``socket://127.0.0.1:PORT`` where there is no pty."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator

import serial

from fapiao_kernel.devices.plug import Link, LinkSpec
from fapiao_kernel.domain.errors import NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.t1 import SILENCE, Silence, Step, Terminal
from fapiao_kernel.protocol.t1_block import Collector

BAUD = 115200
BLOCK_WAIT = 1.0
"""Block waiting time in seconds; docs/protocol/practice-card.md, section 2."""
WRITE_WAIT = 2.0
"""Seconds for a block to leave: 259 bytes take 25 ms at this speed."""
QUIET = 0.05
"""Seconds of silence that end a garbled burst; far more than the time between two bytes."""


def _line_errors() -> tuple[type[Exception], ...]:
    """What a broken line raises: on a vanished pty pyserial's own, a bare ``OSError``, or ``termios.error``, by call."""
    if sys.platform == "win32":
        return (serial.SerialException, OSError)
    import termios

    return (serial.SerialException, OSError, termios.error)


LINE_ERRORS = _line_errors()


class SerialLink:
    """``plug.Link``. One thread uses it. After an error it is broken and sends nothing more."""

    def __init__(self, port: serial.SerialBase, where: str) -> None:
        self.name = where
        self._port = port
        self._wait = port.timeout
        self._terminal = Terminal()
        self._collector = Collector()
        self._waiting: Iterator[bytes] = iter(())
        self._sent = False
        self._broken = False

    def open_session(self) -> None:
        """RESYNCH and IFS with the card. Raises ``NotReachable`` (``device_silent``, ``device_gone``): nothing of the card changed."""
        try:
            self._run(self._terminal.open())
        except ProtocolError as error:
            raise NotReachable("device_silent", effect=Effect.NOT_SENT, where=self.name) from error
        except LINE_ERRORS as error:
            raise NotReachable("device_gone", effect=Effect.NOT_SENT, original=_told(error), where=self.name) from error

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``: handed over at most once; after a loss only the reply is asked for again."""
        if self._broken:
            raise NotReachable("device_link_broken")
        self._sent = False
        self._broken = True  # until the exchange has ended well
        try:
            self._port.reset_input_buffer()
            self._collector.reset()
            self._waiting = iter(())
            reply = self._run(self._terminal.command(apdu))
        except ProtocolError as error:
            if error.code == "protocol_silent":
                raise NotReachable("device_silent", effect=self._effect, where=self.name) from error
            raise ProtocolError(error.code, effect=self._effect, original=error.original, **error.facts) from error
        except LINE_ERRORS as error:
            raise NotReachable("device_gone", effect=self._effect, original=_told(error), where=self.name) from error
        self._broken = False
        return reply

    def close(self) -> None:
        self._broken = True
        self._port.close()

    @property
    def _effect(self) -> Effect:
        return Effect.UNKNOWN if self._sent else Effect.NOT_SENT

    def _run(self, step: Step) -> bytes:
        while not step.done:
            if step.drain:
                self._drain()
            if step.send:
                self._sent = True  # from here on some of it may have left, whatever happens
                self._port.write(step.send)
            step = self._terminal.received(self._block(step.patience))
        return step.reply

    def _block(self, patience: int) -> bytes | Silence:
        """The next whole block, or silence after ``patience`` block waiting times."""
        waits = 0
        while True:
            for raw in self._waiting:
                return raw
            data = self._port.read(self._collector.missing)
            if not data:
                waits += 1
                if waits >= patience or not self._collector.empty:
                    self._collector.reset()
                    return SILENCE
            self._waiting = self._collector.feed(data)

    def _drain(self) -> None:
        self._waiting = iter(())
        self._collector.reset()
        self._port.timeout = QUIET
        try:
            while self._port.read(256):
                continue
        finally:
            self._port.timeout = self._wait


def open_serial(where: str, block_wait: float = BLOCK_WAIT) -> Link:
    """Open the port for us alone and begin a T=1 session.

    Raises ``NotReachable`` (``device_absent``, ``device_busy``, ``device_denied``, ``device_unopenable``, ``device_silent``).
    """
    exclusive = None if "://" in where or sys.platform == "win32" else True  # flock there, always exclusive on Windows
    try:
        port = serial.serial_for_url(
            where, baudrate=BAUD, timeout=block_wait, write_timeout=WRITE_WAIT, exclusive=exclusive
        )
    except ValueError as error:
        raise NotReachable("device_unopenable", original=_told(error), where=where) from error
    except LINE_ERRORS as error:
        raise NotReachable(_why(error), original=_told(error), where=where) from error
    link = SerialLink(port, where)
    try:
        link.open_session()
    except NotReachable:
        link.close()
        raise
    return link


def _why(error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EAGAIN | errno.EBUSY:
            return "device_busy"
        case errno.EACCES | errno.EPERM:
            return "device_denied"
        case errno.ENOENT | errno.ENODEV | errno.ENXIO | errno.EIO | errno.ECONNREFUSED:
            return "device_absent"
    if sys.platform == "win32" and "FileNotFoundError" in str(error):
        return "device_absent"  # pyserial tells no number there
    return "device_absent" if "socket" in str(error) or "refused" in str(error) else "device_unopenable"


def _told(error: Exception) -> str:
    """Kind and number of a system error; its text may hold anything and stays out."""
    return f"{type(error).__name__} {getattr(error, 'errno', None) or ''}".strip()


LINK = LinkSpec("serial", 1, open_serial)
