"""What stands in a request's way, and a batch's course."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceLine, InvoiceType
from fapiao_kernel.operations.issuing.outcomes import Outcome
from fapiao_kernel.operations.issuing.validating import valid_id
from tests.operations.fakes import PIN
from tests.operations.issuing.world import ADDRESS, ORDINARY, World, request


def line(amount: str, rate: str, tax: str, **more: str) -> InvoiceLine:
    return InvoiceLine("轴承", Decimal(amount), rate, Decimal(tax), **more)


def codes(world: World, asked) -> list[str]:
    (row,) = world.engine.preview(ADDRESS, [asked]).rows
    return [found.code for found in row.findings]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": " "}, "issue_id_bad"),
        ({"invoice_type": InvoiceType.ROLL}, "issue_type_not_on_card"),
        ({"buyer_name": " "}, "issue_no_buyer"),
        ({"buyer_id": ""}, "issue_no_buyer_id"),
        ({"buyer_id": "911100006000373411"}, "issue_buyer_id_odd"),
        ({"lines": ()}, "issue_no_lines"),
        ({"lines": (line("-1.00", "0.13", "-0.13"),)}, "issue_sign"),
        ({"lines": (replace(line("1.00", "0.13", "0.13"), item=""),)}, "issue_line_unnamed"),
        ({"lines": (line("100.00", "0.17", "17.00"),)}, "issue_rate"),
        ({"lines": (line("100.00", "0.13", "13.07"),)}, "issue_tax"),
        ({"lines": (line("100.00", "免税", "1.00"),)}, "issue_tax"),
        ({"lines": (line("100.00", "0.13", "13.00", quantity="3", price="33"),)}, "issue_price"),
        ({"red_of": ("4200261130", "00000001")}, "issue_sign"),
    ],
)
def test_each_fault_has_its_finding(world: World, change: dict[str, object], code: str) -> None:
    assert code in codes(world, replace(request(), **change))  # type: ignore[arg-type]  # fields of any type


@pytest.mark.parametrize("tax", ["12.94", "13.00", "13.06"])
def test_tax_within_six_fen_a_line_is_taken(world: World, tax: str) -> None:
    assert codes(world, replace(request(), lines=(line("100.00", "0.13", tax),))) == []


def test_a_locked_card_is_told(world: World) -> None:
    world.card.lock_date = world.clock.now().date().replace(day=1)
    assert codes(world, request()) == ["issue_locked"]


def test_a_blocked_request_never_reaches_the_card(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        world.issue(replace(request(), lines=(line("100.00", "0.17", "17.00"),)))
    assert refusal.value.code == "issue_rate"
    assert world.kinds() == []


def test_taxpayer_ids_are_checked_by_their_check_digit() -> None:
    assert all(valid_id(id) for id in ("91110000600037341L", "91440300708461136T", "420100123456789"))
    assert not any(valid_id(id) for id in ("91110000600037342L", "9111000060003734", "９1110000600037341L"))


def test_a_preview_numbers_the_rows_and_changes_nothing(world: World) -> None:
    rows = world.engine.preview(ADDRESS, [request("a"), request("b", kind=ORDINARY), request("c")]).rows
    assert [(r.code[-4:], r.number) for r in rows] == [
        ("1130", "00000001"), ("1320", "00000001"), ("1130", "00000002"),
    ]  # fmt: skip
    assert world.kinds() == [] and world.card.applied == []


def test_a_preview_tells_when_the_numbers_run_out_and_when_an_id_stands_twice(world: World) -> None:
    world.card.last = 1
    rows = world.engine.preview(ADDRESS, [request("a"), request("b"), request("b")]).rows
    assert [[f.code for f in row.findings] for row in rows] == [
        [], ["issue_id_twice", "issue_no_number"], ["issue_id_twice", "issue_no_number"],
    ]  # fmt: skip


def test_a_batch_goes_on_after_a_refusal_and_ends_at_the_first_unknown(world: World) -> None:
    calls = iter(["", "refuse", "", "lost", ""])
    world.card.at_issue = lambda: setattr(world.card, "fault", next(calls))
    batch = [request(id) for id in "abcde"]
    results = world.engine.batch(ADDRESS, batch, PIN)
    assert [r.outcome for r in results] == [
        Outcome.DONE, Outcome.REFUSED, Outcome.DONE, Outcome.UNKNOWN, Outcome.NOT_BEGUN,
    ]  # fmt: skip
    assert world.card.pin_shown == [PIN]


def test_a_batch_again_goes_on_where_it_ended(world: World) -> None:
    calls = iter(["", "lost", "", ""])
    world.card.at_issue = lambda: setattr(world.card, "fault", next(calls))
    batch = [request(id) for id in "abcd"]
    world.engine.batch(ADDRESS, batch, PIN)
    world.restart()
    results = world.engine.batch(ADDRESS, batch, PIN)
    assert [r.outcome for r in results] == [Outcome.AGAIN, Outcome.AGAIN, Outcome.DONE, Outcome.DONE]
    assert len(world.card.applied) == len(world.books.rows) == 4


def test_a_batch_stops_between_two(world: World) -> None:
    done: list[int] = []
    results = world.engine.batch(
        ADDRESS, [request("a"), request("b"), request("c")], PIN,
        stop=lambda: len(done) == 2, progress=lambda label, at, of: done.append(at),
    )  # fmt: skip
    assert [r.outcome for r in results] == [Outcome.DONE, Outcome.DONE, Outcome.NOT_BEGUN]
