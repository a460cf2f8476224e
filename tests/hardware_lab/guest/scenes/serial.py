"""A serial adapter (串口转换器): QEMU's usb-serial, driven by the kernel's ftdi_sio, our practice card on its far end."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from serial.tools import list_ports

from fapiao_kernel.devices import rules
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import open_serial
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.finding import Effect

if TYPE_CHECKING:
    from tests.hardware_lab.guest.inside import Host

PORT = "/dev/ttyUSB0"
NODE = "/sys/class/tty/ttyUSB0"
NEXT_NUMBER = bytes.fromhex("C0CE000002000419")
"""The one command that the card over there takes long for: as ``test_guest`` has it."""


def the_port_is_listed_with_its_usb_numbers(host: Host) -> None:
    found = [port for port in list_ports.comports() if port.device == PORT]
    assert [(port.vid, port.pid) for port in found] == [(0x0403, 0x6001)], found


def our_udev_rule_gives_the_adapter_to_whoever_sits_there(host: Host) -> None:
    subprocess.run(["udevadm", "trigger", "--settle", NODE], check=True)  # it was there before udev was
    assert "uaccess" not in _tags()
    assert rules.install().commands == ()
    subprocess.run(["udevadm", "settle"], check=True)
    assert "uaccess" in _tags()


def the_state_of_the_card_is_read(host: Host) -> None:
    card = DRIVER.open(open_serial(PORT), f"gb18240+serial://{PORT}")
    try:
        state = card.read_state()
        assert (state.identity.device_number, state.pin_tries) == ("661234567890", 8)
    finally:
        card.close()


def an_adapter_pulled_out_while_an_answer_is_awaited_is_gone_and_the_effect_unknown(host: Host) -> None:
    link = open_serial(PORT)
    threading.Timer(0.5, host.ask, ["unplug"], {"device": "serial"}).start()  # the card takes longer than that
    try:
        link.transmit(NEXT_NUMBER)
    except NotReachable as error:
        assert (error.code, error.effect) == ("device_gone", Effect.UNKNOWN), (error.code, error.effect)
    else:
        raise AssertionError("a port that is gone answered")
    try:
        link.transmit(NEXT_NUMBER)
    except NotReachable as error:
        assert (error.code, error.effect) == ("device_link_broken", Effect.NOT_SENT), (error.code, error.effect)
    else:
        raise AssertionError("a broken link sent a command")
    finally:
        link.close()
    assert not Path(PORT).exists()


def plugged_in_again_it_works_again(host: Host) -> None:
    host.ask("plug_serial")
    subprocess.run(["udevadm", "wait", "--timeout=10", PORT], check=True)
    the_state_of_the_card_is_read(host)


def _tags() -> str:
    """What udev has the adapter tagged with."""
    told = subprocess.run(["udevadm", "info", "--query=property", NODE], check=True, capture_output=True, text=True)
    return next((line for line in told.stdout.splitlines() if line.startswith("CURRENT_TAGS=")), "")
