"""Voids: any change between freeze and execute takes the preview back, and says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.policy import NoPolicy
from tests.operations.fakes import NUMBER, OCTOBER, PIN, SPECIAL
from tests.operations.world import World


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FapiaoError) as refused:
        call()
    return refused.value.code


def change_card(world: World) -> None:
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], not_uploaded=1)


def change_statistics(world: World) -> None:
    world.card.counts[SPECIAL] = (13, Decimal("1230.00"))


def change_ledger(world: World) -> None:
    world.ledger.units[ClearUnit(NUMBER, SPECIAL, OCTOBER)].append(Decimal("1.00"))


def change_watermark(world: World) -> None:
    world.ledger.watermark += 1


def change_backup(world: World) -> None:
    world.backups.make("other")


def change_proof(world: World) -> None:
    world.backups.made[-1] = replace(world.backups.made[-1], proven=False)


def age_backup(world: World) -> None:
    world.backups.made[-1] = replace(world.backups.made[-1], time=world.clock.now() - timedelta(hours=25))


class ClosedNow(NoPolicy):
    def maintenance(self, now: datetime) -> str:
        return "停机维护"


def close_the_house(world: World) -> None:
    world.engine._desk = replace(world.engine._desk, policy=ClosedNow())


def turn_clock_back(world: World) -> None:
    world.clock.forward(minutes=-2)


def test_a_card_cleared_elsewhere_before_the_preview_is_told_with_its_dates(world: World) -> None:
    run = world.declared()
    clear_elsewhere(world)
    with pytest.raises(Refused) as refused:
        world.engine.freeze(run.id)
    assert refused.value.code == "cleared_elsewhere"
    assert "2026-12-17" in refused.value.sentence
    assert world.engine.cancel(run.id, "").verdict == "cancelled"


def test_a_card_cleared_elsewhere_after_the_preview_voids_it(world: World) -> None:
    run, token = world.confirmed()
    clear_elsewhere(world)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "changed_since_preview"
    assert world.engine.run(run.id).facts[Event.VOIDED]["reason_code"] == "void_card"
    assert not world.card.sent


def clear_elsewhere(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, lock_date=date(2026, 12, 17), report_start=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_card, "void_card"),
        (change_statistics, "void_card"),
        (change_ledger, "void_ledger"),
        (change_watermark, "void_ledger"),
        (change_backup, "void_backup"),
        (change_proof, "void_backup"),
        (age_backup, "void_backup"),
        (turn_clock_back, "void_clock"),
        (close_the_house, "void_maintenance"),
    ],
)
def test_any_change_voids_the_preview_and_says_which(
    world: World, change: Callable[[World], None], reason: str
) -> None:
    run, token = world.confirmed()
    change(world)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "changed_since_preview"
    after = world.engine.run(run.id)
    assert (after.state, after.revision) == (State.DECLARED, "")
    assert after.facts[Event.VOIDED]["reason_code"] == reason
    assert after.facts[Event.VOIDED]["reason"]
    assert not world.card.sent
    assert len(world.card.pin_shown) == 1


@pytest.mark.parametrize(("day", "what"), [(17, "past the lock date"), (30, "into another month")])
def test_midnight_voids_the_preview_when_it_changes_what_is_due(world: World, day: int, what: str) -> None:
    world.clock.time = world.clock.time.replace(day=day, hour=22)
    run = world.previewed()
    world.clock.forward(hours=3)
    token = world.take_on(run)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "changed_since_preview", what
    assert world.engine.run(run.id).facts[Event.VOIDED]["reason_code"] == "void_clock"


def test_an_ordinary_midnight_voids_nothing(world: World) -> None:
    world.clock.time = world.clock.time.replace(hour=22)
    run = world.previewed()
    world.clock.forward(hours=3)
    assert world.engine.execute(run.id, run.revision, world.confirm(run), PIN).verdict == "cleared"


@pytest.mark.parametrize("forward", [{"hours": 25}, {"days": 13}, {"days": 40}])
def test_time_voids_the_preview(world: World, forward: dict[str, int]) -> None:
    run = world.previewed()
    world.clock.forward(**forward)
    assert code_of(lambda: world.confirm(run)) == "check_backup_stale"
    world.backups.make("by hand")
    token = world.take_on(run)
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "changed_since_preview"
    assert world.engine.run(run.id).facts[Event.VOIDED]["reason_code"] == "void_clock"


def test_after_a_void_the_way_leads_through_a_new_preview(world: World) -> None:
    run, token = world.confirmed()
    change_ledger(world)
    code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN))
    run = world.engine.freeze(run.id)
    assert world.engine.execute(run.id, run.revision, world.take_on(run), PIN).verdict == "cleared"
