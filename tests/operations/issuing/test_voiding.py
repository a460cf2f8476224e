"""Voiding and taking back: rows of their own, confirmed, within bounds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import OutcomeUnknown, Refused
from fapiao_kernel.domain.invoice import InvoiceStatus
from fapiao_kernel.operations.issuing.outcomes import Outcome
from tests.operations.fakes import PIN
from tests.operations.issuing.world import ADDRESS, World, request

CODE, FIRST = "4200261130", "00000001"


@pytest.fixture
def issued(world: World) -> World:
    world.issue(request())
    return world


def void(world: World, typed: str = "0001") -> object:
    return world.engine.void(ADDRESS, CODE, FIRST, typed, PIN, "陈会计")


def test_a_void_is_on_card_and_in_ledger(issued: World) -> None:
    result = void(issued)
    assert result.outcome is Outcome.DONE  # type: ignore[attr-defined]  # a result
    assert issued.card.issued[CODE, FIRST].void
    assert issued.books.rows[CODE, FIRST].status is InvoiceStatus.VOID
    assert issued.kinds()[-3:] == ["void.intent", "void.done", "void.entered"]


@pytest.mark.parametrize("typed", ["", "0002", "00000001", "001"])
def test_a_void_needs_the_last_four_digits(issued: World, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        void(issued, typed)
    assert refusal.value.code == "void_not_confirmed"
    assert not issued.card.issued[CODE, FIRST].void


def test_the_same_void_twice_is_one(issued: World) -> None:
    void(issued)
    issued.restart()
    assert void(issued).outcome is Outcome.AGAIN  # type: ignore[attr-defined]  # a result
    assert issued.card.applied.count(("void", FIRST)) == 1


def test_a_lost_void_is_settled_by_asking(issued: World) -> None:
    issued.card.fault = "lost"
    with pytest.raises(OutcomeUnknown):
        void(issued)
    (settled,) = issued.engine.settle(ADDRESS)
    assert (settled.outcome, settled.entered) == (Outcome.DONE, True)
    assert issued.books.rows[CODE, FIRST].status is InvoiceStatus.VOID


def test_a_void_that_never_arrived_is_settled_as_not_done(issued: World) -> None:
    issued.card.fault = "lost_before"
    with pytest.raises(OutcomeUnknown):
        void(issued)
    (settled,) = issued.engine.settle(ADDRESS)
    assert settled.outcome is Outcome.NOT_DONE
    assert issued.books.rows[CODE, FIRST].status is InvoiceStatus.NORMAL


def test_what_other_software_voided_only_comes_into_the_ledger(issued: World) -> None:
    issued.card.issued[CODE, FIRST] = replace(issued.card.issued[CODE, FIRST], void=True)
    assert void(issued).outcome is Outcome.DONE  # type: ignore[attr-defined]  # a result
    assert ("void", FIRST) not in issued.card.applied
    assert issued.books.rows[CODE, FIRST].status is InvoiceStatus.VOID


@pytest.mark.parametrize("why", ["reported", "closed", "unknown", "elsewhere", "red"])
def test_what_cannot_be_voided_is_refused_with_its_reason(issued: World, why: str) -> None:
    match why:
        case "reported":
            issued.card.reported, code = True, "void_too_late"
        case "closed":
            issued.books.closed_by, code = "run-1", "void_too_late"
        case "unknown":
            issued.books.rows.clear()
            code = "void_not_in_ledger"
        case "elsewhere":
            issued.card.issued.clear()
            code = "void_not_on_card"
        case _:
            issued.issue(issued.engine.red(ADDRESS, CODE, FIRST))
            code = "void_has_red"
    with pytest.raises(Refused) as refusal:
        void(issued)
    assert refusal.value.code == code
    assert ("void", FIRST) not in issued.card.applied


def test_a_red_invoice_takes_the_blue_one_back(issued: World) -> None:
    asked = issued.engine.red(ADDRESS, CODE, FIRST, "信息表 4200112345678901")
    result = issued.issue(asked)
    assert result.invoice is not None
    assert (result.invoice.red, result.invoice.red_of, result.invoice.total) == (True, CODE + FIRST, Decimal("-113.00"))
    assert result.invoice.remark.startswith(f"对应正数发票代码:{CODE}号码:{FIRST}")
    assert result.findings == ()


def test_a_blue_invoice_is_taken_back_once(issued: World) -> None:
    asked = issued.engine.red(ADDRESS, CODE, FIRST)
    issued.issue(asked)
    with pytest.raises(Refused) as refusal:
        issued.issue(replace(asked, id="another"))
    assert refusal.value.code == "red_exceeds"


def test_a_red_one_that_the_ledger_has_still_to_learn_of_counts(issued: World) -> None:
    issued.books.failing = True
    asked = issued.engine.red(ADDRESS, CODE, FIRST)
    issued.issue(asked)
    with pytest.raises(Refused) as refusal:
        issued.issue(replace(asked, id="another"))
    assert refusal.value.code == "red_exceeds"


def test_a_void_blue_invoice_cannot_be_taken_back(issued: World) -> None:
    asked = issued.engine.red(ADDRESS, CODE, FIRST)
    void(issued)
    with pytest.raises(Refused) as refusal:
        issued.issue(asked)
    assert refusal.value.code == "red_wrong_blue"


def test_a_find_shows_card_and_ledger_side_by_side(issued: World) -> None:
    found = issued.engine.find(ADDRESS, "", FIRST)
    assert (found.code, found.agree) == (CODE, True)
    issued.card.issued[CODE, FIRST] = replace(issued.card.issued[CODE, FIRST], void=True)
    assert not issued.engine.find(ADDRESS, CODE, FIRST).agree
    none = issued.engine.find(ADDRESS, "", "00000099")
    assert (none.on_card, none.held, none.agree) == (None, None, False)


def test_what_neither_card_nor_ledger_has_is_refused_with_that(issued: World) -> None:
    with pytest.raises(Refused) as refusal:
        issued.engine.void(ADDRESS, "", "00000099", "0099", PIN)
    assert refusal.value.code == "void_not_on_card"


def test_a_blue_invoice_whose_red_one_was_voided_is_taken_back_again(issued: World) -> None:
    first = issued.issue(issued.engine.red(ADDRESS, CODE, FIRST)).invoice
    assert first is not None
    issued.engine.void(ADDRESS, CODE, first.number, first.number[-4:], PIN)
    asked = issued.engine.red(ADDRESS, CODE, FIRST)
    second = issued.issue(asked)
    assert second.outcome is Outcome.DONE
    assert second.invoice is not None and second.invoice.number != first.number
    assert issued.issue(issued.engine.red(ADDRESS, CODE, FIRST)).outcome is Outcome.AGAIN


def test_a_red_invoice_is_not_taken_back(issued: World) -> None:
    red = issued.issue(issued.engine.red(ADDRESS, CODE, FIRST)).invoice
    assert red is not None
    with pytest.raises(Refused) as refusal:
        issued.engine.red(ADDRESS, CODE, red.number)
    assert refusal.value.code == "red_wrong_blue"
