"""Driver, link, card process and tax-side process together: the two ciphertexts fit, written from the note on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.devices.authority import AUTHORITY
from fapiao_kernel.devices.drivers.gb18240 import DRIVER
from fapiao_kernel.devices.links.serial_t1 import LINK
from fapiao_kernel.domain.clearing import Outcome
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.practice import PracticeOptions, PracticeWorld
from fapiao_kernel.simulator.world import PRACTICE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PracticeWorld]:
    yield PRACTICE.start(tmp_path / "practice", PracticeOptions(size=60))
    PRACTICE.stop(tmp_path / "practice")


def test_a_month_is_reported_declared_authorised_cleared_and_acknowledged(world: PracticeWorld) -> None:
    card, authority = DRIVER.open(LINK.open(world.line), world.card), AUTHORITY.open(world.authority)
    state = card.read_state()
    identity, periods = state.identity, state.monitoring[0].periods
    assert identity.simulated and identity.device_number == world.device_number
    card.verify_pin(world.pin)
    for each in state.monitoring:
        assert authority.upload_summary(identity, card.report((each.invoice_type,)))
    authority.file_return(identity, periods, sum((s.total for s in card.read_statistics()), ZERO))
    assert authority.declaration(identity, periods).seen
    for each in state.monitoring:
        payload = authority.authorise(identity, (each.invoice_type,), periods).payload
        assert card.clear((each.invoice_type,), payload).outcome is Outcome.CLEARED
        assert authority.acknowledge(identity, (each.invoice_type,), periods)
    after = card.read_state()
    for before, now in zip(state.monitoring, after.monitoring, strict=True):
        assert now.lock_date > before.lock_date and now.report_start > before.report_end and not now.reported
    card.close()
