"""Ledger, card and return side by side: what agrees, what differs and over which invoices, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import NotReachable
from fapiao_kernel.operations.reconciling.reconcile import reconcile
from fapiao_kernel.operations.reconciling.values import Agreement, Reconciliation
from fapiao_kernel.operations.reconciling.words import findings
from fapiao_kernel.ports.statements import ON_DEVICE, SPECIALS, Ground
from tests.operations.reconciling.making import (
    AT,
    CODE,
    DEVICE,
    OCTOBER,
    ORDINARY,
    SPECIAL,
    TAXPAYER,
    D,
    FakeBooks,
    FakeCard,
    figure,
    filed,
    other,
    sheet,
    statement,
)  # fmt: skip

THREE = [sheet(1), sheet(2, "50.00"), sheet(3, "70.00", void=True)]
AGREES, DIFFERS, UNKNOWN = Agreement.AGREES, Agreement.DIFFERS, Agreement.UNKNOWN


def run(books: FakeBooks, told: Any = (), back: Any = (), card: Any = None, **how: Any) -> Reconciliation:
    return reconcile(
        books,
        device_number=DEVICE,
        taxpayer_id=TAXPAYER,
        period=OCTOBER,
        told=told,
        filed=[back] if back else [],
        card=card,
        **how,
    )


def test_all_three_agree():
    found = run(FakeBooks(THREE), [statement(THREE)], filed(figure("150.00", "19.50", "004")))
    (line,) = found.lines
    assert (found.agreement, line.against_card, line.against_return) == (AGREES, AGREES, AGREES)
    assert (line.ledger.count, line.ledger.voids, line.card.voids, line.filed.total) == (3, 1, 1, D("169.50"))
    assert (line.card_apart.count, line.card_apart.amount, line.filed_apart.total) == (0, D("0.00"), D("0.00"))
    assert found.read_at == AT and line.named is None and line.explained is None


def test_a_card_that_was_never_read_is_unknown_and_not_ok():
    found = run(FakeBooks(THREE), (), filed(figure("150.00", "19.50", "004")))
    assert (found.against_card, found.against_return, found.agreement) == (UNKNOWN, AGREES, UNKNOWN)
    assert found.lines[0].card is None and found.read_at is None


def test_without_a_return_that_side_is_unknown():
    found = run(FakeBooks(THREE), [statement(THREE)])
    assert (found.against_card, found.against_return, found.agreement) == (AGREES, UNKNOWN, UNKNOWN)


def test_with_nothing_on_either_side_nothing_is_known():
    assert run(FakeBooks([])).agreement is UNKNOWN


def test_a_difference_with_the_card_is_named_from_its_list():
    issued = [*THREE, sheet(4, "30.00")]
    card = FakeCard(issued)
    found = run(FakeBooks(THREE), [statement(issued)], card=card)
    (line,) = found.lines
    assert (found.agreement, line.card_apart.count, line.card_apart.amount) == (DIFFERS, -1, D("-30.00"))
    assert [row["number"] for row in line.named["only_card"]["shown"]] == ["00000004"]
    assert line.named["by"] == "card_list"


def test_a_card_that_cannot_list_is_told_by_its_volumes():
    ledger = [sheet(1), sheet(3)]
    card = FakeCard(None, [Volume(SPECIAL, CODE, "00000001", "00000100")])
    found = run(FakeBooks(ledger), [statement([sheet(1), sheet(2), sheet(3)])], card=card)
    named = found.lines[0].named
    assert (named["by"], [row["number"] for row in named["only_card"]["shown"]]) == ("volume_gaps", ["00000002"])


def test_only_units_that_differ_are_listed_and_the_ledger_is_read_once():
    mine = [*THREE, sheet(1, kind=ORDINARY)]
    books, card = FakeBooks(mine), FakeCard(mine)
    run(books, [statement([*THREE, sheet(9)]), statement(mine, ORDINARY)], card=card)
    assert [unit.invoice_type for unit in card.asked] == [SPECIAL]
    assert books.streamed == len(THREE)


def test_a_card_that_goes_away_while_it_lists_leaves_the_figures_standing():
    class Broken(FakeCard):
        def read_details(self, units: Any, progress: Any = None) -> Any:
            raise NotReachable("agent_stopping")

    found = run(FakeBooks(THREE), [statement(THREE[:2])], card=Broken(None))
    assert found.lines[0].against_card is DIFFERS and found.lines[0].named is None
    assert found.errors["card"]


def test_a_void_on_one_side_alone_differs_even_when_the_sums_are_alike():
    ledger = [sheet(1), sheet(2, "0.00")]
    issued = [sheet(1), sheet(2, "0.00", void=True)]
    found = run(FakeBooks(ledger), [statement(issued)], card=FakeCard(issued))
    assert (found.lines[0].card_apart.count, found.lines[0].card_apart.voids) == (0, -1)
    assert found.lines[0].named["other"]["count"] == 1


def test_a_type_that_the_ledger_lacks_is_a_line_of_its_own():
    found = run(FakeBooks(THREE), [statement(THREE), statement([sheet(9, kind=ORDINARY)], ORDINARY)])
    assert [(line.scope.invoice_type, line.ledger.count, line.against_card) for line in found.lines] == [
        ("004", 3, AGREES),
        ("007", 0, DIFFERS),
    ]


def test_a_type_that_the_card_did_not_name_counts_as_none_there():
    found = run(FakeBooks([*THREE, sheet(9, kind=ORDINARY)]), [statement(THREE)])
    assert [(line.card.count, line.against_card) for line in found.lines] == [(3, AGREES), (0, DIFFERS)]


@pytest.mark.parametrize(("tolerance", "agreement"), [("0.00", DIFFERS), ("0.01", DIFFERS), ("0.02", AGREES)])
def test_the_tolerance_is_to_the_fen_and_nothing_by_default(tolerance, agreement):
    back = filed(figure("150.02", "19.50", "004"))
    found = run(FakeBooks(THREE), [statement(THREE)], back, tolerance=D(tolerance))
    assert found.against_return is agreement


def test_sheets_have_no_tolerance():
    found = run(FakeBooks(THREE), [statement(THREE, positive=3)], tolerance=D("1000.00"))
    assert found.against_card is DIFFERS


def test_the_one_invoice_that_a_return_lacks_is_told():
    found = run(FakeBooks(THREE), [statement(THREE)], filed(figure("100.00", "13.00", "004")))
    (only,) = found.lines[0].explained.sets
    assert [(one.number, one.total, one.grounds) for one in only] == [("00000002", D("56.50"), (Ground.EQUAL,))]


def test_a_whole_ground_that_comes_to_the_difference_is_told_as_such():
    others = [
        other(1, Ground.FULLY_DIGITAL, "10.00"),
        other(2, Ground.FULLY_DIGITAL, "20.00"),
        other(3, Ground.UNSENT, "7.00"),
    ]
    found = run(FakeBooks(THREE, others), [statement(THREE)], filed(figure("157.00", "20.41")))
    line = found.lines[-1]
    assert [(one.ground, one.count, one.total) for one in line.explained.exact] == [
        (Ground.FULLY_DIGITAL, 2, D("33.90"))
    ]
    assert [[one.number[-1] for one in each] for each in line.explained.sets] == [["1", "2"]]
    assert line.explained.whole


def test_a_difference_that_nothing_explains_says_that_all_was_tried():
    found = run(FakeBooks(THREE, [other(1, Ground.LATE)]), [statement(THREE)], filed(figure("1.00", "0.13")))
    explained = found.lines[-1].explained
    assert (explained.sets, explained.exact, explained.whole) == ((), (), True)


def test_what_the_tax_side_compares_stands_beside_the_cards_own_total():
    back = filed(figure("150.00", "19.50", ON_DEVICE))
    line = run(FakeBooks(THREE, [other(1, Ground.FULLY_DIGITAL)]), [statement(THREE)], back).lines[-1]
    assert (line.scope.invoice_type, line.card.total, line.filed.total) == (ON_DEVICE, D("169.50"), D("169.50"))
    assert line.against_return is AGREES


def test_a_return_told_in_part_agrees_only_once_all_of_it_is_told():
    books, told = FakeBooks([*THREE, sheet(9, kind=ORDINARY)]), figure("150.00", "19.50", "004")
    found = run(books, [statement(THREE), statement([sheet(9, kind=ORDINARY)], ORDINARY)], filed(told))
    assert (found.against_return, found.agreement) == (UNKNOWN, UNKNOWN)
    assert found.lines[0].against_return is AGREES
    assert "reconcile_return_partly" in [one.code for one in findings(found)]
    whole = run(books, [statement(THREE)], filed(told, figure("100.00", "13.00", "007")))
    assert whole.against_return is AGREES


def test_the_returns_own_columns_say_which_types_they_add_up():
    found = run(FakeBooks(THREE), [statement(THREE)], filed(figure("150.00", "19.50", SPECIALS)))
    assert "reconcile_columns" in [one.code for one in findings(found)]


def test_a_figure_of_other_invoices_than_the_cards_is_a_line_of_its_own():
    lines = run(FakeBooks(THREE), [statement(THREE)], filed(figure("150.00", "19.50", "004", "0.13"))).lines
    assert [(line.scope.rate, line.card is not None, line.filed is not None) for line in lines] == [
        ("", True, False),
        ("0.13", False, True),
    ]
