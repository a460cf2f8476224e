"""At most once: the same confirm or execute sent twice, from two tabs, replayed an hour later, or raced by two people, acts once.

Each of the four stands by itself, for confirm and for execute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.ports import Need
from tests.operations.fakes import NUMBER, PIN
from tests.operations.test_approval import SECOND, House
from tests.operations.world import World

SECONDS = 20
"""How long a test waits for a thread before it fails; no test waits that long when it passes."""


def told(call: Callable[[], object]) -> str:
    """The code of a refusal, or ``""``."""
    try:
        call()
    except FapiaoError as error:
        return error.code
    return ""


def at_once(*calls: Callable[[], object]) -> list[str]:
    """The calls, each in a thread of its own, begun together; what each was told."""
    barrier, codes = threading.Barrier(len(calls)), [""] * len(calls)

    def run(place: int) -> None:
        barrier.wait(SECONDS)
        codes[place] = told(calls[place])

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return codes


class Tab:
    """One open page: the revision it shows and the token that it holds."""

    def __init__(self, world: World, run: Run, who: str = "tester") -> None:
        self._world, self._who, self.run, self.revision, self.token = world, who, run.id, run.revision, ""

    def confirm(self) -> None:
        given = self._world.engine.confirm(self.run, self.revision, NUMBER[-4:], self._world.period, self._who)
        self.token = given.token

    def execute(self) -> None:
        self._world.engine.execute(self.run, self.revision, self.token, PIN)

    def confirm_and_execute(self) -> None:
        self.confirm()
        self.execute()


def usable(world: World, tabs: Sequence[Tab]) -> list[str]:
    """What executing from each tab comes to, one after another."""
    return sorted(told(tab.execute) for tab in tabs)


def cleared_once(world: World, run: str) -> None:
    """The device applied each group once, was sent each once, and the journal tells of one execution and one intent."""
    assert set(world.card.applied.values()) == set(world.card.sent.values()) == {1}
    kinds = world.journal.kinds(run)
    assert kinds.count(Event.EXECUTION_BEGUN) == kinds.count(Event.CLEAR_INTENT) == 1
    assert kinds.count(Event.UNIT_SENT) == len(world.card.sent)
    assert world.engine.run(run).verdict == "cleared"


# --- confirm


def test_the_same_confirm_sent_twice_gives_one_token_that_works(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    first = tab.token
    tab.confirm()
    again = Tab(world, world.engine.run(tab.run))
    again.token = first
    assert told(again.execute) == "token_invalid"
    assert told(tab.execute) == ""
    cleared_once(world, tab.run)


def test_the_same_confirm_from_two_tabs_gives_one_clear(world: World) -> None:
    run = world.previewed()
    tabs = [Tab(world, run), Tab(world, run)]
    for tab in tabs:
        tab.confirm()
    assert told(tabs[0].execute) == "token_invalid"
    assert told(tabs[1].execute) == ""
    cleared_once(world, run.id)


def test_a_confirm_replayed_an_hour_later_confirms_nothing_that_was_executed(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    tab.execute()
    world.clock.forward(hours=1)
    records = len(world.journal.records(run=tab.run))
    assert told(tab.confirm) == "revision_used"
    assert len(world.journal.records(run=tab.run)) == records
    cleared_once(world, tab.run)


def test_a_confirm_replayed_an_hour_later_does_not_revive_an_older_preview(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    newer = world.engine.freeze(tab.run)
    world.clock.forward(hours=1)
    assert told(tab.confirm) == "revision_unknown"
    assert world.engine.run(tab.run).revision == newer.revision
    assert world.engine.run(tab.run).state is State.PREVIEWED


def test_a_confirm_raced_by_two_people_leaves_one_token_that_works(world: World) -> None:
    run = world.previewed()
    tabs = [Tab(world, run, who) for who in ("tester", "王会计")]
    assert at_once(*(tab.confirm for tab in tabs)) == ["", ""]
    assert tabs[0].token != tabs[1].token
    assert usable(world, tabs) in (["", "revision_used"], ["", "token_invalid"])
    cleared_once(world, run.id)


def test_a_confirm_that_waits_for_approval_asks_once_whoever_races_for_it(world: World) -> None:
    world.policy = House(Need.SECOND_PERSON)
    world.start()
    run = world.previewed()
    tabs = [Tab(world, run, who) for who in ("tester", "王会计")]
    assert at_once(*(tab.confirm for tab in tabs)) == ["", ""]
    assert [tab.token for tab in tabs] == ["", ""]
    assert world.journal.kinds(run.id).count(Event.CONFIRM_ASKED) == 1
    approve = partial(world.engine.approve, run.id, run.revision, SECOND)
    assert at_once(approve, approve) == ["", ""]
    assert world.journal.kinds(run.id).count(Event.APPROVED) == 1


# --- execute


def test_the_same_execute_sent_twice_clears_once(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    assert [told(tab.execute), told(tab.execute)] == ["", "revision_used"]
    cleared_once(world, tab.run)


def test_the_same_execute_sent_again_while_the_first_is_under_way_clears_once(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    codes: list[str] = []
    world.card.at_clear = lambda: codes.append(told(tab.execute))
    tab.execute()
    assert codes == ["revision_used"] * 2
    cleared_once(world, tab.run)


def test_the_same_execute_from_two_tabs_clears_once(world: World) -> None:
    run = world.previewed()
    one, other = Tab(world, run), Tab(world, run)
    one.confirm()
    other.token = one.token
    shown = len(world.card.pin_shown)
    assert sorted(at_once(one.execute, other.execute)) == ["", "revision_used"]
    assert len(world.card.pin_shown) == shown + 1
    cleared_once(world, run.id)


@pytest.mark.parametrize("restarted", [False, True])
def test_an_execute_replayed_an_hour_later_clears_nothing_more(world: World, restarted: bool) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    tab.execute()
    world.clock.forward(hours=1)
    if restarted:
        world.start().settle_open()
    assert told(tab.execute) == "revision_used"
    cleared_once(world, tab.run)


def test_an_execute_first_heard_an_hour_later_clears_nothing(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    world.clock.forward(hours=1)
    assert told(tab.execute) == "token_expired"
    assert not world.card.sent
    assert Event.EXECUTION_BEGUN not in world.journal.kinds(tab.run)


def test_an_execute_replayed_after_its_answer_was_lost_clears_nothing_more(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    world.card.faults = {"clear 004": "lost"}
    assert told(tab.execute) == "clear_unknown"
    world.clock.forward(hours=1)
    assert told(tab.execute) == "revision_used"
    assert told(tab.confirm) == "revision_used"
    assert world.most_applied() == 1
    assert world.card.sent.total() == 1


def test_an_execute_replayed_into_another_run_clears_nothing(world: World) -> None:
    tab = Tab(world, world.previewed())
    tab.confirm()
    world.engine.cancel(tab.run, "")
    world.card.reported.clear()
    other = Tab(world, world.previewed())
    other.confirm()
    other.token = tab.token
    assert told(other.execute) == "token_invalid"
    assert told(tab.execute) == "not_confirmed"
    assert not world.card.sent


@pytest.mark.parametrize("people", [2, 8])
def test_an_execute_raced_by_people_who_hold_the_same_token_clears_once(world: World, people: int) -> None:
    run = world.previewed()
    tabs = [Tab(world, run) for _ in range(people)]
    tabs[0].confirm()
    for tab in tabs:
        tab.token = tabs[0].token
    shown = len(world.card.pin_shown)
    assert sorted(at_once(*(tab.execute for tab in tabs))) == ["", *["revision_used"] * (people - 1)]
    assert len(world.card.pin_shown) == shown + 1
    cleared_once(world, run.id)


def test_two_people_who_each_confirm_and_execute_at_once_clear_at_most_once(world: World) -> None:
    run = world.previewed()
    tabs = [Tab(world, run, who) for who in ("tester", "王会计")]
    codes = at_once(*(tab.confirm_and_execute for tab in tabs))
    assert codes.count("") == 1
    assert set(codes) <= {"", "revision_used", "token_invalid"}
    cleared_once(world, run.id)
