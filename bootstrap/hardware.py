"""``start.py test --hardware-lab``: the tests on the real USB, serial and PC/SC layers of the system, and what these need on Debian."""

from __future__ import annotations

import shutil
from pathlib import Path

from bootstrap import checks, environment, pip, system
from bootstrap.say import Trouble, say
from bootstrap.system import Wanted, command, library

OPTION = "--hardware-lab"
TESTS = "tests/hardware_lab"
PACKAGES = Path("bootstrap/hardware-lab.txt")
"""Python packages of these tests alone, pinned; pyscard is built from source."""

MOCK = "libusb on a simulated device (umockdev)"
PCSC = "PC/SC (pcscd)"
GUEST = "the QEMU guest (kernel USB, usb-ccid, ftdi_sio)"


def _static_busybox() -> bool:
    """In the guest's first file system there is no library to load."""
    found = shutil.which("busybox")
    if found is None:
        return False
    with open(found, "rb") as program:
        return b"/ld-linux" not in program.read(4096)  # the loader's name stands among the first headers


WANTED = (
    Wanted("libusb-1.0-0", library("libusb-1.0.so.0"), f"{MOCK}, {GUEST}"),
    Wanted("umockdev", command("umockdev-wrapper"), MOCK),
    Wanted("gir1.2-umockdev-1.0", lambda: any(Path("/usr/lib").glob("*/girepository-1.0/UMockdev-1.0.typelib")), MOCK),
    Wanted("python3-gi", lambda: Path("/usr/lib/python3/dist-packages/gi").is_dir(), MOCK),
    Wanted("pcscd", command("pcscd"), PCSC),
    Wanted("vsmartcard-vpcd", lambda: Path("/etc/reader.conf.d/vpcd").exists(), PCSC),
    Wanted("opensc", command("opensc-tool"), f"{PCSC}: opensc-tool as client"),
    Wanted("gcc", command("gcc"), f"{PCSC}: pyscard, built from source"),
    Wanted("libpcsclite-dev", Path("/usr/include/PCSC/winscard.h").exists, f"{PCSC}: pyscard, built from source"),
    Wanted("qemu-system-x86", command("qemu-system-x86_64"), GUEST),
    Wanted("busybox-static", _static_busybox, GUEST),
    Wanted("udev", Path("/lib/systemd/systemd-udevd").exists, GUEST),
)


def lacking(what: str) -> list[str]:
    """How to bring in each thing that tests of this kind lack (``MOCK``, ``PCSC``, ``GUEST``); empty when all is there."""
    return [
        f"no {wanted.package}. {system.hint(wanted)}"
        for wanted in WANTED
        if what in wanted.what and not wanted.present()
    ]


def run(root: Path, python: Path, arguments: list[str]) -> int:
    """These tests alone, ``arguments`` to pytest; 0 when none failed. What cannot run here is skipped, and its reason told."""
    missing = system.for_tests(WANTED) + _packages(root, python)
    say("== pytest", "")
    heard = checks.pytest(python, root, [TESTS, *arguments])
    checks.close(["pytest"] if heard.code else [], missing, heard)
    return 1 if heard.code else 0


def _packages(root: Path, python: Path) -> list[str]:
    """Install ``PACKAGES``; the line that says what is skipped when that fails."""
    log = python.parent.parent / "fapiao-install.log"
    try:
        with environment.only_one(root):
            pip.install(python, ["--require-hashes", "-r", str(PACKAGES)], root, log)
    except Trouble as trouble:
        say(trouble.zh, trouble.en)
        return [f"{PACKAGES}: without it, {PCSC} is skipped. Enable it: gcc, libpcsclite-dev and the network."]
    return []
