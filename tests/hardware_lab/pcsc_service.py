"""A pcscd of the test's own (Debian's, with vsmartcard's virtual reader), and simulated cards to put into it.

The daemon has its folder fixed, ``/run/pcscd``; in a mount namespace of its own that folder is ours, so several may run side by side.
The client library looks where ``PCSCLITE_CSOCK_NAME`` says, and reads that once a process: hence one folder for all tests.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM_FOLDER = Path("/run/pcscd")
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET = "pcscd.comm"
PATIENCE = 10.0


def missing() -> str:
    """What this machine lacks for it; empty: nothing."""
    if sys.platform != "linux":
        return "pcscd's lab is for Linux"
    lacking = [
        tool
        for tool in ("pcscd", "unshare", "setpriv")
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None
    ]
    if not DRIVER.exists():
        lacking.append("vsmartcard-vpcd")
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    if os.geteuid() != 0:
        return "only root may give pcscd a folder of its own"
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    return "" if tried.returncode == 0 else "mount namespaces are not allowed here"


def wait_until(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """pcscd tells nobody when it is ready, nor when it has noticed a card: it polls, and so must we."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "pcscd did not get there in time"
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody has, and the one after it: vpcd takes two, and cannot take one that is still lingering."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@dataclass
class Service:
    """pcscd with one virtual reader of two slots, or with none."""

    folder: Path
    """Where its socket is."""
    port: int
    reader: str
    """Name of the slot that cards are put into."""
    process: subprocess.Popen[bytes]
    cards: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def start(cls, folder: Path, configuration: Path, *, readers: bool = True) -> Service:
        """Raises ``AssertionError`` when it does not come up."""
        port = free_port()
        name = f"Fapiao lab {port}"
        configuration.mkdir(exist_ok=True)
        if readers:
            text = f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:0x{port:X}\nLIBPATH {DRIVER}\nCHANNELID 0x{port:X}\n'
            (configuration / "lab").write_text(text, "ascii")
        for left in folder.iterdir():  # of one that was killed; it would be taken for running
            left.unlink()
        SYSTEM_FOLDER.mkdir(exist_ok=True)
        # It ends with us, however we end; and the cards end with it, for their reader is gone.
        start = 'exec setpriv --pdeathsig TERM pcscd --foreground --config "$1"'
        command = f'mount --bind "$0" {SYSTEM_FOLDER} && {start}'
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", command, str(folder), str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
        )
        service = cls(folder, port, f"{name} 00 00", process)
        wait_until(lambda: process.poll() is not None or _answers(folder / SOCKET))
        assert process.poll() is None, "pcscd ended at once"
        return service

    def insert(self, image: Path, *options: str) -> subprocess.Popen[str]:
        """A simulated card's process, when the card is in the reader."""
        command = [
            sys.executable,
            "-m",
            "fapiao_kernel.simulator.vpcd",
            "--image",
            str(image),
            "--port",
            str(self.port),
        ]
        card = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        self.cards.append(card)
        assert card.stdout is not None and card.stdout.readline(), "the card did not come up"
        return card

    def draw(self) -> None:
        """Take every card out."""
        for card in self.cards:
            card.kill()
            card.wait()
            if card.stdout is not None:
                card.stdout.close()
        self.cards.clear()

    def stop(self) -> None:
        """Cards first, so that nobody waits for an answer of theirs."""
        self.draw()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As ``kill -9``: it leaves its socket behind."""
        self.process.kill()
        self.process.wait()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0
