"""Where card and ledger differ, the preview names the invoices: from the card's list, else from its volumes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.operations.clearing import differing
from tests.operations.fakes import NUMBER, OCTOBER, ORDINARY, SPECIAL, away
from tests.operations.world import World

UNIT = ClearUnit(NUMBER, SPECIAL, OCTOBER)
CODE = "4403201130"


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def one(number: int, total: str = "100.00", **changes: Any) -> InvoiceDetail:
    return replace(InvoiceDetail(SPECIAL, CODE, f"{number:08}", date(2026, 10, 9), Decimal(total)), **changes)


def hold(
    world: World, ledger: list[InvoiceDetail], card: list[InvoiceDetail] | None, *, counted: int | None = None
) -> None:
    """What each side has of 专票; the card's statistics follow its list unless ``counted`` says otherwise."""
    stands = [Decimal("0.00") if d.void else d.total for d in ledger]
    world.ledger.units[UNIT], world.ledger.in_brief[UNIT] = stands, ledger
    world.card.details = card
    told = card if card is not None else ledger
    total = sum((d.total for d in told if not d.void), Decimal("0.00"))
    world.card.counts[SPECIAL] = (len(told) if counted is None else counted, total)


def frozen(world: World) -> dict[str, Any]:
    found = dict(world.previewed().frozen)
    assert len(found["differences"]) == 1
    return found


def numbers(found: dict[str, Any]) -> list[int]:
    return [int(row["number"]) for row in found["shown"]]


def test_nothing_more_is_read_of_the_card_while_every_unit_agrees(world):
    world.card.details = []
    assert world.previewed().frozen["differences"] == []
    assert world.card.listed == []


def test_the_one_invoice_that_the_ledger_lacks_is_named(world):
    hold(world, [one(1), one(3)], [one(1), one(2, "88.00"), one(3)])
    found = frozen(world)
    entry = found["differences"][0]
    assert (entry["invoice_type"], entry["period"], entry["by"]) == ("004", "2026-10", "card_list")
    assert entry["only_card"] == {
        "count": 1,
        "shown": [
            {
                "code": CODE,
                "number": "00000002",
                "issue_date": "2026-10-09",
                "total": "88.00",
                "red": False,
                "void": False,
            }
        ],
    }
    assert entry["only_ledger"]["count"] == entry["other"]["count"] == entry["unnamed"] == 0
    assert entry["list_agrees"] is True
    assert world.card.listed == [(UNIT,)], "only the unit that differs is read"
    warning = next(f for f in found["findings"] if f["code"] == "statistics_differ")
    assert f"{CODE} 00000002" in warning["evidence"] and "00000001" not in warning["evidence"]


def test_what_only_the_ledger_has_and_what_differs_are_told_apart(world):
    ledger = [one(1), one(2, "50.00"), one(3, void=True), one(4, "7.00", void=True), one(9)]
    card = [one(1), one(2, "51.00"), one(3), one(4, "8.00", void=True)]
    hold(world, ledger, card)
    entry = frozen(world)["differences"][0]
    assert (numbers(entry["only_card"]), numbers(entry["only_ledger"])) == ([], [9])
    assert numbers(entry["other"]) == [2, 3], "a void one is zero on both sides, whatever is printed on it"
    second = entry["other"]["shown"][0]
    assert (second["card"]["total"], second["ledger"]["total"]) == ("51.00", "50.00")
    third = entry["other"]["shown"][1]
    assert (third["card"]["void"], third["ledger"]["void"]) == (False, True)


def test_a_long_list_is_cut_and_counted_and_the_evidence_names_the_first_few(world):
    hold(world, [one(1)], [one(n) for n in range(1, 1001)])
    found = frozen(world)
    missing = found["differences"][0]["only_card"]
    assert (missing["count"], numbers(missing)) == (999, list(range(2, 2 + differing.SHOWN)))
    evidence = next(f["evidence"] for f in found["findings"])
    assert "999" in evidence and "00000006" in evidence and "00000007" not in evidence


def test_a_unit_that_the_ledger_does_not_hold_at_all_is_listed_too(world):
    hold(world, [], [one(1), one(2)])
    world.ledger.units.pop(UNIT)
    found = frozen(world)
    assert numbers(found["differences"][0]["only_card"]) == [1, 2]
    warning = next(f for f in found["findings"] if f["code"] == "unit_not_in_ledger")
    assert "00000001" in warning["evidence"]


def test_a_list_that_does_not_come_to_the_cards_own_statistics_is_said(world):
    hold(world, [one(1)], [one(1), one(2)], counted=5)
    found = frozen(world)
    entry = found["differences"][0]
    assert (entry["list_agrees"], entry["unnamed"], numbers(entry["only_card"])) == (False, 3, [2])
    assert "自己的统计" in found["findings"][0]["evidence"]


def test_without_a_list_the_gaps_inside_the_cards_volumes_are_named_and_it_is_said(world):
    hold(world, [one(n) for n in (10, 11, 14, 16)] + [one(90, code="9999999999")], None, counted=8)
    world.card.volumes = (
        Volume(SPECIAL, CODE, "00000001", "00000100"),
        Volume(ORDINARY, "9999999999", "00000001", "00000100"),
    )
    found = frozen(world)
    entry = found["differences"][0]
    assert (entry["by"], numbers(entry["only_card"])) == ("volume_gaps", [12, 13, 15])
    assert entry["only_card"]["shown"][0] == {"code": CODE, "number": "00000012"}
    assert numbers(entry["only_ledger"]) == [90], "a number in none of this type's volumes"
    assert entry["unnamed"] == 1, (
        "eight on the card: four known, three gaps, and one before the first or after the last"
    )
    assert entry["list_agrees"] is None
    assert "发票卷推断" in found["findings"][0]["evidence"]


def test_a_gap_of_millions_is_counted_without_being_written_out(world):
    hold(world, [one(1), one(50_000_000)], None, counted=3)
    world.card.volumes = (Volume(SPECIAL, CODE, "00000001", "99999999"),)
    missing = frozen(world)["differences"][0]["only_card"]
    assert (missing["count"], len(missing["shown"])) == (49_999_998, differing.SHOWN)


def test_a_unit_too_large_to_list_is_told_by_volumes_while_a_small_one_is_read(world, monkeypatch):
    monkeypatch.setattr(differing, "MOST_LISTED", 12)
    hold(world, [one(1), one(3)], [one(n) for n in range(1, 14)])
    world.card.counts[ORDINARY] = (11, Decimal("1130.00"))
    world.card.volumes = (Volume(SPECIAL, CODE, "00000001", "00000100"),)
    entries = world.previewed().frozen["differences"]
    assert [entry["by"] for entry in entries] == ["volume_gaps", "card_list"]
    assert [[unit.invoice_type for unit in asked] for asked in world.card.listed] == [[ORDINARY]]


def test_the_difference_is_part_of_what_the_revision_stands_for(world):
    hold(world, [one(1), one(3)], [one(1), one(2), one(3)])
    run = world.previewed()
    world.card.details = [one(1), one(2, code="4403201131"), one(3)]
    again = world.engine.freeze(run.id)
    assert again.frozen["differences"] != run.frozen["differences"]
    assert again.revision.partition("-")[2] != run.revision.partition("-")[2]


def test_a_card_that_goes_away_while_it_lists_freezes_nothing(world, monkeypatch):
    hold(world, [one(1)], [one(1), one(2)])
    run = world.declared()

    def gone(*_: Any) -> None:
        raise away()

    monkeypatch.setattr(world.card, "read_details", gone)
    with pytest.raises(NotReachable):
        world.engine.freeze(run.id)
    assert not world.engine.run(run.id).frozen


def test_the_words_are_english_where_english_is_asked_for(world, monkeypatch):
    monkeypatch.setenv("FAPIAO_LANG", "en")
    hold(world, [one(1)], [one(2, "7.00")])
    entry = frozen(world)["differences"][0]
    assert (
        differing.in_words(entry) == f"only on the device (1): {CODE} 00000002; only in the ledger (1): {CODE} 00000001"
    )
