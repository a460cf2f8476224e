"""Descriptors taken apart into the fields that pyusb asks a backend for (描述符字段); USB 2.0 section 9.6."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

_DEVICE = (
    "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol bMaxPacketSize0 idVendor idProduct bcdDevice "
    "iManufacturer iProduct iSerialNumber bNumConfigurations"
)
_CONFIGURATION = (
    "bLength bDescriptorType wTotalLength bNumInterfaces bConfigurationValue iConfiguration bmAttributes bMaxPower"
)
_INTERFACE = (
    "bLength bDescriptorType bInterfaceNumber bAlternateSetting bNumEndpoints bInterfaceClass bInterfaceSubClass "
    "bInterfaceProtocol iInterface"
)
_ENDPOINT = "bLength bDescriptorType bEndpointAddress bmAttributes wMaxPacketSize bInterval"


def device(raw: bytes) -> dict[str, int]:
    """Of a device descriptor."""
    return dict(zip(_DEVICE.split(), struct.unpack("<BBHBBBBHHHBBBB", raw), strict=True))


def tree(raw: bytes) -> list[SimpleNamespace]:
    """The configuration, its ``interfaces`` and their ``endpoints``; a class descriptor is ``extra_descriptors`` of what it follows."""
    configuration = _part(_CONFIGURATION, "<BBHBBBBB", raw[:9], interfaces=[])
    at, last = 9, configuration
    while at < len(raw):
        piece = raw[at : at + raw[at]]
        at += raw[at]
        if piece[1] == 4:
            last = _part(_INTERFACE, "<9B", piece, endpoints=[])
            configuration.interfaces.append(last)
        elif piece[1] == 5:
            last = _part(_ENDPOINT, "<BBBBHB", piece, bRefresh=0, bSynchAddress=0)
            configuration.interfaces[-1].endpoints.append(last)
        else:
            last.extra_descriptors += list(piece)
    return [configuration]


def nth(parts: Sequence[SimpleNamespace], index: int, alternate: int = 0) -> SimpleNamespace:
    """The part of this index. Raises ``IndexError`` past the end, which is how pyusb counts."""
    if alternate or not 0 <= index < len(parts):
        raise IndexError(index)
    return parts[index]


def _part(names: str, form: str, raw: bytes, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **dict(zip(names.split(), struct.unpack(form, raw), strict=True)), extra_descriptors=[], **more
    )
