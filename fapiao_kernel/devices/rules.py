"""The udev rule (设备权限规则, Linux): whoever sits at the machine may use its card readers and serial adapters, without being root."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fapiao_kernel.domain.errors import Refused

RULE_NAME = "70-fapiao-kernel.rules"
"""After 60-serial.rules and usb_id, which find out what a device is, and before 73-seat-late.rules, which grants ``uaccess``."""
RULE_FOLDER = Path("/etc/udev/rules.d")
COMMANDS = (
    ("udevadm", "control", "--reload"),
    ("udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=tty"),
)
"""Make udev read the rule, and apply it to what is plugged in already."""
PATIENCE = 30.0
"""Seconds for each of them."""

ADAPTERS = (
    ("0403", "6001|6010|6011|6014|6015", "FTDI"),
    ("067b", "2303|23a3|23b3|23c3|23d3|23e3|23f3", "Prolific PL2303"),
    ("10c4", "ea60|ea70|ea71", "Silicon Labs CP210x"),
    ("1a86", "5523|7522|7523|55d3|55d4", "WCH CH340, CH341, CH343, CH9102"),
)
"""USB serial adapters by vendor and product, as the kernel's drivers ftdi_sio, pl2303, cp210x and ch341 list them."""

_HEAD = """\
# fapiao-kernel: card readers and serial adapters for the person who sits at this machine (logind's active seat).
# 让坐在这台电脑前登录的人不用管理员权限就能打开读卡器和串口设备。以服务运行的用户不在座席上，要另外加入 dialout 等组。
# Written by: sudo fapiao devices install-rules. A changed file is kept beside it as .bak.

ACTION=="remove", GOTO="fapiao_kernel_end"

# Card readers: any USB device with an interface of class 0b (CCID, smart card).
SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{ID_USB_INTERFACES}=="*:0b????:*", TAG+="uaccess"

# Serial ports on known adapters.
SUBSYSTEM!="tty", GOTO="fapiao_kernel_end"
"""


@dataclass(frozen=True)
class Installed:
    """What ``install`` did: the rule's file, whether it wrote it, where a differing one is kept, and what is left to run as root."""

    path: Path
    changed: bool
    kept: Path | None
    commands: tuple[str, ...]


def rule() -> str:
    """The rule's text."""
    lines = [
        f'# {name}\nATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}", TAG+="uaccess"'
        for vendor, product, name in ADAPTERS
    ]
    return _HEAD + "\n".join(lines) + '\n\nLABEL="fapiao_kernel_end"\n'


def install(folder: Path = RULE_FOLDER) -> Installed:
    """Write the rule whole, and make udev read it where that can be done. The same text again changes nothing.

    Raises ``Refused`` (``rules_unwritable``); then nothing was changed.
    """
    path, text = folder / RULE_NAME, rule()
    try:
        before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
        kept = _keep(path) if before not in (None, text) else None
        if before != text:
            _write(path, text)
    except OSError as error:
        raise Refused("rules_unwritable", original=f"{type(error).__name__} {error.errno}", file=path) from error
    return Installed(path, before != text, kept, _apply(folder) if before != text else ())


def _keep(path: Path) -> Path:
    """A copy of what stands there, under a name that udev does not read and nobody has."""
    number = 0
    while True:
        number += 1
        kept = path.with_name(f"{path.name}.bak{number if number > 1 else ''}")
        with suppress(FileExistsError), kept.open("xb") as file:
            file.write(path.read_bytes())
            return kept


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o644)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _apply(folder: Path) -> tuple[str, ...]:
    """Run what makes the rule count; returns the commands that are left for somebody else to run."""
    left = []
    may = folder == RULE_FOLDER and shutil.which("udevadm") is not None and getattr(os, "geteuid", lambda: -1)() == 0
    for command in COMMANDS:
        try:
            if may:
                subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
                continue
        except (OSError, subprocess.SubprocessError):
            may = False  # udevd does not run, in a container for one: told, since the rule itself is in place
        left.append(" ".join(command))
    return tuple(left)
