"""Requests on EP0 (控制传输): USB 2.0 section 9.4, USB CCID 1.1 section 5.3. What is not understood stalls."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from fapiao_kernel.simulator.token.descriptors import BULK_IN, BULK_OUT, CLOCK, DATA_RATE, INTERRUPT_IN, Descriptors
from fapiao_kernel.simulator.token.errors import Stall


class Std(IntEnum):
    """Standard requests."""

    GET_STATUS = 0
    CLEAR_FEATURE = 1
    SET_FEATURE = 3
    SET_ADDRESS = 5
    GET_DESCRIPTOR = 6
    GET_CONFIGURATION = 8
    SET_CONFIGURATION = 9
    GET_INTERFACE = 10
    SET_INTERFACE = 11


class Ccid(IntEnum):
    """Requests of the class."""

    ABORT = 1
    GET_CLOCK_FREQUENCIES = 2
    GET_DATA_RATES = 3


ENDPOINTS = (BULK_OUT, BULK_IN, INTERRUPT_IN)
ENDPOINT_HALT = 0


class Device(Protocol):
    """What requests ask and change."""

    configuration: int
    halted: set[int]

    def descriptors(self) -> Descriptors: ...

    def configure(self, value: int) -> None: ...

    def abort(self, seq: int) -> None: ...


def asked(device: Device, request_type: int, request: int, value: int, index: int) -> bytes:
    """A request for data: all there is. Raises ``Stall``."""
    match request_type, request:
        case 0x80, Std.GET_DESCRIPTOR:
            return _descriptor(device.descriptors(), value >> 8 & 0xFF, value & 0xFF)
        case 0x81, Std.GET_DESCRIPTOR if value >> 8 == 0x21 and index == 0:
            return device.descriptors().ccid
        case 0x80, Std.GET_CONFIGURATION:
            return bytes([device.configuration])
        case 0x80, Std.GET_STATUS:
            return bytes(2)
        case 0x81, Std.GET_STATUS if index == 0:
            return bytes(2)
        case 0x81, Std.GET_INTERFACE if index == 0:
            return bytes(1)
        case 0x82, Std.GET_STATUS if index in ENDPOINTS:
            return bytes([index in device.halted, 0])
        case 0xA1, Ccid.GET_CLOCK_FREQUENCIES:
            return CLOCK.to_bytes(4, "little")
        case 0xA1, Ccid.GET_DATA_RATES:
            return DATA_RATE.to_bytes(4, "little")
    raise Stall


def told(device: Device, request_type: int, request: int, value: int, index: int) -> None:
    """A request that changes something. Raises ``Stall``."""
    match request_type, request:
        case 0x00, Std.SET_CONFIGURATION if value in (0, 1):
            device.configure(value)
        case 0x00, Std.SET_ADDRESS:
            pass  # the address is the host controller's affair
        case 0x01, Std.SET_INTERFACE if (value, index) == (0, 0):
            device.halted.clear()
        case 0x02, Std.CLEAR_FEATURE if value == ENDPOINT_HALT and index in ENDPOINTS:
            device.halted.discard(index)
        case 0x02, Std.SET_FEATURE if value == ENDPOINT_HALT and index in ENDPOINTS:
            device.halted.add(index)
        case 0x21, Ccid.ABORT:
            device.abort(value >> 8 & 0xFF)
        case _:
            raise Stall


def _descriptor(all_of_it: Descriptors, kind: int, number: int) -> bytes:
    found = None
    match kind:
        case 1:
            found = all_of_it.device
        case 2 if number == 0:
            found = all_of_it.configuration
        case 3:
            found = all_of_it.string(number)
    if found is None:
        raise Stall
    return found
