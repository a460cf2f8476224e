"""Approval: what policy asks for besides the typed confirmation. Off by default."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pytest

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable
from fapiao_kernel.operations.clearing.approving import MOST_WRONG
from fapiao_kernel.operations.clearing.confirming import Confirmation
from fapiao_kernel.operations.clearing.policy import NO_POLICY
from fapiao_kernel.ports import Need
from tests.operations.fakes import NUMBER, PIN
from tests.operations.world import World

CODE = "73-91-46"
"""No run of hexadecimal digits: it could stand in a hash by chance."""
SECOND = "李主管"


class House:
    """A house's rules: what it needs, one right code, and who may approve."""

    def __init__(self, *needs: Need) -> None:
        self.asked = needs
        self.may = {SECOND, "tester", "typist"}

    def needs(self, device_number: str) -> tuple[Need, ...]:
        return self.asked

    def code_is_right(self, run: str, revision: str, code: str) -> bool:
        return code == CODE

    def may_approve(self, who: str, opened_by: str) -> bool:
        return who in self.may

    def maintenance(self, now: datetime) -> str:
        return ""


BOTH = (Need.CODE, Need.SECOND_PERSON)


def in_house(world: World, *needs: Need) -> House:
    """The world with an engine that follows these rules, also after a restart."""
    house = House(*needs)
    world.policy = house
    world.start()
    return house


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FapiaoError) as refused:
        call()
    return refused.value.code


def confirm(world: World, run: Run, who: str = "") -> Confirmation:
    return world.engine.confirm(run.id, run.revision, NUMBER[-4:], world.period, who)


def approve(world: World, run: Run, who: str = SECOND, code: str = "") -> Run:
    return world.engine.approve(run.id, run.revision, who, code)


def awaiting(world: World, *needs: Need) -> Run:
    in_house(world, *needs)
    run = world.previewed()
    confirm(world, run)
    return world.engine.run(run.id)


def test_by_default_nothing_is_asked_for(world: World) -> None:
    run = world.previewed()
    given = confirm(world, run)
    assert given.needs == ()
    assert given.token
    assert world.engine.run(run.id).state is State.CONFIRMED


def test_without_rules_no_approval_counts(world: World) -> None:
    assert NO_POLICY.needs(NUMBER) == ()
    assert not NO_POLICY.code_is_right("run", "r1", "")
    assert not NO_POLICY.may_approve(SECOND, "tester")
    run = world.previewed()
    assert code_of(lambda: approve(world, run)) == "wrong_step"


def test_a_confirmation_that_needs_more_waits_and_gives_no_token(world: World) -> None:
    in_house(world, *BOTH)
    run = world.previewed()
    assert confirm(world, run) == Confirmation("", "", BOTH)
    after = world.engine.run(run.id)
    assert after.state is State.AWAITING
    assert after.facts[Event.CONFIRM_ASKED] == {
        "revision": run.revision,
        "device_tail": NUMBER[-4:],
        "period": world.period,
        "needs": ["code", "second_person"],
    }
    assert code_of(lambda: world.engine.execute(run.id, run.revision, "", PIN)) == "not_confirmed"


def test_what_is_typed_must_match_before_anything_is_asked_for(world: World) -> None:
    in_house(world, *BOTH)
    run = world.previewed()
    assert code_of(lambda: world.engine.confirm(run.id, run.revision, "0000", world.period)) == "confirmation_differs"
    assert world.engine.run(run.id).state is State.PREVIEWED


def test_when_every_need_is_given_confirming_again_gives_the_token(world: World) -> None:
    run = awaiting(world, *BOTH)
    approve(world, run, "tester", CODE)
    assert confirm(world, run).needs == (Need.SECOND_PERSON,)
    approve(world, run)
    token = confirm(world, run).token
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"


def test_an_approval_says_who_and_never_the_code(world: World) -> None:
    run = awaiting(world, *BOTH)
    code_of(lambda: approve(world, run, "tester", "11-12-22"))
    approve(world, run, "tester", CODE)
    run = approve(world, run)
    assert [dict(one) for one in run.approvals] == [
        {"revision": run.revision, "need": "code", "who": "tester"},
        {"revision": run.revision, "need": "second_person", "who": SECOND},
    ]
    assert world.journal.kept[-1].who == SECOND
    everything = repr(world.journal.kept) + repr(run)
    assert CODE not in everything
    assert "11-12-22" not in everything


def test_a_confirmation_does_not_show_its_token(world: World) -> None:
    given = confirm(world, world.previewed())
    assert given.token not in repr(given)


def test_who_opened_the_run_is_never_the_second_person(world: World) -> None:
    run = awaiting(world, Need.SECOND_PERSON)
    assert code_of(lambda: approve(world, run, "tester")) == "approver_not_second"
    refused = world.journal.records(run=run.id)[-1]
    assert (refused.kind, refused.who) == (Event.APPROVAL_REFUSED, "tester")
    assert world.engine.run(run.id).approvals == ()


def test_who_typed_the_confirmation_is_never_the_second_person(world: World) -> None:
    in_house(world, Need.SECOND_PERSON)
    run = world.previewed()
    confirm(world, run, "typist")
    assert code_of(lambda: approve(world, run, "typist")) == "approver_not_second"


@pytest.mark.parametrize("who", ["", " ", "路人"])
def test_somebody_whom_policy_does_not_know_does_not_approve(world: World, who: str) -> None:
    run = awaiting(world, Need.SECOND_PERSON)
    assert code_of(lambda: approve(world, run, who)) == "approver_not_second"
    assert confirm(world, run).token == ""


def test_a_code_is_no_second_person_and_a_second_person_no_code(world: World) -> None:
    run = awaiting(world, Need.SECOND_PERSON)
    assert code_of(lambda: approve(world, run, SECOND, CODE)) == "approval_not_asked"
    run = world.engine.freeze(run.id)
    world.policy = House(Need.CODE)
    world.start()
    confirm(world, run)
    assert code_of(lambda: approve(world, run, SECOND)) == "approval_code_missing"
    assert world.engine.run(run.id).approvals == ()


def test_an_approval_sent_twice_is_one(world: World) -> None:
    run = awaiting(world, *BOTH)
    assert approve(world, run) == approve(world, run)
    assert world.journal.kinds(run.id).count(Event.APPROVED) == 1


def test_a_confirmation_sent_twice_asks_once_and_keeps_the_approvals(world: World) -> None:
    run = awaiting(world, *BOTH)
    approve(world, run)
    assert confirm(world, run).needs == (Need.CODE,)
    assert world.journal.kinds(run.id).count(Event.CONFIRM_ASKED) == 1


def test_five_wrong_codes_make_the_preview_void(world: World) -> None:
    run = awaiting(world, *BOTH)
    codes = [code_of(lambda: approve(world, run, "tester", "000000")) for _ in range(MOST_WRONG)]
    assert codes == ["approval_code_wrong"] * 4 + ["approval_codes_spent"]
    after = world.engine.run(run.id)
    assert (after.state, after.revision, after.approvals) == (State.DECLARED, "", ())
    assert after.facts[Event.VOIDED]["reason_code"] == "void_codes_wrong"
    assert code_of(lambda: approve(world, run, "tester", CODE)) == "wrong_step"


def test_wrong_codes_are_counted_across_a_restart(world: World) -> None:
    run = awaiting(world, Need.CODE)
    for _ in range(MOST_WRONG - 1):
        code_of(lambda: approve(world, run, "tester", "000000"))
    world.start().settle_open()
    assert code_of(lambda: approve(world, run, "tester", "999999")) == "approval_codes_spent"


def test_refused_second_persons_use_up_no_code(world: World) -> None:
    run = awaiting(world, *BOTH)
    for _ in range(MOST_WRONG + 1):
        code_of(lambda: approve(world, run, "tester"))
    assert world.engine.run(run.id).state is State.AWAITING
    assert [one["need"] for one in approve(world, run, "tester", CODE).approvals] == ["code"]


def test_people_who_guess_at_once_have_no_more_tries_than_one(world: World) -> None:
    run = awaiting(world, Need.CODE)
    barrier, codes = threading.Barrier(10), []

    def guess() -> None:
        barrier.wait()
        try:
            approve(world, run, "tester", "000000")
        except FapiaoError as refused:
            codes.append(refused.code)

    threads = [threading.Thread(target=guess) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["approval_code_wrong"] * 4 + ["approval_codes_spent"] + ["wrong_step"] * 5
    assert world.journal.kinds(run.id).count(Event.APPROVAL_REFUSED) == MOST_WRONG


def test_a_new_preview_forgets_the_approvals(world: World) -> None:
    run = awaiting(world, Need.SECOND_PERSON)
    approve(world, run)
    run = world.engine.freeze(run.id)
    assert (run.state, run.approvals) == (State.PREVIEWED, ())
    assert confirm(world, run).needs == (Need.SECOND_PERSON,)


def test_an_approval_of_an_older_revision_is_refused(world: World) -> None:
    old = awaiting(world, Need.SECOND_PERSON)
    new = world.engine.freeze(old.id)
    confirm(world, new)
    assert code_of(lambda: approve(world, old)) == "revision_unknown"


def test_a_crash_while_waiting_leaves_it_waiting_with_what_was_given(world: World) -> None:
    run = awaiting(world, *BOTH)
    approve(world, run)
    world.start().settle_open()
    after = world.engine.run(run.id)
    assert after.state is State.AWAITING
    assert [one["who"] for one in after.approvals] == [SECOND]
    approve(world, after, "tester", CODE)
    token = confirm(world, after).token
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"


def test_after_a_wrong_pin_the_approvals_still_stand(world: World) -> None:
    run = awaiting(world, Need.SECOND_PERSON)
    approve(world, run)
    token = confirm(world, run).token
    code_of(lambda: world.engine.execute(run.id, run.revision, token, "00000000"))
    token = confirm(world, run).token
    assert world.engine.execute(run.id, run.revision, token, PIN).verdict == "cleared"


def test_rules_that_ask_for_more_after_the_confirmation_lead_through_a_new_preview(world: World) -> None:
    in_house(world)
    run, _ = world.confirmed()
    in_house(world, Need.CODE)
    assert code_of(lambda: confirm(world, run)) == "approval_missing"
    assert confirm(world, world.engine.freeze(run.id)).needs == (Need.CODE,)


def test_nothing_is_approved_before_the_confirmation_was_typed(world: World) -> None:
    in_house(world, *BOTH)
    run = world.previewed()
    assert code_of(lambda: approve(world, run)) == "wrong_step"


def test_a_waiting_clear_can_be_cancelled(world: World) -> None:
    run = awaiting(world, *BOTH)
    assert world.engine.cancel(run.id, "").state is State.CANCELLED
    assert code_of(lambda: approve(world, run)) == "wrong_step"


def test_a_policy_that_does_not_answer_approves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = awaiting(world, Need.CODE)
    house = world.policy

    def away(*asked: object) -> bool:
        raise NotReachable("check_device_away", why="没有应答")

    monkeypatch.setattr(house, "code_is_right", away)
    assert code_of(lambda: approve(world, run, "tester", CODE)) == "check_device_away"
    assert world.engine.run(run.id).approvals == ()
