"""Selecting: what a person asks for, against the units that the device would really close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.clearing import Event, Run
from fapiao_kernel.domain.errors import FapiaoError, UsageError
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.selecting import Along, Selected
from fapiao_kernel.ports import Tally
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, PIN, SPECIAL
from tests.operations.world import TOGETHER, World

SEPTEMBER = OCTOBER.previous()
ALL = Tally(12, Decimal("1130.00"))
PICKED = ("004", "2026-10/1")
"""The first special invoice of October (see ``FakeLedger.within``)."""


def select(world: World, **plain: Any) -> Selected:
    return world.engine.select(world.card.address, Selection.parse(plain))


def open_run(world: World, **plain: Any) -> Run:
    return world.engine.open_run(world.card.address, Selection.parse(plain), "tester")


def refused(call: Callable[[], object]) -> FapiaoError:
    with pytest.raises(FapiaoError) as error:
        call()
    return error.value


def names(selected: Selected) -> list[str]:
    return [str(one.unit) for one in selected.units]


def along(selected: Selected) -> dict[str, Along | None]:
    return {str(one.unit): one.along for one in selected.units}


@pytest.fixture
def two(tmp_path: Path) -> World:
    """A span of two months, with invoices in both."""
    world = World(tmp_path, periods=2)
    for t in (SPECIAL, ORDINARY):
        world.ledger.units[ClearUnit(NUMBER, t, SEPTEMBER)] = [Decimal("10.00")] * 3
    return world


@pytest.fixture
def together(tmp_path: Path) -> World:
    return World(tmp_path, groups=TOGETHER)


def test_nothing_named_is_everything_due(world: World) -> None:
    found = select(world)
    assert names(found) == ["专票 2026-10", "普票 2026-10"]
    assert [(one.held, one.asked) for one in found.units] == [(ALL, ALL)] * 2
    assert found.exact
    assert (found.device_number, found.today) == (NUMBER, date(2026, 11, 5))


@pytest.mark.parametrize("preset", ["last_month", "quarter"])
def test_a_preset_is_the_part_of_it_that_is_due(world: World, preset: str) -> None:
    found = select(world, preset=preset)
    assert names(found) == ["专票 2026-10", "普票 2026-10"]
    assert found.exact


def test_in_january_the_quarter_is_last_years_last(tmp_path: Path) -> None:
    world = World(tmp_path, periods=3)
    world.clock.time = world.clock.time.replace(year=2027, month=1)
    start = Period(2026, 10)
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(
            m, lock_date=date(2027, 1, 17), report_start=start.first_day, report_end=date(2026, 12, 31)
        )
    found = select(world, preset="quarter")
    assert {one.unit.period for one in found.units} == {start, start.shift(1), start.shift(2)}
    assert found.exact


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["special"], ["专票 2026-10"]),
        (["ordinary"], ["普票 2026-10"]),
        (["special", "ordinary"], ["专票 2026-10", "普票 2026-10"]),
    ],
)
def test_kinds_alone_and_with_a_preset(world: World, kinds: list[str], expected: list[str]) -> None:
    assert names(select(world, kinds=kinds)) == expected
    found = select(world, kinds=kinds, preset="last_month")
    assert names(found) == expected
    assert found.exact


def test_last_month_brings_the_month_before_it_along_where_that_is_open(two: World) -> None:
    found = select(two, preset="last_month")
    assert not found.exact
    assert along(found) == {
        "专票 2026-09": Along.OTHER_MONTH,
        "专票 2026-10": None,
        "普票 2026-09": Along.OTHER_MONTH,
        "普票 2026-10": None,
    }
    assert found.units[0].held == Tally(3, Decimal("30.00"))
    assert found.units[0].asked.count == 0


def test_the_other_type_of_a_group_comes_along_and_is_named(together: World) -> None:
    found = select(together, kinds=["ordinary"])
    assert along(found) == {"专票 2026-10": Along.OTHER_TYPE, "普票 2026-10": None}
    error = refused(lambda: open_run(together, kinds=["ordinary"]))
    assert error.code == "unit_wider_than_asked"
    assert "专票 2026-10" in str(error.facts["extra"])
    assert "普票" not in str(error.facts["extra"])


def test_a_few_days_are_shown_against_the_whole_unit(world: World) -> None:
    found = select(world, types=["004"], first_day="2026-10-01", last_day="2026-10-05")
    (one,) = found.units
    assert (one.held, one.asked, one.along) == (ALL, Tally(5, Decimal("500.00")), Along.REST)
    error = refused(lambda: open_run(world, types=["004"], first_day="2026-10-01", last_day="2026-10-05"))
    assert error.code == "unit_wider_than_asked"
    assert "7 张" in error.sentence


def test_days_of_the_whole_month_are_the_unit(world: World) -> None:
    assert select(world, first_day="2026-10-01", last_day="2026-10-31").exact
    assert select(world, last_day="2026-10-31").exact
    assert not select(world, first_day="2026-10-02").exact


def test_days_that_hold_every_invoice_of_the_unit_are_the_unit(world: World) -> None:
    assert select(world, last_day="2026-10-12").exact


def test_days_in_a_month_that_the_ledger_knows_nothing_of_are_never_the_whole(world: World) -> None:
    world.ledger.units.clear()
    assert not select(world, last_day="2026-10-12").exact
    assert select(world, last_day="2026-10-31").exact


def test_days_that_no_open_month_has_are_refused(world: World) -> None:
    error = refused(lambda: select(world, first_day="2026-11-01"))
    assert (error.code, error.facts["periods"]) == ("period_not_open", "2026-11-01..")


def test_picked_invoices_resolve_to_their_unit(world: World) -> None:
    found = select(world, invoices=[PICKED])
    (one,) = found.units
    assert (str(one.unit), one.asked, one.along) == ("专票 2026-10", Tally(1, Decimal("100.00")), Along.REST)


def test_a_picked_invoice_shows_all_that_its_command_would_close(tmp_path: Path) -> None:
    world = World(tmp_path, groups=TOGETHER, periods=2)
    assert along(select(world, invoices=[PICKED])) == {
        "专票 2026-09": Along.OTHER_MONTH,
        "专票 2026-10": Along.REST,
        "普票 2026-09": Along.OTHER_TYPE,
        "普票 2026-10": Along.OTHER_TYPE,
    }


def test_every_invoice_of_a_unit_picked_is_the_unit(world: World) -> None:
    found = select(world, invoices=[("004", f"2026-10/{n}") for n in range(1, 13)])
    assert found.exact
    assert names(found) == ["专票 2026-10"]


def test_picked_invoices_that_are_not_there_are_counted_and_never_opened(world: World) -> None:
    picked = [PICKED, ("004", "99"), ("031", "2026-10/1")]
    found = select(world, invoices=picked)
    assert (found.missing, found.exact) == (2, False)
    error = refused(lambda: open_run(world, invoices=picked, whole=True))
    assert (error.code, error.facts["count"]) == ("picked_not_open", 2)
    assert refused(lambda: select(world, invoices=[("x", "y")])).code == "picked_not_open"


def test_whole_opens_the_units_and_the_journal_keeps_what_was_asked(world: World) -> None:
    run = open_run(world, invoices=[PICKED], whole=True)
    assert [str(unit) for unit in run.units] == ["专票 2026-10"]
    assert run.facts[Event.OPENED]["selection"] == {
        "types": [],
        "kinds": [],
        "periods": [],
        "preset": None,
        "first_day": None,
        "last_day": None,
        "invoices": [list(PICKED)],
        "whole": True,
    }


def test_an_exact_selection_opens_and_can_be_read_back_from_the_journal(two: World) -> None:
    run = open_run(two, kinds=["ordinary"], periods=["2026-09", "2026-10"])
    assert [str(unit) for unit in run.units] == ["普票 2026-09", "普票 2026-10"]
    kept = Selection.parse(run.facts[Event.OPENED]["selection"])
    assert kept.periods == (SEPTEMBER, OCTOBER)


def test_a_refused_selection_leaves_no_run_and_no_record(two: World) -> None:
    assert refused(lambda: open_run(two, periods=["2026-10"])).code == "unit_wider_than_asked"
    assert two.engine.runs() == ()
    assert two.journal.kept == []


def test_selecting_writes_nothing(two: World) -> None:
    select(two, periods=["2026-10"])
    assert two.journal.kept == []
    assert not two.card.pin_shown
    assert not two.card.sent


def test_periods_by_hand_must_all_be_open(world: World) -> None:
    error = refused(lambda: select(world, periods=["2026-10", "2026-12"]))
    assert (error.code, error.facts["periods"]) == ("period_not_open", "2026-12")


def test_a_preset_of_which_nothing_is_open_is_refused_with_its_months(tmp_path: Path) -> None:
    world = World(tmp_path)
    start = Period(2026, 9)
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = replace(m, report_start=start.first_day, report_end=start.last_day)
    error = refused(lambda: select(world, preset="last_month"))
    assert (error.code, error.facts["periods"]) == ("period_not_open", "2026-10")


def test_a_cleared_type_is_not_due_and_says_by_which_date(world: World) -> None:
    m = world.card.monitoring[SPECIAL]
    world.card.monitoring[SPECIAL] = replace(m, lock_date=date(2026, 12, 17))
    assert names(select(world)) == ["普票 2026-10"]
    error = refused(lambda: select(world, types=["004"]))
    assert error.code == "nothing_to_clear"
    assert "2026-12-17" in error.sentence


@pytest.mark.parametrize("wrong", [{"types": ["026"]}, {"types": ["025", "004"]}])
def test_a_type_that_the_device_does_not_have_is_wrong_use(world: World, wrong: dict[str, Any]) -> None:
    error = refused(lambda: select(world, **wrong))
    assert isinstance(error, UsageError)
    assert error.code == "selection_wrong"


def test_a_device_without_licensed_types_is_refused(world: World) -> None:
    world.card.monitoring.clear()
    assert refused(lambda: select(world)).code == "no_type_licensed"


def test_a_selected_run_goes_the_whole_way(world: World) -> None:
    world.authority.filed = True
    run = open_run(world, kinds=["special"], preset="last_month")
    engine = world.engine
    engine.check(run.id)
    engine.backup(run.id)
    world.report(run)
    engine.declaration(run.id)
    run = engine.freeze(run.id)
    token = world.take_on(run)
    assert engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"
    assert {unit.invoice_type for unit in world.ledger.rows} == {SPECIAL}
