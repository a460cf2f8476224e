"""Run by ``test_umockdev.py`` under umockdev: our token behind Debian's pcscd and libccid, a CCID driver that nobody here wrote.

It holds the token to the standard from the other side, and our PC/SC link and driver to a real reader's ways: libccid speaks T=1 and
T=0 of its own, chains and powers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.simulator.token.descriptors import Level, Model
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.mock_bed import Bed, missing
from fapiao_kernel.simulator.token.slot import atr_of
from fapiao_kernel.simulator.token.token import Token
from tests.hardware_lab import pcsc_service
from tests.hardware_lab.pcsc_service import Service, wait_until
from tests.simulator.card.maker import PIN, counts, make_image
from tests.simulator.token.host import Echo

pytestmark = pytest.mark.skipif(
    bool(missing()), reason=f"{missing()}; enable: Debian's own Python version, and umockdev-wrapper"
)

KNOWN = {"vendor": 0x08E6, "product": 0x3437}
"""libccid takes only readers on its list; this one ("Gemalto PC Twin Reader") has no ways of its own in it."""
LIBCCID = Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle")
VERIFY = b"\xc0\xf9\x00\x00\x08" + PIN.encode()
REPORT = bytes.fromhex("C0F4000100000820261001202610310000")


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    pytest.importorskip("smartcard.scard", reason="no pyscard; enable: pip install fapiao-kernel[pcsc]")
    if reason := pcsc_service.missing() or ("" if LIBCCID.exists() else "no libccid"):
        pytest.skip(f"{reason}; enable: apt-get install pcscd libccid vsmartcard-vpcd, and run as root")
    made = Bed()
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(bed: Bed) -> Iterator[Path]:
    """Where this process looks for pcscd, for good, and pcscd for devices."""
    # Not pytest's own folder: the path of a socket has 107 characters at most.
    with TemporaryDirectory(prefix="fapiao-ccid-") as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PCSCLITE_CSOCK_NAME", f"{place}/{pcsc_service.SOCKET}")
        patch.setenv("UMOCKDEV_DIR", bed.root)
        yield Path(place)


@pytest.fixture
def plugged(bed: Bed, folder: Path, tmp_path: Path) -> Iterator[Callable[[Token], str]]:
    """Plug a token in and start pcscd; the name of its reader, when pcscd has seen the card in it."""
    from fapiao_kernel.devices.links.pcsc import find  # pyscard reads where the socket is when it is imported

    services: list[Service] = []

    def put(token: Token) -> str:
        bed.plug(token)
        services.append(Service.start(folder, tmp_path / "readers", readers=False))
        wait_until(lambda: any(found.card_present for found in find()))
        return find()[0].where

    yield put
    for service in services:
        service.stop()
    bed.clear()


@pytest.fixture
def opened(plugged: Any) -> Iterator[Callable[[str], Any]]:
    """``open_pcsc``; closed before pcscd goes."""
    from fapiao_kernel.devices.links.pcsc import open_pcsc

    links: list[Any] = []

    def open_one(where: str) -> Any:
        links.append(open_pcsc(where))
        return links[-1]

    yield open_one
    for link in links:
        link.close()


@pytest.mark.parametrize("level", list(Level))
def test_libccid_brings_an_apdu_to_the_card_and_its_answer_back(plugged: Any, opened: Any, level: Level) -> None:
    card = Echo()
    card.reply = bytes(range(200))
    link = opened(plugged(Token(card, Model(level=level, **KNOWN))))
    assert link.transmit(b"\x00\xb0\x00\x00\xc8") == bytes(range(200)) + b"\x90\x00"
    assert card.heard == [b"\x00\xb0\x00\x00\xc8"]


def test_libccid_takes_our_atr_as_it_is(plugged: Any) -> None:
    from smartcard.System import readers

    plugged(Token(Echo(), Model(**KNOWN)))
    connection = readers()[0].createConnection()
    connection.connect()
    assert bytes(connection.getATR()) == atr_of(1)
    connection.disconnect()


@pytest.mark.parametrize("size", [900, 9000, 60000])
@pytest.mark.parametrize("longest", [0, 1034])
def test_libccid_brings_extended_apdus_whole_both_ways(plugged: Any, opened: Any, size: int, longest: int) -> None:
    card = Echo()
    link = opened(plugged(Token(card, Model(max_message=longest, **KNOWN))))
    apdu = b"\x00\xd6\x00\x00\x00" + size.to_bytes(2, "big") + bytes(i * 7 & 0xFF for i in range(size)) + b"\0\0"
    assert link.transmit(apdu) == apdu + b"\x90\x00"
    assert card.heard == [apdu]


@pytest.mark.parametrize("level", [Level.EXTENDED_APDU, Level.TPDU_T1])
def test_the_driver_reads_and_reports_through_pcscd_and_libccid(
    plugged: Any, opened: Any, tmp_path: Path, level: Level
) -> None:
    image = make_image(tmp_path / "card.json")
    where = plugged(Token(CardInside(image), Model(level=level, **KNOWN)))
    link = opened(where)
    state = DRIVER.open(link, f"gb18240+pcsc://{where}").read_state()
    assert state.identity.device_number == "661234567890"
    assert link.transmit(VERIFY) == b"\x90\x00"
    assert len(link.transmit(REPORT)) == 323
    assert counts(image, "report")["004 2026-10-01..2026-10-31"] == {"applied": 1, "answered": 1}


def test_an_unplugged_token_is_gone_from_pcscd(bed: Bed, plugged: Any) -> None:
    from fapiao_kernel.devices.links.pcsc import find

    token = Token(Echo(), Model(**KNOWN))
    plugged(token)
    bed.unplug(token)
    wait_until(lambda: not find())


def test_libccid_waits_when_more_time_is_asked_for(plugged: Any, opened: Any) -> None:
    card = Echo()
    link = opened(plugged(Token(card, Model(**KNOWN), [{"at": "xfr", "do": "time_extension", "n": 3}])))
    assert link.transmit(b"\0\xb0\0\0\1") == b"\0\xb0\0\0\1\x90\0"
    assert len(card.heard) == 1
