"""The PC/SC link beside bare pyscard: the same card, reader and command in one run, on a pcscd of the benchmark's own (Debian, root)."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.form import Goal
from fapiao_kernel.devices.links.pcsc import LINGER, open_pcsc
from fapiao_kernel.domain.errors import FapiaoError
from tests.hardware_lab import pcsc_service
from tests.simulator.card.maker import make_image

SELECT = bytes.fromhex("00A4000C02EF02")
LONG = bytes.fromhex("00A4000C00EA60") + bytes(60_000)
"""Refused for its length, by a card that has read it whole."""
ROUNDS, EACH = 15, 200
RATIO = 1.3
NAME = "pcsc_over_bare_pyscard"


def measure() -> tuple[list[dict[str, Any]], Goal]:
    """Rows (microseconds, medians) and the goal: our round trip over pyscard's ``connection.transmit``, median of the rounds' ratios.

    In each round one follows the other at once, so that whatever else the machine does weighs on both.
    """
    lacks = pcsc_service.missing()
    if lacks:
        return [], Goal(NAME, None, RATIO, why=lacks)
    with tempfile.TemporaryDirectory(prefix="fapiao-pcscd-") as place:
        folder = Path(place)
        (folder / "run").mkdir()
        os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "run" / pcsc_service.SOCKET)
        service = pcsc_service.Service.start(folder / "run", folder / "readers")
        try:
            service.insert(make_image(folder / "card.json"))
            return _beside(service.reader)
        except (FapiaoError, ImportError) as error:
            return [], Goal(NAME, None, RATIO, why=str(error))
        finally:
            service.stop()


def _beside(reader: str) -> tuple[list[dict[str, Any]], Goal]:
    from smartcard.System import readers

    card = _when_there(reader)
    bare = next(each for each in readers() if str(each) == reader).createConnection()
    bare.connect()
    rows, ratios = [], []
    try:
        for what, apdu, rounds, each in (("select", SELECT, ROUNDS, EACH), ("60 kB command", LONG, 3, 20)):
            ours, theirs, plain = [], [], list(apdu)
            for _ in range(rounds):
                time.sleep(1.5 * LINGER)  # the card is ours alone so long after an answer
                theirs.append(_median(partial(bare.transmit, plain), each))
                ours.append(_median(partial(card.transmit, apdu), each))
            found = [mine / other for mine, other in zip(ours, theirs, strict=True)]
            ratios.append(statistics.median(found))
            rows.append({"link": "pcsc", "what": what, "microseconds": round(statistics.median(ours), 1)})
            rows.append({"link": "bare pyscard", "what": what, "microseconds": round(statistics.median(theirs), 1)})
    finally:
        card.close()
        bare.disconnect()
        bare.release()
    return rows, Goal(NAME, round(ratios[0], 2), RATIO)


def _when_there(reader: str) -> Any:
    """The card, as soon as pcscd has noticed it."""
    for _ in range(200):
        try:
            return open_pcsc(reader)
        except FapiaoError as error:
            if error.code != "device_card_absent":
                raise
            time.sleep(0.02)
    return open_pcsc(reader)


def _median(call: Callable[[], object], times: int) -> float:
    call()  # ours takes the card to itself with it
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6
