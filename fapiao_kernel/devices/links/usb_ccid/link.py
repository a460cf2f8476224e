"""An open card behind a CCID reader (``plug.Link``): courses of ``protocol/ccid_card.py`` run over the reader's pipes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import usb.util

from fapiao_kernel.devices.links.usb_ccid.pipes import USB_ERRORS, Pipes, explained
from fapiao_kernel.devices.links.usb_ccid.readers import Reader
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.atr import Atr
from fapiao_kernel.protocol.ccid import Course, Slot
from fapiao_kernel.protocol.ccid_card import Exchange, start
from fapiao_kernel.protocol.ccid_descriptor import Features
from fapiao_kernel.protocol.ccid_message import Icc

T = TypeVar("T")

TOTAL_WAIT = 120.0
"""Seconds for one command in all, however often the card asks for more time (ours)."""
IDLE = 0.3
"""Seconds of rest after which the reader's notices are read before a command: nobody draws a card and puts another in faster,
and between the commands of one act the look would cost more than they do."""
FIRST_READ = 0.002
"""Seconds to see, when opening, whether an answer to somebody else still lies in the reader."""
LEFTOVERS = 16


class UsbLink:
    """``plug.Link``. One thread uses it, another may close it. After an error it is broken and sends nothing more."""

    def __init__(
        self, reader: Reader, name: str, seq: int, clock: Callable[[], float], released: Callable[[], None]
    ) -> None:
        """``released`` is called once, when the device is given up; ``seq``: see ``Slot``."""
        self.name = name
        self.atr: Atr | None = None
        """What the card said at power-on."""
        self._reader = reader
        self._slot = Slot(reader.descriptor, name, seq)
        self._pipes = Pipes(reader, lambda: self._closing)
        self._clock = clock
        self._released = released
        self._lock = threading.Lock()
        self._exchange: Exchange | None = None
        self._rested = 0.0
        self._handing = False  # whether what is sent is for the card
        self._sent = False
        self._broken = True
        self._closing = False
        self._closed = False

    def open_session(self) -> None:
        """Power the card on and agree how to talk. Raises ``NotReachable`` or ``ProtocolError``, always ``NOT_SENT``."""
        try:
            for _ in range(LEFTOVERS):
                if self._pipes.read(FIRST_READ) is None:
                    break
            self.atr, self._exchange = self._run(start(self._slot))
            self._pipes.notice()  # what led up to here is no news
        except (NotReachable, ProtocolError) as error:
            raise _with(error, Effect.NOT_SENT) from error
        except USB_ERRORS as error:
            raise explained(error, self.name, Effect.NOT_SENT) from error
        self._broken = False
        self._rested = self._clock()

    def transmit(self, apdu: bytes) -> bytes:
        """See ``plug.Link``: handed over at most once."""
        with self._lock:
            if self._broken or self._exchange is None:
                raise NotReachable("device_link_broken")
            self._broken = True  # until the exchange has ended well
            self._handing = self._sent = False
            try:
                if self._clock() - self._rested > IDLE:
                    self._look()
                self._handing = True
                reply = self._run(self._exchange(apdu))
            except (NotReachable, ProtocolError) as error:
                raise self._after(error) from error
            except USB_ERRORS as error:
                raise self._after(explained(error, self.name, self._effect)) from error
            self._broken = False
            self._rested = self._clock()
            return reply

    def close(self) -> None:
        """Power the card off and give the device up. From another thread: ends what is under way. Twice is once."""
        self._closing = True
        with self._lock:
            if self._closed:
                return
            self._closed = True
            was_well, self._broken = not self._broken, True
            try:
                if was_well:
                    self._closing = False
                    # A card that stays powered is powered off by the next opening.
                    with suppress(FapiaoError, *USB_ERRORS):
                        self._run(self._slot.power_off())
            finally:
                self._released()

    @property
    def _effect(self) -> Effect:
        return Effect.UNKNOWN if self._sent else Effect.NOT_SENT

    def _run(self, course: Course[T]) -> T:
        pipes, clock = self._pipes, self._clock
        deadline = clock() + TOTAL_WAIT
        try:
            send, wait = next(course)
            while True:
                if send:
                    self._sent = self._handing  # from here on some of it may have left, whatever happens
                    pipes.write(send)
                left = deadline - clock()
                send, wait = course.send(pipes.read(wait if wait < left else left))
        except StopIteration as done:
            result: T = done.value
            return result

    def _look(self) -> None:
        """Whether the card is still the one that was powered on. Raises ``NotReachable``."""
        change = self._pipes.notice()
        if change is None:
            return
        if not change.present:
            raise NotReachable("device_card_absent", where=self.name)
        by_itself = Features.ACTIVATION_ON_INSERT in self._reader.descriptor.features
        if change.changed and (by_itself or self._run(self._slot.status()) is not Icc.ACTIVE):
            # A card that still has the power we gave it was never drawn: then the notice was about something earlier.
            raise NotReachable("device_card_changed", where=self.name)

    def _after(self, error: FapiaoError) -> FapiaoError:
        """What to tell of a failed exchange: what is known of its effect, and that the card was drawn if it was."""
        if error.code in ("device_silent", "protocol_silent"):
            with suppress(ProtocolError, *USB_ERRORS):  # the first error is the one to tell
                change = self._pipes.notice()
                if change is not None and not change.present:
                    error = NotReachable("device_card_absent", original=error.original, where=self.name)
        if error.code == "protocol_silent":
            error = NotReachable("device_silent", original=error.original, where=self.name)
        return _with(error, self._effect)


def _with(error: FapiaoError, effect: Effect) -> FapiaoError:
    if error.effect is effect:
        return error
    return type(error)(error.code, effect=effect, original=error.original, **error.facts)


def release(reader: Reader, reattach: bool) -> None:
    """Give the interface back, to the kernel's driver if it was that one's, and the device."""
    device: Any = reader.device
    with suppress(*USB_ERRORS):  # unplugged: there is nothing to give back
        usb.util.release_interface(device, reader.interface)
        if reattach:
            device.attach_kernel_driver(reader.interface)
    with suppress(*USB_ERRORS):
        usb.util.dispose_resources(device)
