"""Opening: what a clear is about is told by the card."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.selection import Selection
from tests.operations.fakes import NUMBER, ORDINARY, SPECIAL
from tests.operations.world import TOGETHER, World


def asked(world: World, **plain: Any) -> Run:
    return world.engine.open_run(world.card.address, Selection.parse(plain), "t")


def test_without_types_everything_due_is_opened(world: World) -> None:
    run = world.opened()
    assert [str(u) for u in run.units] == ["专票 2026-10", "普票 2026-10"]
    assert len(run.groups) == 2


def test_a_type_opens_its_group_alone_where_types_clear_apart(world: World) -> None:
    run = asked(world, types=["007"])
    assert [u.invoice_type for u in run.units] == [ORDINARY]


def test_a_type_brings_its_whole_group_where_types_clear_together(tmp_path: Path) -> None:
    world = World(tmp_path, groups=TOGETHER)
    run = asked(world, types=["007"], whole=True)
    assert [[u.invoice_type for u in g] for g in run.groups] == [[SPECIAL, ORDINARY]]


def test_a_narrower_period_is_refused_and_names_what_would_close(tmp_path: Path) -> None:
    world = World(tmp_path, periods=2)
    with pytest.raises(Refused) as refused:
        asked(world, periods=["2026-10"])
    assert refused.value.code == "unit_wider_than_asked"
    assert "2026-09" in refused.value.sentence
    assert world.engine.runs() == ()


def test_periods_that_cover_the_span_are_taken(tmp_path: Path) -> None:
    world = World(tmp_path, periods=2)
    run = asked(world, periods=["2026-09", "2026-10"])
    assert len(run.units) == 4


def test_a_period_that_is_not_open_is_refused(world: World) -> None:
    with pytest.raises(Refused) as refused:
        asked(world, periods=["2026-10", "2026-12"])
    assert refused.value.code == "period_not_open"


def test_a_cleared_card_has_nothing_to_clear_and_says_by_which_date(world: World) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, lock_date=date(2026, 12, 17))
    with pytest.raises(Refused) as refused:
        world.opened()
    assert refused.value.code == "nothing_to_clear"
    assert "2026-12-17" in refused.value.sentence


def test_only_what_is_due_is_opened(world: World) -> None:
    m = world.card.monitoring[SPECIAL]
    world.card.monitoring[SPECIAL] = replace(m, lock_date=date(2026, 12, 17))
    assert [u.invoice_type for u in world.opened().units] == [ORDINARY]


def test_a_card_has_one_open_run(world: World) -> None:
    run = world.opened()
    with pytest.raises(Refused) as refused:
        world.opened()
    assert refused.value.code == "run_open"
    assert run.id in refused.value.sentence


def test_after_a_cancel_another_run_may_open(world: World) -> None:
    world.engine.cancel(world.opened().id, "")
    assert world.opened().verdict == "open"


def test_an_unknown_run_is_refused(world: World) -> None:
    with pytest.raises(Refused) as refused:
        world.engine.run("nothing")
    assert refused.value.code == "run_not_found"


def test_the_run_names_the_person_and_the_device(world: World) -> None:
    run = world.opened()
    assert (run.opened_by, run.device_number) == ("tester", NUMBER)
