"""The virtual bus behind pyusb itself: what ``usb.core`` sees, and the numbers of its errors."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
import usb.core
import usb.util

from fapiao_kernel.simulator.token.bus import Bus
from fapiao_kernel.simulator.token.descriptors import Model
from fapiao_kernel.simulator.token.token import Token
from tests.simulator.token.host import ON, STATUS, XFR, Echo, packed, read


@pytest.fixture
def bus() -> Bus:
    return Bus(Token(Echo()), Token(Echo(), Model(serial="PRACTICE0002")))


def first(bus: Bus) -> usb.core.Device:
    device = usb.core.find(backend=bus, idVendor=0x1209)
    assert device is not None
    return device


def ask(device: usb.core.Device, raw: bytes) -> bytes:
    device.write(0x01, raw, 1000)
    return bytes(device.read(0x82, 65556, 1000))


def code(call: Callable[..., object], *args: object) -> tuple[int | None, int | None]:
    with pytest.raises(usb.core.USBError) as caught:
        call(*args)
    return caught.value.errno, caught.value.backend_error_code


def test_tokens_are_found_by_number_and_told_apart_by_serial_number(bus: Bus) -> None:
    found = list(usb.core.find(find_all=True, backend=bus, idVendor=0x1209, idProduct=1))
    assert [d.serial_number for d in found] == ["PRACTICE0001", "PRACTICE0002"]
    assert len({d.address for d in found}) == 2 and [d.port_numbers for d in found] == [(1,), (2,)]


def test_the_interface_is_of_the_smart_card_class_with_its_class_descriptor(bus: Bus) -> None:
    interface = first(bus)[0][(0, 0)]
    assert interface.bInterfaceClass == 0x0B and bytes(interface.extra_descriptors)[:2] == b"\x36\x21"
    assert [e.bEndpointAddress for e in interface] == [0x01, 0x82, 0x83]
    assert [e.wMaxPacketSize for e in interface] == [512, 512, 8]


def test_an_apdu_goes_through_pyusb(bus: Bus) -> None:
    device = first(bus)
    assert read(ask(device, packed(0x62))).data[0] == 0x3B
    assert read(ask(device, packed(XFR, b"\0\xb0\0\0\0"))).data == b"\0\xb0\0\0\0\x90\0"
    assert bytes(device.read(0x83, 8, 10)) == b"\x50\x03"


def test_a_transfer_that_would_wait_times_out_at_once_and_is_counted(bus: Bus) -> None:
    waits: list[float] = []
    bus.on_wait = waits.append
    with pytest.raises(usb.core.USBTimeoutError) as caught:
        first(bus).read(0x82, 64, 2500)
    assert (caught.value.errno, caught.value.backend_error_code) == (errno.ETIMEDOUT, -7)
    assert bus.waited == 2.5 and waits == [2.5]


def test_an_unplugged_token_is_gone_for_its_handle_and_for_find(bus: Bus) -> None:
    device = first(bus)
    ask(device, packed(STATUS))
    device._ctx.dev.token.unplug()
    assert code(device.write, 0x01, b"x", 10) == (errno.ENODEV, -4)
    assert code(device.read, 0x82, 64, 10) == (errno.ENODEV, -4)
    assert [d.serial_number for d in usb.core.find(find_all=True, backend=bus)] == ["PRACTICE0002"]
    usb.util.dispose_resources(device)


def test_a_replugged_token_has_a_new_address_and_the_old_handle_stays_dead(bus: Bus) -> None:
    device = first(bus)
    ask(device, packed(STATUS))
    token = bus.ports[0].token
    token.unplug()
    bus.plug(token)
    assert code(device.write, 0x01, packed(STATUS), 10) == (errno.ENODEV, -4)
    again = first(bus)
    assert again.address != device.address and read(ask(again, packed(ON))).command == 0


def test_no_permission_is_eacces(bus: Bus) -> None:
    bus.ports[0].denied = True
    assert code(first(bus).set_configuration) == (errno.EACCES, -3)


def test_an_interface_that_another_program_has_is_ebusy(bus: Bus) -> None:
    bus.ports[0].busy = True
    device = first(bus)
    assert code(usb.util.claim_interface, device, 0) == (errno.EBUSY, -6)
    bus.ports[0].busy = False
    usb.util.claim_interface(device, 0)
    assert code(usb.util.claim_interface, first(bus), 0) == (errno.EBUSY, -6)
    usb.util.release_interface(device, 0)
    usb.util.claim_interface(first(bus), 0)


def test_a_kernel_driver_has_to_be_detached_first(bus: Bus) -> None:
    bus.ports[0].kernel_driver = True
    device = first(bus)
    assert device.is_kernel_driver_active(0)
    assert code(usb.util.claim_interface, device, 0) == (errno.EBUSY, -6)
    device.detach_kernel_driver(0)
    usb.util.claim_interface(device, 0)
    assert code(device.detach_kernel_driver, 0) == (errno.ENOENT, -5)
    usb.util.release_interface(device, 0)
    device.attach_kernel_driver(0)
    assert device.is_kernel_driver_active(0)


@pytest.mark.parametrize(
    ("do", "numbers"),
    [("stall_in", (errno.EPIPE, -9)), ("overflow", (errno.EOVERFLOW, -8)), ("broken", (errno.EIO, -1))],
)
def test_faults_have_the_numbers_of_libusb(do: str, numbers: tuple[int, int]) -> None:
    device = first(Bus(Token(Echo(), faults=[{"at": "message", "do": do}])))
    device.write(0x01, packed(STATUS), 10)
    assert code(device.read, 0x82, 64, 10) == numbers
    device.clear_halt(0x82)
    assert (read(bytes(device.read(0x82, 64, 10))).seq if do == "stall_in" else 0) == 0


def test_reset_ends_the_cards_session_and_keeps_the_address(bus: Bus) -> None:
    device = first(bus)
    ask(device, packed(ON))
    device.reset()
    assert read(ask(device, packed(STATUS))).card == 1
