"""Our udev rule as udev itself reads it, on USB devices that umockdev shows it. systemd's own rule for card readers is masked.

Debian packages: udev, umockdev. The rule lies over /etc/udev/rules.d in a mount namespace of the test's own.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from fapiao_kernel.devices.rules import RULE_NAME, rule

pytestmark = pytest.mark.hardware_lab

NEEDED = {"udevadm": "udev", "umockdev-run": "umockdev", "unshare": "util-linux"}
CARD, MOUSE, VENDOR_OWN = 0x0B, 0x03, 0xFF
"""Interface classes (USB-IF)."""


def usb(name: str, number: int, usb_id: str, interface_class: int, tty: str = "") -> str:
    """A device in umockdev's words, with one interface and, behind it, a serial port."""
    vendor, product = usb_id.split(":")
    device = struct.pack(
        "<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64, int(vendor, 16), int(product, 16), 0x100, 0, 0, 0, 1
    )
    # udev passes over an interface that nothing follows; a real one has end points.
    interface = bytes((9, 4, 0, 0, 1, interface_class, 0, 0, 0)) + bytes((7, 5, 0x81, 3, 8, 0, 10))
    configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(interface), 1, 1, 0, 0x80, 50) + interface
    node = f"bus/usb/001/{number:03}"
    entry = (
        f"P: /devices/pci0000:00/usb1/{name}\nN: {node}\nE: DEVNAME=/dev/{node}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
        f"A: busnum=1\nA: devnum={number}\nA: idVendor={vendor}\nA: idProduct={product}\nA: bDeviceClass=00\n"
        f"H: descriptors={(device + configuration).hex().upper()}\n\n"
    )
    port = f"P: /devices/pci0000:00/usb1/{name}/{name}:1.0/{tty}/tty/{tty}\nN: {tty}\nE: DEVNAME=/dev/{tty}\nE: SUBSYSTEM=tty\n\n"
    return entry + (port if tty else "")


DEVICES = (
    usb("1-1", 2, "1209:0001", CARD)
    + usb("1-2", 3, "046d:c077", MOUSE)
    + usb("1-3", 4, "0403:6001", VENDOR_OWN, "ttyUSB0")
    + usb("1-4", 5, "1111:2222", VENDOR_OWN, "ttyUSB1")
)


@pytest.mark.parametrize(
    ("device", "granted"),
    [
        ("1-1", True),
        ("1-2", False),
        ("1-3/1-3:1.0/ttyUSB0/tty/ttyUSB0", True),
        ("1-4/1-4:1.0/ttyUSB1/tty/ttyUSB1", False),
    ],
    ids=["a card reader of any maker", "a mouse", "a known serial adapter", "an unknown one"],
)
def test_udev_gives_readers_and_known_adapters_to_whoever_sits_there(
    tmp_path: Path, device: str, granted: bool
) -> None:
    if lacking := [package for command, package in NEEDED.items() if shutil.which(command) is None]:
        pytest.skip(f"enable: apt-get install {' '.join(lacking)}")
    if os.geteuid() != 0:
        pytest.skip("only root may mount; enable: sudo")
    rules = tmp_path / "rules.d"
    rules.mkdir()
    (rules / RULE_NAME).write_text(rule(), "utf-8")
    (rules / "70-uaccess.rules").symlink_to("/dev/null")
    (tmp_path / "devices.umockdev").write_text(DEVICES)
    asked = "umockdev-run --device $0/devices.umockdev -- udevadm test --action=add /sys/devices/pci0000:00/usb1/$1"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", f"mount --bind $0/rules.d /etc/udev/rules.d; {asked}", str(tmp_path), device],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (tags,) = (line for line in (done.stdout + done.stderr).splitlines() if line.startswith("TAGS="))
    assert (":uaccess:" in tags) is granted
    assert f"{RULE_NAME}:" not in done.stderr, "udev complains about a line of ours"
