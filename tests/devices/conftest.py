"""Practice cards in processes of their own, on a real pty (TCP where there is none)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import open_serial
from fapiao_kernel.ports import Card
from tests.simulator.card.maker import CardProcess, make_image

WAIT = 0.25
"""Block waiting time of these tests in seconds: long for a card at hand, short for one that stays mute."""

StartCard = Callable[..., CardProcess]
OpenCard = Callable[..., Card]


@pytest.fixture
def start_card(tmp_path: Path) -> Iterator[StartCard]:
    """``start_card(faults…, name=…, **image)``: a card's process."""
    running: list[CardProcess] = []

    def start(*faults: Mapping[str, Any], name: str = "card", tcp: bool = False, **image: Any) -> CardProcess:
        path = tmp_path / f"{name}.json"
        if not path.exists():
            make_image(path, faults, **image)
        running.append(CardProcess.start(path, tcp=tcp))
        return running[-1]

    yield start
    for card in running:
        card.kill()


@pytest.fixture
def open_card() -> Iterator[OpenCard]:
    """The driver on a card process, over the serial link."""
    cards: list[Card] = []

    def open_(process: CardProcess, wait: float = WAIT) -> Card:
        card = DRIVER.open(open_serial(process.line, wait), "gb18240+sim://novice")
        cards.append(card)
        return card

    yield open_
    for card in cards:
        card.close()
