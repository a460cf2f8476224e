"""Gates of the confirmation (确认前的关口): looked at afresh, each with its severity and who removes it; none is opened by a wish."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from fapiao_kernel.domain.card import CardState, Monitoring
from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.finding import Who
from fapiao_kernel.domain.selection import Selection
from fapiao_kernel.operations.clearing.policy import NoPolicy
from fapiao_kernel.ports import Declaration
from tests.operations.fakes import OCTOBER, ORDINARY, PIN, SPECIAL, TAXPAYER
from tests.operations.world import World

OTHER = "91420000TEST00002X"
Trouble = Callable[[World], None]


def each(world: World, change: Callable[[Monitoring], Monitoring]) -> None:
    for t, m in world.card.monitoring.items():
        world.card.monitoring[t] = change(m)


def card_clock(**off: int) -> Trouble:
    def trouble(world: World) -> None:
        read = world.card.read_state

        def slow() -> CardState:
            return replace(read(), clock=world.clock.now() - timedelta(**off))

        world.card.read_state = slow  # type: ignore[method-assign]  # a device clock that is off

    return trouble


def tax_clock(**off: int) -> Trouble:
    def trouble(world: World) -> None:
        def slow() -> datetime:
            return world.clock.now() - timedelta(**off)

        world.authority.time = slow  # type: ignore[method-assign]  # a tax side whose clock is off

    return trouble


def unreported(world: World) -> None:
    each(world, lambda m: replace(m, reported=False))


def dormant(world: World) -> None:
    each(world, lambda m: replace(m, reported=False, last_report=date(2026, 7, 31)))


def locked(world: World) -> None:
    each(world, lambda m: replace(m, lock_date=date(2026, 11, 3)))


def all_cleared(world: World) -> None:
    each(world, lambda m: replace(m, lock_date=date(2026, 12, 17), reported=False))


def one_cleared(world: World) -> None:
    world.card.monitoring[SPECIAL] = replace(
        world.card.monitoring[SPECIAL], lock_date=date(2026, 12, 17), reported=False
    )


def other_company(world: World) -> None:
    world.card.identity = replace(world.card.identity, taxpayer_id=OTHER)


def other_device(world: World) -> None:
    world.card.identity = replace(world.card.identity, device_number="999900009999")


def sellers(told: Mapping[str, int]) -> Trouble:
    def trouble(world: World) -> None:
        world.ledger.told_sellers = told

    return trouble


def backup_of_another(world: World) -> None:
    world.backups.made[-1] = replace(world.backups.made[-1], devices=("999900009999",))


def stale_backup(world: World) -> None:
    world.backups.made[-1] = replace(world.backups.made[-1], time=world.clock.now() - timedelta(hours=25))


def unproven_backup(world: World) -> None:
    world.backups.made[-1] = replace(world.backups.made[-1], proven=False)


def no_backup(world: World) -> None:
    world.backups.made.clear()


def not_filed(world: World) -> None:
    world.authority.filed = False


def not_compared(world: World) -> None:
    told = Declaration(True, False, "票表比对不通过")
    world.authority.declaration = lambda card, periods: told  # type: ignore[method-assign]  # filed, and does not agree


def card_unknown(world: World) -> None:
    world.ledger.unknown[OCTOBER] = 4


def closed_before(world: World) -> None:
    world.ledger.rows[world.engine.runs()[-1].units[0]] = "earlier"


def low_tries(world: World) -> None:
    world.card.tries = 3


def untold_tries(world: World) -> None:
    world.card.tries = None  # type: ignore[assignment]  # a device that does not tell


def tax_side_away(world: World) -> None:
    world.authority.down = {"all"}


BLOCKERS: list[tuple[Trouble, str, str, Who]] = [
    (unreported, "check_groups_unreported", "blocker", Who.ME),
    (dormant, "check_verdict_tax_office", "blocker", Who.TAX_OFFICE),
    (all_cleared, "check_all_cleared", "blocker", Who.ME),
    (other_company, "check_identity_other", "blocker", Who.ME),
    (other_device, "check_identity_other", "blocker", Who.ME),
    (sellers({OTHER: 12}), "check_seller_other", "blocker", Who.ME),
    (backup_of_another, "check_backup_device_other", "blocker", Who.ME),
    (stale_backup, "check_backup_stale", "blocker", Who.ME),
    (unproven_backup, "check_backup_stale", "blocker", Who.ME),
    (no_backup, "check_backup_missing", "blocker", Who.ME),
    (not_filed, "check_return_missing", "blocker", Who.ME),
    (not_compared, "check_comparison_failed", "blocker", Who.TAX_OFFICE),
    (card_unknown, "check_card_unknown", "blocker", Who.ME),
    (closed_before, "check_closed_before", "blocker", Who.IT),
    (low_tries, "check_pin_low", "blocker", Who.TAX_OFFICE),
    (card_clock(hours=25), "check_clock_far", "blocker", Who.IT),
    (tax_clock(hours=25), "check_clock_far", "blocker", Who.IT),
    (tax_side_away, "check_unknown", "unknown", Who.IT),
]

WARNINGS: list[tuple[Trouble, set[str]]] = [
    (locked, {"check_verdict_locked"}),
    (one_cleared, {"check_some_cleared"}),
    (untold_tries, {"check_pin_untold"}),
    (sellers({TAXPAYER: 20, OTHER: 4}), {"check_seller_mixed"}),
    (card_clock(minutes=11), {"check_clock_drift", "check_clocks_drift"}),
    (tax_clock(minutes=11), {"check_tax_clock_drift", "check_clocks_drift"}),
]


def shut(world: World, run: Run) -> FapiaoError:
    with pytest.raises(FapiaoError) as error:
        world.confirm(run)
    return error.value


def sound(world: World) -> list[tuple[Any, dict[str, Any]]]:
    """Each far end and store with what it holds now, its containers copied."""
    parts = (world.card, world.authority, world.ledger, world.backups)
    kept = (dict, list, set)
    return [
        (part, {name: copy.copy(value) if isinstance(value, kept) else value for name, value in vars(part).items()})
        for part in parts
    ]


def restore(parts: list[tuple[Any, dict[str, Any]]]) -> None:
    for part, was in parts:
        vars(part).clear()
        vars(part).update(was)


@pytest.mark.parametrize(("trouble", "code", "severity", "who"), BLOCKERS)
def test_a_shut_gate_stops_the_confirmation_and_opens_again(
    world: World, trouble: Trouble, code: str, severity: str, who: Who
) -> None:
    run = world.previewed()
    was = sound(world)
    trouble(world)
    error = shut(world, run)
    assert (error.code, error.severity, error.who) == (code, severity, who)
    assert error.sentence
    assert error.remedy
    assert world.engine.run(run.id).state is State.PREVIEWED
    assert "run.confirmed" not in world.journal.kinds(run.id)
    restore(was)
    assert world.engine.execute(run.id, run.revision, world.confirm(run), PIN).verdict == "cleared"


@pytest.mark.parametrize(("trouble", "code", "severity", "who"), BLOCKERS)
def test_a_blocker_is_not_taken_on_with_any_reason(
    world: World, trouble: Trouble, code: str, severity: str, who: Who
) -> None:
    run = world.previewed()
    trouble(world)
    with pytest.raises(Refused) as refused:
        world.engine.accept(run.id, code, "the boss said so")
    assert refused.value.code == "blocker_not_acceptable"
    assert "warning.accepted" not in world.journal.kinds(run.id)
    assert shut(world, run).code == code


@pytest.mark.parametrize(("trouble", "codes"), WARNINGS)
def test_a_warning_holds_until_it_is_taken_on_and_then_lets_pass(
    world: World, trouble: Trouble, codes: set[str]
) -> None:
    run = world.previewed()
    trouble(world)
    met = set()
    while (error := tried(world, run)) is not None:
        assert (error.code, error.severity) == ("warning_not_accepted", "blocker")
        met.add(str(error.facts["warning"]))
        world.engine.accept(run.id, str(error.facts["warning"]), "seen, and settled with the vendor")
    assert met == codes
    assert world.engine.run(run.id).state is State.CONFIRMED


def tried(world: World, run: Run) -> FapiaoError | None:
    try:
        world.confirm(run)
    except Refused as error:
        return error
    return None


def test_an_ordinary_month_asks_nobody_for_a_reason(world: World) -> None:
    run = world.executed()
    assert run.verdict == "cleared"
    assert not {"refusal.noted", "warning.accepted"} & {r.kind for r in world.journal.kept}


def test_the_frozen_preview_shows_what_every_gate_says(world: World) -> None:
    run = world.previewed()
    gates = run.frozen["gates"]
    assert len(gates) == 18
    assert all(gate["name"] and gate["title"] and gate["finding"]["message"] for gate in gates)
    assert {gate["finding"]["severity"] for gate in gates} <= {"ok", "info"}
    assert len({gate["name"] for gate in gates}) == len(gates)


def test_a_preview_freezes_though_a_gate_is_shut_and_shows_it(world: World) -> None:
    run = world.declared()
    world.authority.down = {"all"}
    run = world.engine.freeze(run.id)
    told = {gate["name"]: gate["finding"]["severity"] for gate in run.frozen["gates"]}
    assert (told["tax_clock"], told["return"], told["clocks"]) == ("unknown",) * 3
    assert shut(world, run).code == "check_unknown"


def test_a_device_pulled_out_before_the_confirmation_is_not_reachable(world: World) -> None:
    run = world.previewed()
    world.card.unplugged = True
    assert isinstance(shut(world, run), NotReachable)


def test_a_type_left_out_of_this_clear_is_warned_of(world: World) -> None:
    run = world.engine.open_run(world.card.address, Selection(types=(ORDINARY,)), "tester")
    world.engine.backup(world.engine.check(run.id).id)
    world.report(run)
    world.authority.filed = True
    world.engine.declaration(run.id)
    run = world.engine.freeze(run.id)
    error = shut(world, run)
    assert error.facts["warning"] == "check_groups_left_out"
    assert f"{SPECIAL.zh} 2026-10（248）" in error.sentence
    token = world.take_on(run)
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"


def test_several_periods_unreported_are_told_with_their_own_code(tmp_path: Any) -> None:
    world = World(tmp_path, periods=2)
    run = world.previewed()
    unreported(world)
    assert "2026-09..2026-10（245）" in shut(world, run).sentence


def test_old_and_new_taxpayer_ids_of_one_company_are_no_mismatch(world: World) -> None:
    run = world.previewed()
    world.ledger.told_sellers = {TAXPAYER: 20, "420000" + TAXPAYER[8:17]: 4, f" {TAXPAYER.lower()} ": 1}
    assert tried(world, run) is None


def test_without_invoices_of_these_units_no_backup_is_asked_to_hold_them(world: World) -> None:
    world.ledger.units.clear()
    world.backups.devices = ()
    run = world.previewed()
    told = {gate["name"]: gate["finding"]["code"] for gate in run.frozen["gates"]}
    assert (told["seller"], told["backup_device"]) == ("check_seller_untold", "check_backup_device_nothing")


def test_an_import_after_the_backup_makes_the_freeze_back_up_again(world: World) -> None:
    run = world.declared()
    backup_of_another(world)
    run = world.engine.freeze(run.id)
    assert len(world.backups.made) == 2
    assert run.frozen["backup"] == world.backups.made[-1].id
    assert tried(world, run) is None


def test_a_preview_whose_backup_lacks_the_device_is_void_before_the_new_one(world: World) -> None:
    run = world.previewed()
    backup_of_another(world)
    world.engine.freeze(run.id)
    assert world.engine.run(run.id).facts[Event.VOIDED]["reason_code"] == "void_backup"
    assert len(world.backups.made) == 2


class Closed(NoPolicy):
    """A house that clears nothing before ten."""

    def maintenance(self, now: datetime) -> str:
        return "" if now.hour >= 10 else "每天 0:00–10:00 停机维护"


def test_a_maintenance_window_holds_until_it_is_over(world: World) -> None:
    world.policy = Closed()
    world.start()
    run = world.previewed()
    error = shut(world, run)
    assert (error.code, error.who) == ("check_maintenance", Who.ME)
    assert "0:00–10:00" in error.sentence
    world.clock.forward(hours=2)
    told = tried(world, run)
    assert told is not None and told.code == "preview_holds_up", "what was looked at said closed"
    assert tried(world, world.engine.freeze(run.id)) is None


def test_the_first_shut_gate_is_raised_and_the_others_are_in_the_journal(world: World) -> None:
    run = world.previewed()
    card_unknown(world)
    low_tries(world)
    locked(world)
    assert shut(world, run).code == "check_card_unknown"
    noted = [(r.data["act"], r.data["error"]["code"]) for r in world.journal.kept if r.kind == "refusal.noted"]
    assert noted == [
        ("confirm", "check_pin_low"),
        ("confirm", "warning_not_accepted"),
    ]


def test_what_is_typed_wrongly_is_told_before_anything_is_read(world: World) -> None:
    run = world.previewed()
    world.card.unplugged = True
    with pytest.raises(Refused) as refused:
        world.engine.confirm(run.id, run.revision, "0000", world.period)
    assert refused.value.code == "confirmation_differs"


def test_a_preview_frozen_anew_while_the_gates_are_looked_at_is_not_confirmed(world: World) -> None:
    run = world.previewed()
    told = world.authority.time

    def meanwhile() -> datetime:
        world.authority.time = told  # type: ignore[method-assign]  # the tax side answers as told
        world.engine.freeze(run.id)
        return told()

    world.authority.time = meanwhile  # type: ignore[method-assign]  # another tab freezes while this one confirms
    assert shut(world, run).code == "revision_unknown"
