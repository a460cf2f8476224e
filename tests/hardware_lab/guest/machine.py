"""The guest (客户机): a stock Linux kernel under QEMU that sees this machine's files read-only, and runs one Python program.

Emulated in full (TCG): /dev/kvm may be there and still not be able to run a stock kernel, so nothing here looks for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.hardware_lab.guest.kernel import initramfs, kernel

Asked = Callable[..., object]
"""What the guest may ask of this side, by name; the answer goes back as JSON."""

INIT = """\
#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
LOAD-MODULES
$bb mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose files /new || $bb poweroff -f
$bb mount -t tmpfs run /new/run
$bb mkdir -m 1777 /new/run/lock
$bb cp /second $bb /new/run
exec $bb switch_root /new /run/busybox sh /run/second
"""
SECOND = """\
bb=/run/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
$bb mount -t tmpfs rules /etc/udev/rules.d
/lib/systemd/systemd-udevd --daemon
/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run LANG=C.UTF-8 PYTHONUTF8=1 \\
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='ROOT' 'PYTHON' 'PROGRAM' </dev/null >/dev/console 2>&1
$bb echo "program ended: $?"
$bb poweroff -f
"""
"""The console is ttyS0; ttyS1 is the program's way to talk with this side."""


class Ended(Exception):
    """The guest went down, or had no more time, before its program said that it was done."""


class Machine:
    """A guest at work. ``told`` is what its program has said so far."""

    def __init__(
        self, folder: Path, process: subprocess.Popen[bytes], door: socket.socket, monitor: socket.socket
    ) -> None:
        self._folder = folder
        self._process = process
        self._door = door
        self._monitor_door = monitor
        self._monitor: Any = None

    def console(self, lines: int = 40) -> str:
        """The last lines of its console, and of QEMU's own complaints."""
        text = "\n".join((self._folder / name).read_text("utf-8", "replace") for name in ("console.log", "qemu.log"))
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def converse(self, asked: Mapping[str, Asked], seconds: float) -> Iterator[Any]:
        """What the program says, line by line, its questions answered on the way. Raises ``Ended``."""
        until = time.monotonic() + seconds
        with contextlib.closing(self._accepted(self._door, until)) as line:
            said = b""
            while True:
                while b"\n" in said:
                    first, said = said.split(b"\n", 1)
                    message = json.loads(first)
                    if "ask" not in message:
                        yield message
                        continue
                    answer = asked[message["ask"]](**message["facts"])
                    line.sendall(json.dumps({"answer": answer}).encode("utf-8") + b"\n")
                line.settimeout(max(0.01, until - time.monotonic()))
                try:
                    more = line.recv(65536)
                except TimeoutError:
                    raise Ended(f"nothing more within {seconds:.0f} s") from None
                if not more:
                    return
                said += more

    def _accepted(self, door: socket.socket, until: float) -> socket.socket:
        door.settimeout(0.2)
        while self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                return door.accept()[0]
        raise Ended("QEMU did not come up")

    def unplug(self, device: str) -> None:
        """Pull a device out of the guest, by its QEMU id; returns when it is out."""
        self._say("device_del", id=device)
        while json.loads(self._monitor.readline()).get("event") != "DEVICE_DELETED":
            continue

    def plug(self, **device: str) -> None:
        """Plug a device in: QEMU's ``driver``, ``id`` and what else it takes."""
        self._say("device_add", **device)

    def _say(self, order: str, **arguments: str) -> None:
        if self._monitor is None:
            connection = self._accepted(self._monitor_door, time.monotonic() + 10)
            self._monitor = connection.makefile("rwb")
            self._monitor.readline()  # the greeting
            self._say("qmp_capabilities")
        self._monitor.write(json.dumps({"execute": order, "arguments": arguments}).encode("ascii") + b"\n")
        self._monitor.flush()
        while "return" not in (heard := json.loads(self._monitor.readline())):
            if "error" in heard:
                raise Ended(f"QEMU: {heard['error']}")


@contextlib.contextmanager
def booted(folder: Path, root: Path, program: Path, devices: Sequence[str]) -> Iterator[Machine]:
    """A guest that runs ``program`` with this Python; ``folder`` takes its sockets and logs. Raises ``kernel.Lacking``."""
    unpacked = kernel()
    second = SECOND.replace("ROOT", str(root)).replace("PYTHON'", f"{sys.executable}'").replace("PROGRAM", str(program))
    (folder / "initrd.gz").write_bytes(initramfs(unpacked, INIT, second))
    image = next(path for name in ("vmlinux", "vmlinuz") if (path := unpacked / name).exists())
    # The kernel kills QEMU when this process dies, however it dies.
    command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64"]
    command += [
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-smp",
        "1",
        "-m",
        "256",
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
    ]
    command += ["-kernel", str(image), "-initrd", "initrd.gz"]
    command += ["-append", "console=ttyS0 quiet panic=-1 mitigations=off"]
    command += ["-serial", "file:console.log", "-serial", "unix:program.sock", "-qmp", "unix:monitor.sock"]
    command += ["-fsdev", "local,id=files,path=/,security_model=none,readonly=on,multidevs=remap"]
    command += ["-device", "virtio-9p-pci,fsdev=files,mount_tag=files", "-device", "qemu-xhci,id=xhci", *devices]
    (folder / "console.log").touch()
    with (
        contextlib.closing(listening(folder / "program.sock")) as door,
        contextlib.closing(listening(folder / "monitor.sock")) as monitor,
        open(folder / "qemu.log", "wb") as log,
        subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield Machine(folder, process, door, monitor)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def listening(path: Path) -> socket.socket:
    """A socket that QEMU connects to when it starts."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(1)
    return door
