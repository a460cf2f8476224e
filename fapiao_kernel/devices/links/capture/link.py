"""Recording and replaying (录制、重放): the masked course of a session in a file, and a link that gives it back byte for byte."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from fapiao_kernel.devices.links.capture.form import (
    Exchange,
    Masking,
    masks_of,
    read_exchange,
    read_head,
    unmasked,
    write_head,
)
from fapiao_kernel.devices.plug import Link, Secret, Side
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError, UsageError
from fapiao_kernel.domain.finding import Effect

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
"""Never an old one; and on Windows no byte more than is written."""


class Recording:
    """``plug.Link`` around another: each exchange is in the file before its answer is given on.

    Recording never stands in the way of the card: when the file can take no more, ``problem`` says so and the link goes on.
    """

    def __init__(self, link: Link, descriptor: int, masking: Masking, file: str, clock: Callable[[], int]) -> None:
        self.name = link.name
        self.problem: FapiaoError | None = None
        """``capture_stopped``: from there on nothing more was recorded."""
        self._link = link
        self._descriptor: int | None = descriptor
        self._using = threading.RLock()  # of the file: its number may be another file's as soon as it is closed
        self._masking = masking
        self._file = file
        self._clock = clock

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``; raises what the recorded link raises."""
        began = self._clock()
        try:
            response = self._link.transmit(apdu)
        except (NotReachable, ProtocolError) as error:
            self._note(Exchange(self._masking.command(apdu), "", self._harmless(apdu, error), self._since(began)))
            raise
        took = self._since(began)
        self._note(Exchange(self._masking.command(apdu), self._masking.response(apdu, response), None, took))
        return response

    def close(self) -> None:
        """Close the link, and then the file."""
        try:
            self._link.close()
        finally:
            self._end()

    def _since(self, began: int) -> int:
        return (self._clock() - began) // 1000

    def _harmless(self, apdu: bytes, error: FapiaoError) -> FapiaoError:
        """The error without its raw answer where that may hold what is masked."""
        if not error.original or not any(self._masking.covers(apdu, side) for side in Side):
            return error
        return type(error)(error.code, effect=error.effect, original="", **error.facts)

    def _note(self, exchange: Exchange) -> None:
        with self._using:
            if self._descriptor is None:
                return
            try:
                _write(self._descriptor, exchange.write())
            except OSError as error:
                original = f"{type(error).__name__} {error.errno or ''}".strip()
                self.problem = NotReachable("capture_stopped", original=original, file=self._file)
                self._end()

    def _end(self) -> None:
        with self._using:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                with suppress(OSError):  # whatever could be written is written; nothing is left to do about the file
                    os.close(descriptor)


def record(
    link: Link,
    file: Path,
    secrets: Iterable[Secret] = (),
    started: str = "",
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Recording:
    """A link that records what goes over ``link`` into a new file for the user alone (0600).

    ``started``: ISO 8601 time of now; ``clock``: nanoseconds, for durations. Raises ``UsageError`` (``capture_exists``,
    ``capture_unwritable``): a capture is never overwritten.
    """
    masks = masks_of(secrets)
    try:
        descriptor = os.open(file, NEW_FILE, 0o600)
    except FileExistsError as error:
        raise UsageError("capture_exists", file=file) from error
    except OSError as error:
        raise UsageError("capture_unwritable", original=type(error).__name__, file=file) from error
    try:
        _write(descriptor, write_head(link.name, started, masks))
    except OSError as error:
        os.close(descriptor)
        raise UsageError("capture_unwritable", original=type(error).__name__, file=file) from error
    return Recording(link, descriptor, Masking(masks), str(file), clock)


def _write(descriptor: int, line: str) -> None:
    """The whole line, handed to the system before this returns. Raises ``OSError``."""
    rest = memoryview(line.encode("utf-8", "backslashreplace"))  # JSON reads \udcXX back
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Replay:
    """``plug.Link`` over a capture: it gives the recorded answers in their order, and never reaches a device.

    Masked bytes of an answer come back as zeros. A command other than the recorded one breaks the link.
    """

    def __init__(self, name: str, masking: Masking, exchanges: list[Exchange], torn: bool) -> None:
        self.name = name
        self.torn = torn
        """The last line is not whole: the recording program ended in mid-line."""
        self._masking = masking
        self._exchanges = exchanges
        self._next = 0
        self._broken = False

    def transmit(self, apdu: bytes) -> bytes:
        """The recorded answer, or the recorded error again with its code and effect.

        Raises ``ProtocolError`` (``capture_differs``, ``capture_ended``, ``capture_torn``), each ``NOT_SENT``.
        """
        if self._broken:
            raise NotReachable("device_link_broken", effect=Effect.NOT_SENT)
        line = self._next + 2  # the head is line 1
        if self._next == len(self._exchanges):
            self._broken = True
            raise ProtocolError("capture_torn" if self.torn else "capture_ended", effect=Effect.NOT_SENT, line=line)
        exchange = self._exchanges[self._next]
        if self._masking.command(apdu) != exchange.command:
            self._broken = True
            raise ProtocolError("capture_differs", effect=Effect.NOT_SENT, line=line)
        self._next += 1
        if exchange.error is not None:
            told = exchange.error
            raise type(told)(told.code, effect=told.effect, original=told.original, **told.facts)
        return bytes.fromhex(unmasked(exchange.response))

    def close(self) -> None:
        """Nothing is open but the list."""
        self._broken = True


def open_replay(where: str) -> Replay:
    """The capture at a path (percent-encoded where an address cannot hold a character), read whole and checked.

    Raises ``NotReachable`` (``capture_absent``) or ``ProtocolError`` (``capture_damaged``, with the line).
    """
    path = re.sub(r"^/(?=[A-Za-z]:)", "", unquote(where))  # /C:/… of an address is C:/… on Windows
    try:
        if not Path(path).is_file():  # a pipe or a device might be read without end
            raise FileNotFoundError
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotReachable("capture_absent", original=type(error).__name__, file=path) from error
    lines = text.split("\n")
    unfinished = lines.pop()
    exchanges = []
    line = 1
    try:
        head = read_head(lines[0] if lines else unfinished)
        for line, text in enumerate(lines[1:], 2):  # noqa: B007 the line is told below when it is damaged
            exchanges.append(read_exchange(text))
    except ValueError as error:
        raise ProtocolError("capture_damaged", effect=Effect.NOT_SENT, file=path, line=line) from error
    torn = False
    if lines and unfinished:
        try:
            exchanges.append(read_exchange(unfinished))  # whole but for its line feed
        except ValueError:
            torn = True
    return Replay(f"replay {Path(path).name}", Masking(head.masks), exchanges, torn)
