"""T=1 over a serial line (串口), through pyserial: a port, a pty, or ``socket://127.0.0.1:PORT`` where there is no pty."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import serial

from fapiao_kernel.devices.holder import holder
from fapiao_kernel.devices.links.serial_t1.where import Where, parse
from fapiao_kernel.devices.owner import Claim, busy, claim
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.t1 import LONGEST, SILENCE, Silence, Step, Terminal
from fapiao_kernel.protocol.t1_block import Collector, Edc

BLOCK_WAIT = 1.0
"""Block waiting time in seconds; docs/protocol/practice-card.md, section 2."""
WRITE_WAIT = 2.0
"""Seconds that a block may be held up: 259 bytes take 25 ms at 115200 baud."""
QUIET = 0.05
"""Seconds of silence that end a garbled burst; far more than the time between two bytes."""
BURST = 4096
"""Bytes of a garbled burst after which silence is no longer waited for: a line that never falls silent is repaired or given up."""


def _line_errors() -> tuple[type[Exception], ...]:
    """What a broken line raises: on a vanished pty pyserial's own, a bare ``OSError``, or ``termios.error``, by call."""
    if sys.platform == "win32":
        return (serial.SerialException, OSError)
    import termios

    return (serial.SerialException, OSError, termios.error)


LINE_ERRORS = _line_errors()


class _Closed(OSError):
    """The link was closed by another thread while this one used it."""


class SerialLink:
    """``plug.Link``. One thread uses it. After an error it is broken and sends nothing more."""

    def __init__(
        self,
        port: serial.SerialBase,
        where: str,
        edc: Edc = Edc.LRC,
        owned: Claim | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock``: seconds, for the deadline of a whole exchange: as long as a card may ask for, however its bytes dribble in."""
        self.name = where
        self._port = port
        self._owned = owned
        self._wait = port.timeout
        self._clock = clock
        self._deadline = 0.0
        self._terminal = Terminal(edc)
        self._collector = Collector(edc)
        self._waiting: Iterator[bytes] = iter(())
        self._using = threading.Lock()
        self._closing = False
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
        with self._using:
            if self._broken:
                raise NotReachable("device_link_broken")
            return self._exchange(apdu)

    def _exchange(self, apdu: bytes) -> bytes:
        self._sent = False
        self._broken = True  # until the exchange has ended well
        try:
            if self._closing:
                raise _Closed
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
        """Give the port back. A thread that waits for an answer is woken first, and learns that the outcome is unknown.

        Closing under it would leave it reading a number that the next file opened may get.
        """
        self._closing = True
        for cancel in ("cancel_read", "cancel_write"):
            with suppress(AttributeError, TypeError, *LINE_ERRORS):  # a URL has none; closed already, it is None inside
                getattr(self._port, cancel)()
        with self._using:
            self._broken = True
            with suppress(*LINE_ERRORS):  # the device is gone: there is nothing left to give back
                self._port.close()
            if self._owned is not None:
                self._owned.close()

    @property
    def _effect(self) -> Effect:
        return Effect.UNKNOWN if self._sent else Effect.NOT_SENT

    @property
    def _overdue(self) -> bool:
        return self._clock() > self._deadline

    def _run(self, step: Step) -> bytes:
        self._deadline = self._clock() + LONGEST * self._wait
        while not step.done:
            if step.drain:
                self._drain()
            if self._closing:
                raise _Closed
            if step.send:
                self._sent = True  # from here on some of it may have left, whatever happens
                self._port.write(step.send)
            step = self._terminal.received(self._block(step.patience))
        return step.reply

    def _block(self, patience: int) -> bytes | Silence:
        """The next whole block, or silence after ``patience`` block waiting times."""
        waits = 0
        while waits < patience and not self._overdue:
            for raw in self._waiting:
                return raw
            data = self._port.read(self._collector.missing)
            if self._closing:
                raise _Closed
            if not data:
                waits = waits + 1 if self._collector.empty else patience
            self._waiting = self._collector.feed(data)
        self._collector.reset()
        return SILENCE

    def _drain(self) -> None:
        self._waiting = iter(())
        self._collector.reset()
        self._port.timeout = QUIET
        came = 0
        try:
            while came < BURST and not self._overdue and (data := self._port.read(256)) and not self._closing:
                came += len(data)
        finally:
            self._port.timeout = self._wait


def open_serial(where: str, block_wait: float = BLOCK_WAIT) -> Link:
    """Open the port for us alone and begin a T=1 session. ``block_wait``: seconds.

    Raises ``UsageError`` (``device_option``) or ``NotReachable`` (``device_absent``, ``device_busy_by``, ``device_busy``,
    ``device_denied``, ``device_unopenable``, ``device_lock_denied``, ``device_silent``, ``device_gone``), each ``NOT_SENT``.
    """
    way = parse(where)
    owned = _reserve(way)
    try:
        link = SerialLink(_open_port(way, block_wait), where, way.edc, owned)
    except BaseException:
        if owned is not None:
            owned.close()
        raise
    try:
        link.open_session()
    except BaseException:
        link.close()
        raise
    return link


def _reserve(way: Where) -> Claim | None:
    """A port of this machine is claimed."""
    if not way.local:
        return None
    if sys.platform != "win32" and not os.path.lexists(way.port):
        raise NotReachable("device_absent", where=way.port)
    return claim(way.port)


def _open_port(way: Where, block_wait: float) -> serial.SerialBase:
    """It is left alone when another program has it, with or without a lock of its own; Windows itself refuses a second opening."""
    exclusive = True if way.local and sys.platform != "win32" else None  # flock there, always exclusive on Windows
    other = holder(way.port) if exclusive and not way.pseudo else None
    if other is not None:
        raise busy(way.port, other)
    try:
        port = serial.serial_for_url(
            way.port, baudrate=way.baud, timeout=block_wait, write_timeout=WRITE_WAIT, exclusive=exclusive
        )
        if exclusive and not way.pseudo:
            try:
                _shut_out_others(port)
            except LINE_ERRORS:
                port.close()
                raise
    except ValueError as error:
        raise NotReachable("device_unopenable", original=_told(error), where=way.port) from error
    except LINE_ERRORS as error:
        code = _why(error)
        if code == "device_busy":
            raise busy(way.port, holder(way.port)) from error
        raise NotReachable(code, original=_told(error), where=way.port) from error
    return port


def _shut_out_others(port: serial.SerialBase) -> None:
    """A ``flock`` binds only those who ask for it; TIOCEXCL refuses everybody but root until the last one closes (tty_ioctl(4)).

    Not for a pty: its far end keeps it open, so that the mark would outlive a killed owner.
    """
    import fcntl
    import termios

    fcntl.ioctl(port.fileno(), termios.TIOCEXCL)


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
