"""Cards in USB readers and tokens of the class CCID (USB 读卡器、令牌), straight over libusb through pyusb, without PC/SC."""

from __future__ import annotations

from fapiao_kernel.devices.links.usb_ccid.link import UsbLink
from fapiao_kernel.devices.links.usb_ccid.opening import find, open_usb
from fapiao_kernel.devices.plug import LinkCan, LinkSpec

__all__ = ["LINK", "UsbLink", "find", "open_usb"]

LINK = LinkSpec("usb", 1, open_usb, find=find, can=frozenset({LinkCan.EXTENDED, LinkCan.EXCLUSIVE, LinkCan.FIND}))
