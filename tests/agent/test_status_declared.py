"""What the status knows of the return: by the last answer of the tax side that is about what the card has reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fapiao_kernel.agent.status import last_declared
from fapiao_kernel.domain.clearing import Event
from tests.operations.fakes import ORDINARY, SPECIAL
from tests.operations.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_nobody_asked_is_not_known(world: World) -> None:
    world.reported()
    assert last_declared(world.engine.runs(), world.card.read_state()) is None


def test_the_open_run_tells(world: World) -> None:
    world.declared()
    assert last_declared(world.engine.runs(), world.card.read_state()) is True


def test_after_a_partial_the_return_of_what_is_left_is_still_known(world: World) -> None:
    world.card.faults = {"clear 007": "refuse"}
    assert world.executed().verdict == "partial"
    state = world.card.read_state()
    assert {m.invoice_type: m.reported for m in state.monitoring} == {SPECIAL: False, ORDINARY: True}
    assert last_declared(world.engine.runs(), state) is True


def test_a_return_not_compared_is_no_return(world: World) -> None:
    run = world.declared()
    told = {**run.facts[Event.DECLARED], "compared": False}
    run = replace(run, facts={**run.facts, Event.DECLARED: told})
    assert last_declared([run], world.card.read_state()) is False


def test_an_older_month_says_nothing_of_the_next(world: World) -> None:
    world.executed()
    state = world.card.read_state()
    state = replace(state, monitoring=tuple(replace(m, reported=True) for m in state.monitoring))
    assert last_declared(world.engine.runs(), state) is None


def test_a_run_over_says_nothing_of_a_card_that_is_away_or_another(world: World) -> None:
    world.executed()
    state = world.card.read_state()
    other = replace(state, identity=replace(state.identity, device_number="999900009999"))
    assert last_declared(world.engine.runs(), None) is None
    assert last_declared(world.engine.runs(), other) is None
