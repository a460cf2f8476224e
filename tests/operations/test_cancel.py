"""Cancelling: asked for and done are two states; up to the point of no return, and not after."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fapiao_kernel.domain.clearing import CANCELLABLE, Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.ports import Backup, Progress
from tests.operations.fakes import NUMBER, PIN, Crash
from tests.operations.world import World

SECONDS = 20
"""How long a test waits for a thread before it fails; no test waits that long when it passes."""


class Act:
    """An act in a thread of its own, and how it ended."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.code = ""
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except FapiaoError as error:
            self.code = error.code

    def end(self) -> str:
        """The code it was refused with, or ``""``."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self.code


class Stop:
    """A place where a far end holds an act until the test lets it go."""

    def __init__(self) -> None:
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self) -> bool:
        self.reached.set()
        assert self.go.wait(SECONDS)
        return True

    @contextmanager
    def holding(self, call: Callable[[], object]) -> Iterator[Act]:
        """The act, stopped there; inside the block the test does what it likes, after it the act goes on."""
        act = Act(call)
        try:
            assert self.reached.wait(SECONDS)
            yield act
        finally:
            self.go.set()
        act.end()


def before_append(world: World, at: Event, stop: Callable[[], object]) -> None:
    """Once, when the journal is about to write this record."""

    def hook(number: int, kind: str) -> None:
        if kind == at:
            world.journal.before = lambda n, k: None
            stop()

    world.journal.before = hook


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(FapiaoError) as refused:
        call()
    return refused.value.code


def slow_backup(world: World, monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Backups that are made, and held up before they say so."""
    stop, real = Stop(), world.backups.make

    def make(reason: str, progress: Progress) -> Backup:
        made = real(reason, progress)
        stop()
        return made

    monkeypatch.setattr(world.backups, "make", make)
    return stop


def cancel(world: World, run: Run) -> Run:
    return world.engine.cancel(run.id, "不清了", "复核人")


def test_with_no_act_under_way_it_is_asked_and_done_at_once(world: World) -> None:
    run = world.opened()
    assert cancel(world, run).state is State.CANCELLED
    asked, done = world.journal.records(run=run.id)[-2:]
    assert [asked.kind, done.kind] == [Event.CANCEL_ASKED, Event.CANCELLED]
    assert [asked.data, asked.who] == [done.data, done.who] == [{"reason": "不清了"}, "复核人"]


def test_every_state_up_to_the_point_of_no_return_is_left_by_a_cancel(world: World) -> None:
    for way in (world.opened, world.checked, world.backed_up, world.reported, world.declared, world.previewed):
        world.card.reported.clear()  # a report stands, whatever becomes of the run: the next run only reads it
        run = way()
        assert run.state in CANCELLABLE
        assert cancel(world, run).state is State.CANCELLED
    run, _ = world.confirmed()
    assert cancel(world, run).state is State.CANCELLED


def test_a_cancelled_run_is_not_cancelled_again(world: World) -> None:
    run = world.opened()
    cancel(world, run)
    assert code_of(lambda: cancel(world, run)) == "not_cancellable"


def test_a_backup_stops_at_its_next_progress_and_the_run_is_cancelled_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, steps = Stop(), []

    def make(reason: str, progress: Progress) -> Backup:
        for step in range(3):
            progress("写入备份", step, 3)
            steps.append(step)
            if step == 0:
                stop()
        raise AssertionError("a backup that was to stop went on")

    monkeypatch.setattr(world.backups, "make", make)
    run = world.checked()
    with stop.holding(lambda: world.engine.backup(run.id)) as act:
        assert cancel(world, run).state is State.CANCELLING
        assert world.engine.run(run.id).state is State.CANCELLING
    assert act.code == "cancel_asked"
    assert steps == [0]
    assert world.engine.run(run.id).state is State.CANCELLED


def test_a_backup_that_is_through_before_it_notices_is_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, stop = world.checked(), slow_backup(world, monkeypatch)
    with stop.holding(lambda: world.engine.backup(run.id)) as act:
        cancel(world, run)
    assert act.code == ""
    assert world.journal.kinds(run.id)[-3:] == [Event.CANCEL_ASKED, Event.BACKED_UP, Event.CANCELLED]


def test_nothing_new_begins_once_a_cancel_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, stop = world.checked(), slow_backup(world, monkeypatch)
    engine = world.engine
    with stop.holding(lambda: engine.backup(run.id)):
        cancel(world, run)
        acts = (
            lambda: engine.check(run.id),
            lambda: engine.backup(run.id),
            lambda: engine.report(run.id, PIN, world.period),
            lambda: engine.freeze(run.id),
            lambda: engine.confirm(run.id, "r1", NUMBER[-4:], world.period),
            lambda: engine.execute(run.id, "r1", "x", PIN),
        )
        assert [code_of(call) for call in acts] == ["cancel_asked"] * len(acts)
    assert world.engine.run(run.id).state is State.CANCELLED


def test_asked_twice_it_is_one_cancel(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, stop = world.checked(), slow_backup(world, monkeypatch)
    with stop.holding(lambda: world.engine.backup(run.id)):
        cancel(world, run)
        assert cancel(world, run).state is State.CANCELLING
    assert world.journal.kinds(run.id).count(Event.CANCEL_ASKED) == 1
    assert world.journal.kinds(run.id).count(Event.CANCELLED) == 1


def test_a_cancel_while_the_authority_is_asked_abandons_and_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, token = world.confirmed()
    stop, real = Stop(), world.authority.authorise

    def authorise(*asked: object) -> object:
        stop()
        return real(*asked)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(world.authority, "authorise", authorise)
    with stop.holding(lambda: world.engine.execute(run.id, run.revision, token, PIN)) as act:
        assert cancel(world, run).state is State.CANCELLING
    assert act.code == "cancel_asked"
    assert world.journal.kinds(run.id)[-4:] == [
        Event.EXECUTION_BEGUN,
        Event.CANCEL_ASKED,
        Event.EXECUTION_ABANDONED,
        Event.CANCELLED,
    ]
    assert not world.card.sent


def test_a_cancel_before_the_intent_wins_over_it(world: World) -> None:
    """The act is about to take the book's lock for its intent; the cancel has it."""
    run, token = world.confirmed()
    stop, census = Stop(), world.ledger.census
    world.ledger.census = lambda: (stop(), census())[1]  # type: ignore[method-assign]  # the last thing before the intent
    with stop.holding(lambda: world.engine.execute(run.id, run.revision, token, PIN)) as act:
        assert world.engine.run(run.id).state is State.AUTHORISED
        cancel(world, run)
    assert act.code == "cancel_asked"
    assert world.engine.run(run.id).state is State.CANCELLED
    assert Event.CLEAR_INTENT not in world.journal.kinds(run.id)
    assert not world.card.sent


def test_an_intent_before_the_cancel_wins_over_it(world: World) -> None:
    """The cancel waits for the book's lock while the intent is being written."""
    run, token = world.confirmed()
    stop = Stop()
    before_append(world, Event.CLEAR_INTENT, stop)
    with stop.holding(lambda: world.engine.execute(run.id, run.revision, token, PIN)) as act:
        cancelling = Act(lambda: cancel(world, run))
    assert cancelling.end() == "not_cancellable"
    assert act.code == ""
    assert world.engine.run(run.id).verdict == "cleared"


def race(world: World) -> None:
    run, token = world.confirmed()
    barrier = threading.Barrier(2)
    executing = Act(lambda: (barrier.wait(SECONDS), world.engine.execute(run.id, run.revision, token, PIN)))
    cancelling = Act(lambda: (barrier.wait(SECONDS), cancel(world, run)))
    executed, cancelled = executing.end() == "", cancelling.end() == ""
    assert executed != cancelled
    kinds = world.journal.kinds(run.id)
    assert (Event.CLEAR_INTENT in kinds) is executed
    assert (Event.CANCELLED in kinds) is cancelled
    assert bool(world.card.sent) is executed
    assert world.engine.run(run.id).over


def test_whoever_is_first_exactly_one_of_cancel_and_intent_wins(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        race(World(folder))


def test_while_the_card_is_clearing_it_is_refused(world: World) -> None:
    run, token = world.confirmed()
    codes: list[str] = []
    world.card.at_clear = lambda: codes.append(code_of(lambda: cancel(world, run)))
    world.engine.execute(run.id, run.revision, token, PIN)
    assert codes == ["not_cancellable"] * 2


def test_while_the_card_is_reporting_it_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.backed_up()
    codes, real = [], world.card.report

    def report(types: tuple) -> object:  # type: ignore[type-arg]  # passed through
        codes.append(code_of(lambda: cancel(world, run)))
        return real(types)

    monkeypatch.setattr(world.card, "report", report)
    assert world.report(run).state is State.REPORTED
    assert codes == ["not_cancellable"] * 2


def test_an_unknown_outcome_is_not_cancelled_away(world: World) -> None:
    run, token = world.confirmed()
    world.card.faults = {"clear": "lost"}
    code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN))
    assert code_of(lambda: cancel(world, run)) == "not_cancellable"


def test_a_cancel_that_comes_while_an_act_waits_for_the_card_lets_that_act_do_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, token = world.confirmed()
    shown, claimed, tokens = len(world.card.pin_shown), threading.Event(), world.engine._desk.tokens
    real = tokens.claim

    def claim(*asked: Any) -> None:
        real(*asked)
        claimed.set()

    monkeypatch.setattr(tokens, "claim", claim)
    with world.engine._book.holding(run.card):
        act = Act(lambda: world.engine.execute(run.id, run.revision, token, PIN))
        assert claimed.wait(SECONDS)  # past its token, before the card
        assert cancel(world, run).state is State.CANCELLING
    assert act.end() in ("cancel_asked", "wrong_step")
    assert world.engine.run(run.id).state is State.CANCELLED
    assert len(world.card.pin_shown) == shown


def test_no_token_outlives_the_cancel(world: World) -> None:
    run, token = world.confirmed()
    cancel(world, run)
    assert not world.engine._desk.tokens._tokens
    assert code_of(lambda: world.engine.execute(run.id, run.revision, token, PIN)) == "not_confirmed"
    assert not world.card.sent


def test_a_crash_after_the_asking_is_cancelled_at_the_next_start(world: World) -> None:
    run = world.previewed()

    def crash(number: int, kind: str) -> None:
        if kind == Event.CANCEL_ASKED:
            raise Crash

    world.journal.after = crash
    with pytest.raises(Crash):
        cancel(world, run)
    world.journal.after = lambda number, kind: None
    again = world.start()
    assert again.run(run.id).state is State.CANCELLING
    again.settle_open()
    assert again.run(run.id).state is State.CANCELLED
    assert world.journal.records(run=run.id)[-1].data == {"reason": "不清了"}


def test_a_process_that_dies_in_the_act_leaves_the_cancel_to_the_next_start(world: World) -> None:
    run, token = world.confirmed()

    def authorise(*asked: object) -> object:
        cancel(world, run)
        raise Crash

    world.authority.authorise = authorise  # type: ignore[method-assign,assignment]  # dies instead
    with pytest.raises(Crash):
        world.engine.execute(run.id, run.revision, token, PIN)
    assert world.journal.kinds(run.id)[-1] == Event.CANCEL_ASKED
    again = world.start()
    again.settle_open()
    assert again.run(run.id).state is State.CANCELLED
    assert not world.card.sent


def test_a_cancel_that_cannot_be_finished_now_is_finished_when_asked_again(world: World) -> None:
    run = world.opened()

    def full(number: int, kind: str) -> None:
        if kind == Event.CANCELLED:
            raise FapiaoError("bug", what="disk full")

    world.journal.before = full
    assert code_of(lambda: cancel(world, run)) == "bug"
    assert world.engine.run(run.id).state is State.CANCELLING
    world.journal.before = lambda number, kind: None
    assert cancel(world, run).state is State.CANCELLED


def test_a_preview_voided_while_cancelling_is_written_and_then_cancelled(world: World) -> None:
    run, token = world.confirmed()
    stop, real = Stop(), world.card.read_statistics
    world.card.counts = {t: (99, total) for t, (_, total) in world.card.counts.items()}
    world.card.read_statistics = lambda: (stop(), real())[1]  # type: ignore[method-assign]  # held up once
    with stop.holding(lambda: world.engine.execute(run.id, run.revision, token, PIN)) as act:
        cancel(world, run)
    assert act.code == "changed_since_preview"
    assert world.journal.kinds(run.id)[-3:] == [Event.CANCEL_ASKED, Event.VOIDED, Event.CANCELLED]


def test_after_a_cancel_the_card_is_free_for_another_clear(world: World) -> None:
    cancel(world, world.previewed())
    world.card.reported.clear()
    assert world.executed().verdict == "cleared"
