"""What a transfer can end with (USB 2.0 section 8.4.5): the host controller's view, named as libusb and Linux do."""

from __future__ import annotations


class UsbFault(Exception):
    """A transfer that did not end well."""


class Stall(UsbFault):
    """STALL handshake (EPIPE); a bulk endpoint stays halted until CLEAR_FEATURE."""


class Overflow(UsbFault):
    """More data than the host asked for (EOVERFLOW)."""


class Broken(UsbFault):
    """Bit stuffing, CRC or handshake wrong (EPROTO)."""


class Gone(UsbFault):
    """No such device any more (ENODEV)."""
