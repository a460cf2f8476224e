"""Finding a reader by its place, and opening the card in it: ``1209:0001``, ``1209:0001/SERIAL``, ``1209:0001@1-2`` or ``ccid``."""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import usb.core
import usb.util

from fapiao_kernel.devices import owner
from fapiao_kernel.devices.links.usb_ccid.link import UsbLink, release
from fapiao_kernel.devices.links.usb_ccid.pipes import USB_ERRORS, told
from fapiao_kernel.devices.links.usb_ccid.readers import Reader, devices, reader_of, system_backend
from fapiao_kernel.devices.plug import Found
from fapiao_kernel.domain.errors import NotReachable

ANY = "ccid"
"""The place that is whatever reader there is, if there is one alone."""
_PLACE = re.compile(r"([0-9A-Fa-f]{4}:[0-9A-Fa-f]{4})(?:/(?P<serial>.+)|@(?P<socket>\d+-[\d.]*))?")


def open_usb(where: str, backend: Any = None, clock: Callable[[], float] = time.monotonic) -> UsbLink:
    """Open the reader for us alone, power its card on, and begin to talk.

    ``backend``: pyusb's ``IBackend`` in place of libusb; ``clock``: seconds, for deadlines.

    Raises ``NotReachable`` (``usb_where``, ``usb_library_missing``, ``device_absent``, ``usb_no_reader``, ``usb_several``,
    ``device_denied_usb``, ``device_busy_by``, ``usb_busy_pcscd``, ``usb_busy``, and what ``UsbLink.open_session`` raises).
    """
    try:
        reader = _the_one(where, backend or system_backend())
    except USB_ERRORS as error:
        raise _unopenable(error, where, None) from error
    lock: owner.Claim | None = None
    reattach = False

    def give_up() -> None:
        release(reader, reattach)
        if lock is not None:
            lock.close()

    try:
        if backend is None:
            lock = owner.claim(_node(reader))
        reattach = _claim(reader)
        link = UsbLink(reader, where, random.randrange(256), clock, give_up)
        link.open_session()
    except USB_ERRORS as error:
        give_up()
        raise _unopenable(error, where, reader if backend is None else None) from error
    except BaseException:
        give_up()
        raise
    return link


def find(backend: Any = None) -> Sequence[Found]:
    """Every reader on the bus, without opening a card. Raises ``NotReachable`` (``usb_library_missing``, ``device_unopenable``)."""
    system = backend is None
    try:
        readers = [reader for device in devices(backend or system_backend()) if (reader := reader_of(device))]
    except USB_ERRORS as error:
        raise NotReachable("device_unopenable", original=told(error), where="USB") from error
    alike = Counter(reader.usb_id for reader in readers)
    return [_found(reader, alike[reader.usb_id] > 1, system) for reader in readers]


def _found(reader: Reader, several: bool, system: bool) -> Found:
    device = reader.device
    where, names, problem = reader.usb_id, [], None
    try:
        names = [reader.string(device.iManufacturer), reader.string(device.iProduct)]
        serial = reader.serial
    except USB_ERRORS as error:
        serial = ""
        problem = _unopenable(error, where, reader if system else None)
    with suppress(usb.core.USBError):
        usb.util.dispose_resources(device)
    if serial:
        where += f"/{quote(serial, safe='')}"
    elif several:
        where += f"@{reader.socket}"
    if problem is None and system:
        problem = _held(reader, where)
    name = " ".join(part for part in names if part) or f"USB {reader.usb_id}"
    return Found(where, name, usb_id=reader.usb_id, problem=problem)


def _held(reader: Reader, where: str) -> NotReachable | None:
    """Another program has it; one that this very process has is no problem to it."""
    who = owner.seen(_node(reader))
    if who is not None and who.pid == os.getpid():
        return None
    who = who or owner.holder(_path(reader))
    return None if who is None else _busy(where, who)


def _the_one(where: str, backend: Any) -> Reader:
    """The reader at a place: never one of several, lest it be the wrong card."""
    place = _PLACE.fullmatch(where)
    if place is None and where != ANY:
        raise NotReachable("usb_where", where=where)
    there = [device for device in devices(backend) if place is None or _id(device) == place[1].lower()]
    readers = [reader for device in there if (reader := reader_of(device))]
    if there and not readers and place is not None:
        raise NotReachable("usb_no_reader", where=where)
    if place is not None and place["socket"]:
        readers = [reader for reader in readers if reader.socket == place["socket"]]
    elif place is not None and place["serial"]:
        readers = _with_serial(readers, unquote(place["serial"]))
    if not readers:
        raise NotReachable("device_absent", where=where)
    if len(readers) > 1:
        for reader in readers:
            usb.util.dispose_resources(reader.device)
        raise NotReachable("usb_several", where=where, count=len(readers))
    return readers[0]


def _with_serial(readers: Sequence[Reader], serial: str) -> list[Reader]:
    """Raises what pyusb did when none of them is it and one could not be asked."""
    fitting: list[Reader] = []
    hidden: Exception | None = None
    for reader in readers:
        try:
            if reader.serial == serial:
                fitting.append(reader)
                continue
        except USB_ERRORS as error:
            hidden = error
        usb.util.dispose_resources(reader.device)
    if not fitting and hidden is not None:
        raise hidden
    return fitting


def _claim(reader: Reader) -> bool:
    """Have the interface for us alone; True when the kernel's driver had it and gets it back. Raises what pyusb does."""
    device = reader.device
    detached = False
    try:
        if device.is_kernel_driver_active(reader.interface):
            device.detach_kernel_driver(reader.interface)
            detached = True
    except NotImplementedError:
        pass  # a system whose drivers cannot be detached: claiming tells whether it is free
    try:
        if _configured(device) != reader.configuration:
            device.set_configuration(reader.configuration)
        usb.util.claim_interface(device, reader.interface)
    except USB_ERRORS:
        if detached:
            with suppress(*USB_ERRORS):  # why it could not be claimed is the error to tell
                device.attach_kernel_driver(reader.interface)
        raise
    return detached


def _configured(device: Any) -> int | None:
    try:
        value: int = device.get_active_configuration().bConfigurationValue
    except usb.core.USBError as error:
        if error.errno is not None:
            raise
        return None  # pyusb's word for: not configured yet
    return value


def _unopenable(error: Exception, where: str, reader: Reader | None) -> NotReachable:
    match getattr(error, "errno", None):
        case errno.EACCES | errno.EPERM | errno.ENOSYS:
            return NotReachable("device_denied_usb", original=told(error), where=where)
        case errno.EBUSY:
            return _busy(where, owner.holder(_path(reader)) if reader else None)
        case errno.ENODEV | errno.ENOENT | errno.EIO | errno.ENXIO:
            return NotReachable("device_absent", original=told(error), where=where)
    if isinstance(error, NotImplementedError):  # libusb without a driver that it can talk to, as on Windows
        return NotReachable("device_denied_usb", original=told(error), where=where)
    return NotReachable("device_unopenable", original=told(error), where=where)


def _busy(where: str, who: owner.Owner | None) -> NotReachable:
    if who is None:
        return NotReachable("usb_busy", where=where)
    if who.program == "pcscd":
        return NotReachable("usb_busy_pcscd", where=where, pid=who.pid)
    return NotReachable("device_busy_by", where=where, program=who.program, pid=who.pid)


def _id(device: Any) -> str:
    return f"{device.idVendor:04x}:{device.idProduct:04x}"


def _node(reader: Reader) -> str:
    return f"usb:{reader.device.bus}-{reader.device.address}"


def _path(reader: Reader) -> str:
    """Its node on Linux; elsewhere there is no such file, and nobody is seen to hold it."""
    return f"/dev/bus/usb/{reader.device.bus or 0:03d}/{reader.device.address or 0:03d}"
