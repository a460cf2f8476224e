"""Gates of the report (抄税前的关口): each shuts before the PIN and the intent, with who removes it, and opens again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from fapiao_kernel.domain.card import Monitoring, Volume
from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.finding import Who
from tests.operations.fakes import ORDINARY, SPECIAL
from tests.operations.world import World


def each(world: World, change: Callable[[Monitoring], Monitoring]) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = change(m)


def offline_invoices(world: World) -> None:
    world.card.monitoring[SPECIAL] = replace(world.card.monitoring[SPECIAL], not_uploaded=2)


def pending_volume(world: World) -> None:
    world.card.volumes = (Volume(SPECIAL, "4200202130", "00000001", "00000100", True),)


def span_open(world: World) -> None:
    each(world, lambda m: replace(m, report_end=date(2026, 11, 30)))


def one_span_open(world: World) -> None:
    world.card.monitoring[ORDINARY] = replace(world.card.monitoring[ORDINARY], report_end=date(2026, 11, 5))


def one_cleared_meanwhile(world: World) -> None:
    world.card.monitoring[ORDINARY] = replace(world.card.monitoring[ORDINARY], lock_date=date(2026, 12, 17))


def dormant(world: World) -> None:
    each(world, lambda m: replace(m, last_report=date(2026, 7, 31)))


def low_tries(world: World) -> None:
    world.card.tries = 3


def other_company(world: World) -> None:
    world.card.identity = replace(world.card.identity, taxpayer_id="91420000TEST00002X")


def unreadable_volumes(world: World) -> None:
    def fail() -> tuple[Volume, ...]:
        raise NotReachable("check_device_away", why="没有应答")

    world.card.read_volumes = fail  # type: ignore[method-assign]  # a device that does not tell


SHUT = [
    (offline_invoices, "check_uploads_wait", "blocker", Who.ME),
    (pending_volume, "check_volumes_wait", "blocker", Who.ME),
    (span_open, "check_report_early", "blocker", Who.ME),
    (one_span_open, "check_report_early", "blocker", Who.ME),
    (one_cleared_meanwhile, "check_report_cleared", "blocker", Who.ME),
    (dormant, "check_verdict_tax_office", "blocker", Who.TAX_OFFICE),
    (low_tries, "check_pin_low", "blocker", Who.TAX_OFFICE),
    (other_company, "check_identity_other", "blocker", Who.ME),
    (unreadable_volumes, "check_unknown", "unknown", Who.IT),
]


def refused(world: World, run: str) -> FapiaoError:
    with pytest.raises(FapiaoError) as error:
        world.report(world.engine.run(run))
    return error.value


@pytest.mark.parametrize(("trouble", "code", "severity", "who"), SHUT)
def test_a_shut_gate_stops_the_report_before_pin_and_intent_and_opens_again(
    world: World, trouble: Callable[[World], None], code: str, severity: str, who: Who
) -> None:
    run = world.backed_up()
    sound = dict(world.card.monitoring), world.card.volumes, world.card.tries, world.card.identity
    trouble(world)
    error = refused(world, run.id)
    assert (error.code, error.severity, error.who) == (code, severity, who)
    assert error.sentence
    assert error.remedy
    assert world.card.pin_shown == []
    assert not world.card.reported
    assert "report.intent" not in world.journal.kinds(run.id)
    assert world.engine.run(run.id).state is State.BACKED_UP
    world.card.monitoring, world.card.volumes, world.card.tries, world.card.identity = sound
    world.card.__dict__.pop("read_volumes", None)
    assert world.report(run).state is State.REPORTED


def test_the_first_shut_gate_is_raised_and_the_others_are_in_the_journal(world: World) -> None:
    run = world.backed_up()
    offline_invoices(world)
    pending_volume(world)
    assert refused(world, run.id).code == "check_uploads_wait"
    noted = [r.data for r in world.journal.kept if r.kind == "refusal.noted"]
    assert [(d["act"], d["error"]["code"]) for d in noted] == [
        ("report", "check_volumes_wait"),
    ]


def test_the_refusal_names_what_waits(world: World) -> None:
    run = world.backed_up()
    pending_volume(world)
    assert "4200202130" in refused(world, run.id).sentence


def test_a_device_pulled_out_before_the_report_is_not_reachable_rather_than_refused(world: World) -> None:
    run = world.backed_up()
    world.card.unplugged = True
    assert isinstance(refused(world, run.id), NotReachable)


def test_a_card_that_is_reported_already_meets_no_gate_of_the_report(world: World) -> None:
    run = world.backed_up()
    each(world, lambda m: replace(m, reported=True, not_uploaded=3))
    assert world.report(run, "").state is State.REPORTED


def test_a_locked_device_may_be_reported_for_that_is_the_way_out(world: World) -> None:
    run = world.backed_up()
    each(world, lambda m: replace(m, lock_date=date(2026, 11, 3)))
    assert world.report(run).state is State.REPORTED


def test_a_warning_holds_the_report_until_a_person_takes_it_on(world: World) -> None:
    run = world.backed_up()
    world.card.tries = None  # type: ignore[assignment]  # a device that does not tell
    error = refused(world, run.id)
    assert isinstance(error, Refused)
    assert (error.code, error.facts["warning"]) == ("warning_not_accepted", "check_pin_untold")
    assert world.card.pin_shown == []
    world.engine.accept(run.id, "check_pin_untold", "PIN asked of its holder")
    assert world.report(run).state is State.REPORTED


def test_what_was_taken_on_for_the_report_counts_no_more_at_the_confirmation(world: World) -> None:
    run = world.backed_up()
    world.card.tries = None  # type: ignore[assignment]  # a device that does not tell
    world.engine.accept(run.id, "check_pin_untold", "PIN asked of its holder")
    world.report(run)
    world.authority.filed = True
    world.engine.declaration(run.id)
    run = world.engine.freeze(run.id)
    with pytest.raises(Refused) as error:
        world.confirm(run)
    assert error.value.facts["warning"] == "check_pin_untold"


def test_no_warning_stands_before_an_ordinary_report(world: World) -> None:
    world.reported()
    assert [r for r in world.journal.kept if r.kind in ("refusal.noted", "warning.accepted")] == []
