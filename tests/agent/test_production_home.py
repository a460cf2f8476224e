"""A production home and a simulated card (正式的发票库不收模拟设备): neither the card nor its invoices come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from fapiao_kernel.agent.compose import House
from fapiao_kernel.agent.settings import PRODUCTION
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.home import Home
from fapiao_kernel.ports import Reading
from tests.records.ledger.conftest import make
from tests.simulator.card.maker import CardProcess, make_image


def test_a_production_home_refuses_a_simulated_card_and_then_its_invoices(tmp_path: Path) -> None:
    house = House(Home(tmp_path / "home"))
    house.settings.claim(PRODUCTION)
    card = CardProcess.start(make_image(tmp_path / "card.json", device_number="661234567890"))
    try:
        with pytest.raises(Refused) as refused:
            house.cards.get(f"gb18240+serial://{card.line}").read_state()
        assert refused.value.code == "simulated_card"
        reading = Reading("十月.ofd", "0" * 64, "ofd", [make(1, machine_number="661234567890")], ())
        told = house.importing.add(reading, {}, None, "tests")
        assert (told.status, [f.code for f in told.findings]) == ("rejected", ["ledger_simulated"])
        assert house.ledger.census().all.count == 0
    finally:
        card.stop()
        house.duck.get().close()
