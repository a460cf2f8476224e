"""Checks: each says its sentence, blocks when it should, and what is unknown is not ok."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.clearing import Event, State
from fapiao_kernel.domain.errors import english
from tests.operations.fakes import OCTOBER, SPECIAL
from tests.operations.world import World


def found(world: World) -> dict[str, dict[str, Any]]:
    run = world.engine.check(world.engine.runs()[-1].id)
    data = run.facts[Event.CHECKED if run.state is State.CHECKED else Event.BLOCKED]
    return {check["name"]: check["finding"] for check in data["checks"]}


def test_a_sound_device_passes_every_check_and_says_so(world: World) -> None:
    run = world.checked()
    assert run.state is State.CHECKED
    checks = run.facts[Event.CHECKED]["checks"]
    assert len(checks) == 16
    assert all(c["title"] and c["finding"]["message"] for c in checks)
    assert {c["finding"]["severity"] for c in checks} == {"ok", "info"}
    assert run.facts[Event.CHECKED]["verdict"] == "not_reported"


def test_the_verdict_names_the_two_dates_that_decide_it(world: World) -> None:
    world.opened()
    message = found(world)["verdict"]["message"]
    assert "2026-11-05" in message
    assert "2026-11-17" in message
    assert not english()


def unplug(world: World) -> None:
    world.card.unplugged = True


def low_tries(world: World) -> None:
    world.card.tries = 3


def offline_invoices(world: World) -> None:
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], not_uploaded=2)


def pending_volume(world: World) -> None:
    world.card.volumes = (Volume(SPECIAL, "4200202130", "00000001", "00000100", True),)


def expired(world: World) -> None:
    world.card.identity = replace(world.card.identity, valid_until=date(2026, 11, 4))


def other_company(world: World) -> None:
    world.card.identity = replace(world.card.identity, taxpayer_id="91420000TEST00002X")


def other_device(world: World) -> None:
    world.card.identity = replace(world.card.identity, device_number="999900009999")


def no_authority(world: World) -> None:
    world.authority.down = {"all"}


def unknown_cards(world: World) -> None:
    world.ledger.unknown[OCTOBER] = 4


def closed_before(world: World) -> None:
    world.ledger.rows[world.engine.runs()[-1].units[0]] = "earlier"


def broken_chain(world: World) -> None:
    world.journal.kept[0] = replace(world.journal.kept[0], prev="00")


def dormant(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, last_report=date(2026, 7, 31))


def card_clock_off(world: World) -> None:
    slow = world.clock.now() - timedelta(days=2)
    read = world.card.read_state
    world.card.read_state = lambda: replace(read(), clock=slow)  # type: ignore[method-assign]  # a slow card clock


@pytest.mark.parametrize(
    ("trouble", "name", "severity"),
    [
        (unplug, "device", "blocker"),
        (low_tries, "pin", "blocker"),
        (offline_invoices, "not_uploaded", "blocker"),
        (pending_volume, "volumes", "blocker"),
        (expired, "valid_until", "blocker"),
        (other_company, "identity", "blocker"),
        (other_device, "identity", "blocker"),
        (no_authority, "tax_clock", "unknown"),
        (unknown_cards, "card_unknown", "blocker"),
        (closed_before, "already_cleared", "blocker"),
        (broken_chain, "journal", "blocker"),
        (dormant, "verdict", "blocker"),
        (card_clock_off, "card_clock", "blocker"),
    ],
)
def test_trouble_holds_the_run_up(world: World, trouble: Callable[[World], None], name: str, severity: str) -> None:
    world.opened()
    trouble(world)
    finding = found(world)[name]
    assert finding["severity"] == severity
    assert finding["remedy"]
    assert world.engine.runs()[-1].state is State.OPENED


def drift(world: World) -> None:
    late = world.clock.now() - timedelta(minutes=11)
    world.authority.time = lambda: late  # type: ignore[method-assign]  # a tax side that is late


def untold_tries(world: World) -> None:
    world.card.tries = None  # type: ignore[assignment]  # a device that does not tell


def empty_ledger(world: World) -> None:
    world.ledger.units.clear()


def locked(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, lock_date=date(2026, 11, 3))


@pytest.mark.parametrize(
    ("trouble", "name"),
    [(drift, "tax_clock"), (untold_tries, "pin"), (empty_ledger, "ledger"), (locked, "verdict")],
)
def test_a_warning_is_told_and_lets_pass(world: World, trouble: Callable[[World], None], name: str) -> None:
    world.opened()
    trouble(world)
    assert found(world)[name]["severity"] == "warning"
    assert world.engine.runs()[-1].state is State.CHECKED


def test_checks_that_need_the_card_are_left_out_when_it_is_away_and_the_run_is_held_up(world: World) -> None:
    world.opened()
    world.card.unplugged = True
    checks = found(world)
    assert "identity" not in checks
    assert "journal" in checks


def test_a_reported_card_whose_return_cannot_be_looked_up_is_unknown_and_not_ok(world: World) -> None:
    world.opened()
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, reported=True)
    world.authority.down = {"declaration"}
    assert found(world)["verdict"]["severity"] == "unknown"
    assert world.engine.runs()[-1].state is State.OPENED


def test_a_blocked_run_passes_once_the_trouble_is_gone(world: World) -> None:
    world.opened()
    low_tries(world)
    found(world)
    world.card.tries = 10
    found(world)
    assert world.engine.runs()[-1].state is State.CHECKED


def test_a_check_after_the_backup_can_still_send_the_run_back(world: World) -> None:
    run = world.backed_up()
    assert world.engine.check(run.id).state is State.BACKED_UP
    low_tries(world)
    assert world.engine.check(run.id).state is State.OPENED


def journal_check(world: World) -> dict[str, Any]:
    return found(world)["journal"]


def test_a_journal_that_lost_whole_records_since_the_newest_backup_holds_the_run_up(world: World) -> None:
    world.opened()
    world.journal.append("agent.started", {})
    backup = world.backups.make("by hand")
    world.journal.append("agent.started", {})
    assert journal_check(world)["code"] == "check_journal_ok"
    del world.journal.kept[1:]
    world.start()
    told = journal_check(world)
    assert (told["code"], told["severity"], told["who"]) == ("check_journal_cut", "blocker", "it")
    assert backup.id in told["message"]


def test_records_lost_behind_the_newest_backups_head_are_not_told_by_it(world: World) -> None:
    world.opened()
    world.backups.make("by hand")
    world.journal.append("agent.started", {})
    del world.journal.kept[1:]
    world.start()
    assert journal_check(world)["code"] == "check_journal_ok", "only what a backup knows of can be missed"


def test_a_backup_of_an_empty_journal_has_nothing_to_miss(world: World) -> None:
    world.backups.make("by hand")
    world.opened()
    assert journal_check(world)["code"] == "check_journal_ok"
