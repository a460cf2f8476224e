"""Our token seen by the smart card service (PC/SC 服务): vhci_hcd, usbfs, libccid, pcscd, pyscard, our link. It goes by the numbers of a
reader that libccid knows."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from unittest import SkipTest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.simulator.token.descriptors import Model
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.token import Token
from tests.hardware_lab.guest.vhci import Plugged
from tests.simulator.card.maker import make_image

if TYPE_CHECKING:
    from tests.hardware_lab.guest.inside import Host

KNOWN = Model(vendor=0x08E6, product=0x3437)
"""libccid calls it "Gemalto PC Twin Reader"."""
NAME = "PC Twin Reader"
PATIENCE = 15.0
SELECT = bytes.fromhex("00A4000C02EF02")


def a_token_plugged_in_under_a_running_service_is_read_and_its_end_is_told(host: Host) -> None:
    if shutil.which("pcscd") is None or find_spec("smartcard") is None:
        raise SkipTest("no pcscd or no pyscard; enable: apt-get install pcscd, and start.py test --hardware-lab")
    from fapiao_kernel.devices.links.pcsc import find, open_pcsc

    with _service():
        token = Token(CardInside(make_image(Path(mkdtemp()) / "card.json")), KNOWN)
        plugged = Plugged(token)
        try:
            until = time.monotonic() + PATIENCE
            while not any(NAME in found.reader and found.card_present for found in find()):
                assert time.monotonic() < until, "pcscd does not see the token"
                time.sleep(0.05)  # the service tells nobody when it has noticed
            link = open_pcsc(NAME)
            card = DRIVER.open(link, "gb18240+pcsc://token")
            try:
                assert card.read_state().identity.device_number == "661234567890"
                plugged.pull_out()
                try:
                    link.transmit(SELECT)
                except NotReachable:
                    pass
                else:
                    raise AssertionError("a token that is gone answered")
            finally:
                card.close()
        finally:
            plugged.pull_out()


@contextlib.contextmanager
def _service() -> Iterator[None]:
    process = subprocess.Popen(["pcscd", "--foreground"])
    try:
        until = time.monotonic() + PATIENCE
        while not Path("/run/pcscd/pcscd.comm").exists():
            assert time.monotonic() < until and process.poll() is None, "pcscd did not come up"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)
