"""An invoice that was sent to the card and has no outcome yet holds up the clear (开票没有结果): its sums may still move."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.plain import plain
from tests.operations.fakes import NUMBER, SPECIAL
from tests.operations.world import World

SHEET = Invoice(
    "4200261130", "00000001", SPECIAL, date(2026, 10, 31), Decimal("1.00"), Decimal("0.13"), Decimal("1.13")
)


def send(world: World, device: str = NUMBER) -> None:
    world.journal.append(
        "issue.intent", {"id": "r1", "card": "sim", "device_number": device, "invoice": plain(SHEET), "asked": ""}
    )


def test_no_report_is_made_while_an_issue_has_no_outcome(world: World) -> None:
    run = world.backed_up()
    send(world)
    with pytest.raises(Refused) as refused:
        world.report(run)
    assert refused.value.code == "check_issuing_open"
    assert "00000001" in refused.value.sentence


def test_nothing_is_confirmed_while_an_issue_has_no_outcome(world: World) -> None:
    run = world.previewed()
    send(world)
    with pytest.raises(Refused) as refused:
        world.confirm(run)
    assert refused.value.code == "check_issuing_open"


def test_an_issue_on_another_device_holds_up_nothing(world: World) -> None:
    run = world.previewed()
    send(world, device="000000000001")
    world.confirm(run)
