"""Images of practice cards, and card processes, for the tests of card, link and driver."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fapiao_kernel.domain.card import CardIdentity, Monitoring, MonthStatistics, Volume
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.simulator.authority.sealed import clear_payload, open_summary
from fapiao_kernel.simulator.card.image import new_image
from fapiao_kernel.simulator.clock import CHINA, offset_to

PIN = "28461935"
KEY = bytes(range(32))
SPECIAL, ORDINARY = InvoiceType.SPECIAL, InvoiceType.ORDINARY
TYPES = (SPECIAL, ORDINARY)
VOLUMES = (
    Volume(SPECIAL, "4403201130", "00000001", "00000100"),
    Volume(ORDINARY, "044032100111", "00000501", "00000600", pending=True),
)
NOVEMBER = {"lock_date": "20261217", "start": "20261101", "end": "20261130"}


def make_image(
    path: Path,
    faults: Sequence[Mapping[str, Any]] = (),
    *,
    not_uploaded: int = 0,
    start: date = date(2026, 10, 1),
    device_number: str = "661234567890",
    now: datetime = datetime(2026, 11, 5, 9, 0, tzinfo=CHINA),
    volumes: Sequence[Volume] = VOLUMES,
    unused: Mapping[Volume, str] | None = None,
) -> Path:
    """A card with 专票 and 普票, October open, on 5 November."""
    span = (date(2026, 11, 17), start, date(2026, 10, 31), date(2026, 10, 8))
    money = (Decimal("100.00"), Decimal("13.00"), Decimal("-5.00"), Decimal("-0.65"))
    months = (Period(2026, 8), Period(2026, 9), Period(2026, 10))
    new_image(
        path,
        identity=CardIdentity(
            device_number,
            "9999000000000001",
            "91440300708461136T",
            "深圳甲有限公司",
            date(2036, 10, 28),
            simulated=True,
        ),
        pin=PIN,
        clock_offset=offset_to(now),
        monitoring=[Monitoring(t, *span, False, not_uploaded) for t in TYPES],
        statistics=[MonthStatistics(t, month, 10, 1, 2, 0, *money) for t in TYPES for month in months],
        volumes=volumes,
        shared_key=KEY,
        faults=faults,
        unused=unused,
    )
    return path


def counts(image: Path, act: str) -> dict[str, dict[str, int]]:
    """The image's books of ``report``, ``clear``, ``issue`` or ``void``."""
    return dict(json.loads(image.read_text("utf-8"))["counts"].get(act, {}))


def payload_for(sealed: bytes, **dates: str) -> bytes:
    """What the practice authority would answer to a sealed summary."""
    opened = open_summary(sealed, KEY)
    return clear_payload(KEY, record=opened.record, random=opened.random, **{**NOVEMBER, **dates})


@dataclass
class CardProcess:
    """A card in a process of its own."""

    image: Path
    process: subprocess.Popen[str]
    line: str

    @classmethod
    def start(cls, image: Path, *, tcp: bool = False, options: Sequence[str] = ()) -> CardProcess:
        command = [sys.executable, "-m", "fapiao_kernel.simulator.card", "--image", str(image), *options]
        process = subprocess.Popen([*command, *(["--tcp"] if tcp else [])], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        return cls(image, process, json.loads(process.stdout.readline())["line"])

    def kill(self) -> None:
        """As ``kill -9``."""
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        """As SIGTERM; the exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
