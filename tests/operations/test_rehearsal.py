"""A rehearsal is the clear's own engine on a twin: its verdict, what it leaves a person to do, and what it cannot touch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.devices.drivers.gb18240.card import Gb18240Card
from fapiao_kernel.domain.card import CardProfile, Evidence, Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import NotReachable, Refused
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.domain.rehearsal import Readout
from fapiao_kernel.domain.selection import Kind, Preset, Selection
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing.policy import NO_POLICY, NoPolicy
from fapiao_kernel.operations.rehearsal import (
    ReadOnlyCard,
    RealSide,
    RehearsedBackups,
    RehearsedLedger,
    RehearsedPolicy,
    Stage,
    read_out,
    rehearse,
)
from fapiao_kernel.operations.rehearsal.rehearse import wider
from fapiao_kernel.operations.rehearsal.walk import ACTS
from fapiao_kernel.ports import Card, Ledger, Need
from tests.operations.fakes import (
    NUMBER,
    OCTOBER,
    ORDINARY,
    PIN,
    SPECIAL,
    FakeBackups,
    FakeCard,
    FakeClock,
    FakeJournal,
)
from tests.operations.world import APART, TOGETHER, World

READING = {"address", "profile", "evidence"} | {
    f"read_{what}" for what in ("state", "statistics", "volumes", "details", "summary")
}
"""All that a rehearsal may ask of the real card."""


class Touchy:
    """A card that fails the test when anything but a reading method is so much as looked up."""

    def __init__(self, card: FakeCard) -> None:
        self._card = card
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        assert name in READING, f"a rehearsal asked the real card for {name}"
        self.asked.append(name)
        return getattr(self._card, name)


def members(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [Card, Gb18240Card], ids=["port", "gb18240"])
def test_what_a_rehearsal_holds_of_the_card_has_none_of_its_changing_methods(kind: type) -> None:
    changing = members(kind) - READING
    assert {"verify_pin", "report", "clear"} <= changing
    assert members(ReadOnlyCard) == READING
    held = ReadOnlyCard(FakeCard(FakeClock(), groups=APART))  # type: ignore[arg-type]  # a strict stand-in of the port
    assert not any(hasattr(held, name) for name in changing)
    with pytest.raises(AttributeError):
        held.clear = lambda *given: None  # type: ignore[attr-defined]  # nothing can be added to it either


class Theatre:
    """The real card (touchy) beside a twin world that was made alike."""

    def __init__(self, folder: Path, groups: Any = APART) -> None:
        self.twin = World(folder, groups=groups)
        self.real = Touchy(FakeCard(self.twin.clock, groups=groups))
        self.real_journal = FakeJournal(self.twin.clock)
        self.stage = Stage(self.twin.engine, self.twin.card, self.twin.authority, PIN, who="tester")
        self.side: dict[str, Any] = {}

    def read(self) -> Readout:
        return read_out(ReadOnlyCard(self.real), self.twin.clock)  # type: ignore[arg-type]  # see Touchy

    def rehearse(self, read: Readout | None = None, **changes: Any) -> dict[str, Any]:
        held = ReadOnlyCard(self.real)  # type: ignore[arg-type]  # see Touchy
        known = {"profile": held.profile, "evidence": held.evidence(), "journal": self.real_journal, **self.side}
        return rehearse(replace(self.stage, **changes), read or self.read(), RealSide(**known))


@pytest.fixture
def theatre(tmp_path: Path) -> Theatre:
    return Theatre(tmp_path)


def outcomes(facts: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in facts["steps"]}


def codes(findings: list[dict[str, Any]]) -> list[str]:
    return [f["code"] for f in findings]


def real_one(read: Readout) -> Readout:
    """The same reading of a card that is not simulated."""
    return replace(read, state=replace(read.state, identity=replace(read.state.identity, simulated=False)))


def test_a_card_in_order_would_clear_and_the_real_one_was_only_read(theatre: Theatre) -> None:
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_clear"
    assert set(outcomes(facts).values()) == {"done"} and list(outcomes(facts)) == list(ACTS)
    assert [(u["outcome"], u["count"], u["total"]) for u in facts["units"]] == [("cleared", 12, "1130.00")] * 2
    assert all(len(u["digest"]) == 64 for u in facts["units"])
    assert "rehearsal_report_needed" in codes(facts["needs"]) and "rehearsal_pin_untried" in codes(facts["needs"])
    assert codes(facts["assumed"]) == ["rehearsal_twin_answers", "rehearsal_return_assumed"]
    assert set(theatre.real.asked) <= READING and theatre.real._card.pin_shown == []
    assert facts["period"] == "2026-10" and facts["twin"]["state"] == "finished"


def test_a_gate_that_shuts_ends_the_rehearsal_with_its_finding(theatre: Theatre) -> None:
    for kind, was in theatre.twin.card.monitoring.items():
        theatre.twin.card.monitoring[kind] = replace(was, not_uploaded=3)
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_be_refused"
    assert outcomes(facts)["check"] == "stopped" and outcomes(facts)["backup"] == "not_reached"
    assert "check_uploads_wait" in codes(facts["needs"])
    assert theatre.twin.card.reported == {} and facts["census_after"] is None


@pytest.mark.parametrize(
    ("spoil", "step", "code"),
    [
        (lambda t: setattr(t.twin.card, "volumes", (Volume(SPECIAL, "1", "1", "2", True),)), "check", "check_volumes_wait"),
        (lambda t: setattr(t.twin.card, "tries", 3), "check", "check_pin_low"),
        (lambda t: t.twin.ledger.unknown.update({OCTOBER: 2}), "check", "check_card_unknown"),
        (lambda t: setattr(t.twin.backups, "proven", False), "backup", "backup_not_proven"),
    ],
)  # fmt: skip
def test_each_thing_that_is_missing_is_found_at_its_step(
    theatre: Theatre, spoil: Callable[[Theatre], None], step: str, code: str
) -> None:
    spoil(theatre)
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_be_refused"
    assert outcomes(facts)[step] == "stopped" and code in codes(facts["needs"])


def test_nothing_to_clear_is_a_refusal_with_its_proof(theatre: Theatre) -> None:
    for kind, was in theatre.twin.card.monitoring.items():
        theatre.twin.card.monitoring[kind] = replace(was, lock_date=was.lock_date.replace(month=12))
    facts = theatre.rehearse()
    assert (facts["verdict"], codes(facts["needs"])[0]) == ("would_be_refused", "nothing_to_clear")
    assert facts["units"] == [] and facts["period"] == ""


def test_one_type_that_the_device_refuses_makes_it_partial(theatre: Theatre) -> None:
    theatre.twin.card.faults["clear 007"] = "refuse"
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_be_partial"
    assert [u["outcome"] for u in facts["units"]] == ["cleared", "refused"]


def test_all_refused_is_refused(theatre: Theatre) -> None:
    theatre.twin.card.faults |= {"clear 004": "refuse", "clear 007": "refuse"}
    assert theatre.rehearse()["verdict"] == "would_be_refused"


@pytest.mark.parametrize("fault", ["lost", "lost_before"])
def test_a_twin_whose_outcome_nobody_knows_says_nothing_of_the_real_card(theatre: Theatre, fault: str) -> None:
    theatre.twin.card.faults["clear"] = fault
    assert theatre.rehearse()["verdict"] == "broken_off"


def test_a_twin_that_goes_away_breaks_the_rehearsal_off(theatre: Theatre) -> None:
    theatre.twin.authority.down.add("upload")
    facts = theatre.rehearse()
    assert (facts["verdict"], outcomes(facts)["report"]) == ("broken_off", "broken")
    assert facts["error"]["code"] == "check_device_away"


def test_a_rehearsal_that_is_to_end_does_not_take_the_next_step(theatre: Theatre) -> None:
    seen: list[str] = []

    def going_on() -> None:
        if "backup" in seen:
            raise NotReachable("agent_stopping")

    facts = theatre.rehearse(going_on=going_on, tell=seen.append)
    assert facts["verdict"] == "broken_off" and seen == ["open", "check", "backup"]
    assert theatre.twin.card.reported == {}


def test_a_clear_whose_conclusion_waits_would_clear_and_says_what_is_missing(theatre: Theatre) -> None:
    theatre.twin.authority.down.add("acknowledge")
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_clear"
    assert outcomes(facts)["execute"] == "done" and outcomes(facts)["conclude"] == "broken"


def test_a_warning_is_taken_on_for_the_rehearsal_and_left_to_a_person(theatre: Theatre) -> None:
    theatre.twin.card.counts[SPECIAL] = (11, Decimal("1000.00"))
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_clear"
    assert [(a["code"], a["reason"]) for a in facts["accepted"]] == [("statistics_differ", "演练")]
    left = next(f for f in facts["needs"] if f["code"] == "rehearsal_warning")
    assert left["severity"] == "warning" and "专票" in left["message"]


def test_a_command_that_is_only_assumed_refuses_a_real_card_whatever_its_twin_did(theatre: Theatre) -> None:
    theatre.side["evidence"] = {"report": Evidence.STANDARD, "clear": Evidence.ASSUMED}
    facts = theatre.rehearse(real_one(theatre.read()))
    assert facts["verdict"] == "would_be_refused" and outcomes(facts)["conclude"] == "done"
    assert codes(facts["needs"]).count("evidence_too_weak") == 1


def test_the_real_return_is_asked_for_and_its_absence_is_told(theatre: Theatre, tmp_path: Path) -> None:
    real = World(tmp_path / "real").authority
    theatre.side["authority"] = real
    assert "rehearsal_return_waits" in codes(theatre.rehearse()["needs"])
    assert real.uploaded == set() and real.acknowledged == set()


def test_a_tax_side_that_cannot_be_asked_is_told_as_unknown(theatre: Theatre, tmp_path: Path) -> None:
    real = World(tmp_path / "real").authority
    real.down.add("all")
    theatre.side["authority"] = real
    told = next(f for f in theatre.rehearse()["needs"] if f["code"] == "rehearsal_return_unknown")
    assert told["severity"] == "unknown"


def test_a_reported_card_that_does_not_give_its_summary_would_be_refused(theatre: Theatre) -> None:
    theatre.side["journal"] = theatre.real_journal
    read = theatre.read()
    reported = tuple(replace(m, reported=True) for m in read.state.monitoring)
    facts = theatre.rehearse(replace(read, state=replace(read.state, monitoring=reported)))
    assert facts["verdict"] == "would_be_refused" and "summary_missing" in codes(facts["needs"])


def test_summaries_of_a_reported_card_are_read_again_and_kept_as_digests(tmp_path: Path) -> None:
    theatre = Theatre(tmp_path, groups=TOGETHER)
    for kind, was in theatre.real._card.monitoring.items():
        theatre.real._card.monitoring[kind] = replace(was, reported=True)
    read = theatre.read()
    assert set(read.summaries) == {SPECIAL, ORDINARY} and read.unsealed == ()
    assert all(len(digest) == 64 for digest in read.summaries.values())
    assert theatre.real._card.reported == {}


def test_a_broken_journal_of_the_home_would_refuse_the_real_clear(theatre: Theatre) -> None:
    theatre.real_journal.append("agent.started", {})
    theatre.real_journal.kept[0] = replace(theatre.real_journal.kept[0], prev="x")
    facts = theatre.rehearse()
    assert facts["verdict"] == "would_be_refused" and "check_journal_broken" in codes(facts["needs"])


def test_what_policy_asks_of_the_real_confirmation_is_told_and_not_asked_of_the_rehearsal(theatre: Theatre) -> None:
    class Strict(NoPolicy):
        def needs(self, device_number: str) -> tuple[Need, ...]:
            return (Need.CODE, Need.SECOND_PERSON)

    theatre.side["policy"] = Strict()
    told = codes(theatre.rehearse()["needs"])
    assert "rehearsal_code_asked" in told and "rehearsal_second_asked" in told
    assert RehearsedPolicy(Strict()).needs(NUMBER) == ()
    assert RehearsedPolicy(NO_POLICY).maintenance(theatre.twin.clock.now()) == ""


# --- reading once


def test_the_invoices_are_read_of_the_units_alone_that_differ_from_the_ledger(theatre: Theatre) -> None:
    special, ordinary = (ClearUnit(NUMBER, kind, OCTOBER) for kind in (SPECIAL, ORDINARY))
    theatre.twin.ledger.units[special] = theatre.twin.ledger.units[special][1:]
    held = InvoiceDetail(SPECIAL, "3300264130", "00000007", OCTOBER.first_day, Decimal("113.00"))
    theatre.real._card.details = [held, replace(held, invoice_type=ORDINARY)]
    card = ReadOnlyCard(theatre.real)  # type: ignore[arg-type]  # see Touchy
    assert read_out(card, theatre.twin.clock, theatre.twin.ledger).details == (held,)
    assert theatre.real._card.listed == [(special,)] and ordinary in theatre.twin.ledger.units


def test_no_invoice_is_read_of_a_card_that_agrees_with_the_ledger(theatre: Theatre) -> None:
    card = ReadOnlyCard(theatre.real)  # type: ignore[arg-type]  # see Touchy
    assert read_out(card, theatre.twin.clock, theatre.twin.ledger).details is None
    assert theatre.real._card.listed == []


def test_an_open_clear_of_the_card_is_named(theatre: Theatre) -> None:
    theatre.side["open_run"] = "20261105-1234-abcdef"
    told = next(f for f in theatre.rehearse()["needs"] if f["code"] == "rehearsal_run_open")
    assert "20261105-1234-abcdef" in told["message"]


def test_types_are_widened_to_what_the_real_device_closes_together(theatre: Theatre) -> None:
    together, read = CardProfile("金税盘", ((SPECIAL, ORDINARY),)), theatre.read()
    asked = Selection(types=(SPECIAL,))
    assert wider(together, read, asked).types == (SPECIAL, ORDINARY)
    assert wider(CardProfile("税控盘", APART), read, asked).types == (SPECIAL,)
    assert wider(together, read, Selection()).types == ()


def test_a_kind_and_a_preset_can_be_rehearsed(theatre: Theatre) -> None:
    asked = Selection(kinds=(Kind.ORDINARY,), preset=Preset.LAST_MONTH)
    facts = theatre.rehearse(selection=asked)
    assert [(u["invoice_type"], u["outcome"]) for u in facts["units"]] == [("007", "cleared")]


# --- the overlays


def test_closing_in_a_rehearsal_moves_the_counts_and_leaves_the_real_ledger_alone(theatre: Theatre) -> None:
    real = theatre.twin.ledger
    ledger = RehearsedLedger(real)
    units = tuple(real.units)
    before, was = ledger.census(), real.census()
    previews = ledger.preview(units[:1])
    assert ledger.close_units(previews, run="r", at=theatre.twin.clock.now()) == 1
    assert ledger.close_units(previews, run="r", at=theatre.twin.clock.now()) == 0
    after = ledger.census()
    assert (after.open.count, after.cleared.count, after.all) == (before.open.count - 12, 12, before.all)
    assert after.open.total + after.cleared.total == before.open.total
    assert ledger.closed(units[0]) == "r" and ledger.closed(units[1]) is None
    assert units[0] not in ledger.open_units(NUMBER) and units[1] in ledger.open_units(NUMBER)
    assert real.census() == was and real.rows == {}


def test_questions_about_closed_units_are_answered_as_after_a_clear_and_the_others_as_the_real_ledger_does(
    theatre: Theatre,
) -> None:
    real = theatre.twin.ledger
    ledger, (first, second) = RehearsedLedger(real), tuple(real.units)
    ledger.close_units(ledger.preview((first,)), run="r", at=theatre.twin.clock.now())
    found = ledger.within((first, second))
    assert (found[first].count, found[second]) == (0, real.within((second,))[second])
    assert ledger.sellers((first, second)) == real.sellers((first, second))
    assert members(Ledger) <= members(RehearsedLedger)  # type: ignore[type-abstract]  # its names alone are asked for


def test_a_unit_that_is_really_closed_stays_closed_in_a_rehearsal(theatre: Theatre) -> None:
    real = theatre.twin.ledger
    unit = ClearUnit(NUMBER, SPECIAL, Period(2026, 10))
    real.rows[unit] = "earlier"
    ledger = RehearsedLedger(real)
    with pytest.raises(Refused) as refused:
        ledger.close_units(ledger.preview((unit,)), run="r", at=theatre.twin.clock.now())
    assert refused.value.code == "unit_closed_before" and ledger.closed(unit) == "earlier"


def test_the_newest_backup_is_the_real_one_until_the_rehearsal_made_its_own(theatre: Theatre) -> None:
    real, trial = FakeBackups(theatre.twin.clock), FakeBackups(theatre.twin.clock)
    backups = RehearsedBackups(real, trial)
    assert backups.latest() is None and backups.largest == 0
    kept = real.make("monthly")
    assert backups.latest() == kept
    real.head = lambda: "00"
    real.make("monthly again")
    newest = backups.latest()
    assert newest is not None and newest.journal_head == "", "the real journal's head is not the rehearsal's"
    del real.made[1:]
    made = backups.make("before-clear")
    assert backups.latest() == made and real.made == [kept] and backups.largest == 1


def test_an_invoice_whose_outcome_is_unknown_waits_in_the_real_house(theatre: Theatre) -> None:
    sheet = Invoice(
        "4200261130", "00000001", SPECIAL, date(2026, 10, 31), Decimal("1.00"), Decimal("0.13"), Decimal("1.13")
    )
    theatre.real_journal.append(
        "issue.intent", {"id": "r1", "card": "sim", "device_number": NUMBER, "invoice": plain(sheet), "asked": ""}
    )
    assert "check_issuing_open" in codes(theatre.rehearse()["needs"])
