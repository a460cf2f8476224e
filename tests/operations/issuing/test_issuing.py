"""Issuing: once for an id, and then in the ledger."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.errors import NotReachable, OutcomeUnknown, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.operations.issuing.acts import digest
from fapiao_kernel.operations.issuing.outcomes import Outcome
from tests.operations.fakes import PIN
from tests.operations.issuing.world import ADDRESS, ORDINARY, SPECIAL, World, request


def test_an_invoice_is_issued_under_the_next_number_and_is_in_the_ledger(world: World) -> None:
    result = world.issue(request())
    assert (result.outcome, result.entered) == (Outcome.DONE, True)
    assert result.invoice is not None and result.invoice.key == ("4200261130", "00000001")
    row = world.books.rows[result.invoice.key]
    assert (row.total, row.machine_number, row.buyer_name) == (Decimal("113.00"), "999900001234", "北京样例有限公司")
    assert world.kinds() == ["issue.intent", "issue.done", "issue.entered"]


def test_the_intent_is_on_the_disk_before_the_card_is_asked(world: World) -> None:
    seen: list[list[str]] = []
    world.card.at_issue = lambda: seen.append(world.kinds())
    world.issue(request())
    assert seen == [["issue.intent"]]


def test_an_intent_that_cannot_be_written_sends_nothing(world: World) -> None:
    def full(n: int, kind: str) -> None:
        raise Refused("journal_unwritable", folder="/", reason="disk full")

    world.journal.before = full
    with pytest.raises(Refused):
        world.issue(request())
    assert world.card.applied == []


def test_no_record_holds_the_pin(world: World) -> None:
    world.issue(request())
    assert PIN not in json.dumps([record.data for record in world.journal.kept], ensure_ascii=False)


def test_the_same_id_is_the_same_invoice(world: World) -> None:
    first, second = world.issue(request()), world.issue(request())
    assert second.outcome is Outcome.AGAIN
    assert second.invoice is not None and first.invoice is not None and second.invoice.key == first.invoice.key
    assert len(world.card.applied) == 1


def test_the_same_id_is_the_same_invoice_after_a_restart(world: World) -> None:
    first = world.issue(request())
    world.restart()
    second = world.issue(request())
    assert second.invoice is not None and first.invoice is not None
    assert (second.outcome, second.invoice.key) == (Outcome.AGAIN, first.invoice.key)
    assert (second.invoice.total, second.control_code) == (first.invoice.total, first.control_code)
    assert len(world.card.applied) == 1


def test_the_same_id_with_other_contents_is_refused(world: World) -> None:
    world.issue(request())
    with pytest.raises(Refused) as refusal:
        world.issue(request(amount="200.00"))
    assert refusal.value.code == "issue_id_used"
    assert len(world.card.applied) == 1


def test_two_at_once_under_one_id_are_one(world: World) -> None:
    results = []
    threads = [threading.Thread(target=lambda: results.append(world.issue(request()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.card.applied) == 1
    assert sorted(r.outcome for r in results) == [Outcome.AGAIN] * 3 + [Outcome.DONE]


def test_what_the_card_refuses_is_written_and_can_be_asked_for_again(world: World) -> None:
    world.card.fault = "refuse"
    with pytest.raises(Refused):
        world.issue(request())
    assert world.kinds() == ["issue.intent", "issue.refused"]
    assert world.issue(request()).outcome is Outcome.DONE


def test_what_was_not_sent_is_refused_not_unknown(world: World) -> None:
    world.card.fault = "not_sent"
    with pytest.raises(NotReachable):
        world.issue(request())
    assert world.engine.unsettled() == ()


@pytest.mark.parametrize("fault", ["lost", "bug"])
def test_a_lost_answer_is_unknown_and_asking_finds_it_issued(world: World, fault: str) -> None:
    world.card.fault = fault
    with pytest.raises((OutcomeUnknown, RuntimeError)):
        world.issue(request())
    assert world.kinds()[-1] == "issue.unknown"
    (settled,) = world.engine.settle(ADDRESS)
    assert (settled.outcome, settled.entered) == (Outcome.DONE, True)
    assert len(world.card.applied) == 1
    assert world.issue(request()).outcome is Outcome.AGAIN


def test_a_command_that_never_arrived_is_proven_not_done_by_the_next_number(world: World) -> None:
    world.card.fault = "lost_before"
    with pytest.raises(OutcomeUnknown):
        world.issue(request())
    (settled,) = world.engine.settle(ADDRESS)
    assert settled.outcome is Outcome.NOT_DONE
    assert world.card.applied == []
    assert world.books.rows == {}


def test_a_card_that_does_not_tell_leaves_it_unknown_and_nothing_else_is_issued(world: World) -> None:
    world.card.fault, world.card.blind = "lost", True
    with pytest.raises(OutcomeUnknown):
        world.issue(request())
    with pytest.raises(OutcomeUnknown) as unclear:
        world.issue(request("R2"))
    assert (unclear.value.code, unclear.value.effect) == ("issue_unclear", Effect.UNKNOWN)
    assert len(world.card.applied) == 1


def test_another_invoice_under_the_number_proves_that_ours_was_refused(world: World) -> None:
    world.card.fault = "lost_before"
    with pytest.raises(OutcomeUnknown):
        world.issue(request())
    other = World()
    other.issue(request("X", "7.00"))
    world.card.issued.update(other.card.issued)
    world.card.next[SPECIAL] = 2
    (settled,) = world.engine.settle(ADDRESS)
    assert settled.outcome is Outcome.NOT_DONE


def test_another_card_in_the_place_settles_nothing(world: World) -> None:
    world.card.fault = "lost"
    with pytest.raises(OutcomeUnknown):
        world.issue(request())
    world.card.identity = replace(world.card.identity, device_number="999900009999")
    with pytest.raises(Refused) as refusal:
        world.engine.settle(ADDRESS)
    assert refusal.value.code == "other_card"
    assert len(world.engine.unsettled()) == 1


def test_a_ledger_that_does_not_take_it_is_told_and_made_up_for(world: World) -> None:
    world.books.failing = True
    result = world.issue(request())
    assert (result.outcome, result.entered) == (Outcome.DONE, False)
    assert [f.code for f in result.findings] == ["issue_not_entered"]
    world.books.failing = False
    world.restart()
    world.engine.settle_open()
    assert len(world.books.rows) == 1
    assert world.engine.unsettled() == ()


def test_a_wrong_pin_is_shown_once(world: World) -> None:
    results = world.engine.batch(ADDRESS, [request("R1"), request("R2")], "00000000")
    assert [r.outcome for r in results] == [Outcome.REFUSED, Outcome.NOT_BEGUN]
    assert world.card.pin_shown == ["00000000"]
    assert world.kinds() == []


def test_without_a_pin_nothing_is_written_or_sent(world: World) -> None:
    with pytest.raises(Refused):
        world.issue(request(), pin="")
    assert world.kinds() == []


def test_nothing_is_issued_while_a_clear_holds_the_card(world: World) -> None:
    class Clear:
        id, over, card, device_number, outcomes = "run-1", False, ADDRESS, "", {}
        state = State.CONFIRMED

    world.runs = [Clear()]  # type: ignore[list-item]  # no whole run is needed
    with pytest.raises(Refused) as refusal:
        world.issue(request())
    assert refusal.value.code == "issue_clear_under_way"
    Clear.state = State.PREVIEWED
    assert world.issue(request()).outcome is Outcome.DONE


@pytest.mark.parametrize(
    "change", [{"buyer_name": "另一家"}, {"remark": "x"}, {"lines": request(amount="99.00").lines}, {"kind": ORDINARY}]
)
def test_any_other_content_under_an_id_is_another_request(change: dict[str, object]) -> None:
    assert digest(request()) == digest(request())
    given = {**change}
    kind = given.pop("kind", SPECIAL)
    assert digest(replace(request(kind=kind), **given)) != digest(request())  # type: ignore[arg-type]  # fields of any type


def test_a_new_practice_world_begins_with_an_empty_book(world: World) -> None:
    world.card.fault = "lost"
    with pytest.raises(OutcomeUnknown):
        world.issue(request())
    world.journal.append("practice.started", {})
    assert world.engine.unsettled() == ()
    world.card.issued.clear()
    world.card.next[SPECIAL] = 1
    assert world.issue(request()).outcome is Outcome.DONE


def test_types_have_numbers_of_their_own(world: World) -> None:
    world.issue(request("R1"))
    other = world.issue(request("R2", kind=ORDINARY))
    assert other.invoice is not None and other.invoice.key == ("4200261320", "00000001")


def test_an_empty_volume_is_refused(world: World) -> None:
    world.card.last = 1
    world.issue(request("R1"))
    with pytest.raises(Refused) as refusal:
        world.issue(request("R2"))
    assert refusal.value.code == "issue_no_number"
