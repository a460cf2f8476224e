"""The PC/SC link beside bare pyscard: the same card, reader and command in one run, on a pcscd of the benchmark's own (Debian, root)."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fapiao_kernel.devices.links.pcsc import LINGER, open_pcsc
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.errors import FapiaoError
from tests.hardware_lab import pcsc_service

ROUNDS, EACH = 15, 200
CALLS = ("SCardTransmit", "SCardBeginTransaction", "SCardEndTransaction")


def missing() -> str:
    """Why PC/SC cannot be measured here; empty: it can."""
    try:
        import smartcard.scard  # noqa: F401 - only whether it is there
    except ImportError:
        return "pyscard is not installed"
    return pcsc_service.missing()


def boundary() -> list[tuple[Any, str]]:
    """Where pyscard begins."""
    import smartcard.scard

    return [(smartcard.scard, name) for name in CALLS]


@contextmanager
def reader_with(image: Path) -> Iterator[str]:
    """A reader of a private pcscd with this card in it; its name."""
    with tempfile.TemporaryDirectory(prefix="fapiao-pcscd-") as place:
        folder = Path(place)
        (folder / "run").mkdir()
        os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "run" / pcsc_service.SOCKET)
        service = pcsc_service.Service.start(folder / "run", folder / "readers")
        try:
            service.insert(image)
            yield service.reader
        finally:
            service.stop()


def beside_bare(reader: str, apdu: bytes) -> tuple[float, float, float]:
    """Microseconds a round trip, ours and with pyscard's ``connection.transmit``, and the median of the rounds' ratios.

    In each round one follows the other at once, so that whatever else the machine does weighs on both.
    """
    from smartcard.System import readers

    card = opened(reader)
    bare = next(each for each in readers() if str(each) == reader).createConnection()
    bare.connect()
    ours, theirs, plain = [], [], list(apdu)
    try:
        for _ in range(ROUNDS):
            time.sleep(1.5 * LINGER)  # the card is ours alone so long after an answer
            theirs.append(_median(partial(bare.transmit, plain)))
            ours.append(_median(partial(card.transmit, apdu)))
    finally:
        card.close()
        bare.disconnect()
        bare.release()
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def opened(reader: str) -> Link:
    """The card, as soon as pcscd has noticed it."""
    for _ in range(200):
        try:
            return open_pcsc(reader)
        except FapiaoError as error:
            if error.code != "device_card_absent":
                raise
            time.sleep(0.02)
    return open_pcsc(reader)


def _median(call: Callable[[], object]) -> float:
    call()  # ours takes the card to itself with it
    took = []
    for _ in range(EACH):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6
