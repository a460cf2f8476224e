from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import NotReachable, Refused
from fapiao_kernel.domain.finding import Effect


class Told:
    """A worker, and the refusals it told of."""

    def __init__(self) -> None:
        self.changes = Changes("boot")
        self.refused: list[tuple[str, str, ErrorView]] = []
        self.worker = Worker(self.changes, lambda run, act, error: self.refused.append((run, act, error)))
        self.worker.settled()


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    yield told
    told.worker.close()


def test_acts_of_a_card_run_one_after_the_other_on_one_thread(told: Told) -> None:
    threads = {told.worker.call("card", threading.get_ident) for _ in range(5)}
    assert len(threads) == 1
    assert told.worker.call("other", threading.get_ident) not in threads


def test_a_run_is_busy_while_its_act_runs(told: Told) -> None:
    go = threading.Event()
    told.worker.start("card", "r1", "check", "检查", go.wait)
    job = told.worker.under_way("r1")
    assert job is not None and job.label == "检查"
    go.set()
    told.worker.call("card", lambda: None)
    assert told.worker.under_way("r1") is None


def test_another_act_meanwhile_is_refused_and_the_same_one_is_the_same(told: Told) -> None:
    go, calls = threading.Event(), []
    told.worker.start(
        "card", "r1", "execute", "清卡", lambda: (calls.append(1), go.wait()), key="execute R1", effect=Effect.UNKNOWN
    )
    told.worker.start("card", "r1", "execute", "清卡", lambda: calls.append(2), key="execute R1")
    with pytest.raises(Refused) as refused:
        told.worker.start("card", "r1", "check", "检查", lambda: calls.append(3))
    assert (refused.value.code, refused.value.effect) == ("run_busy", Effect.UNKNOWN)
    go.set()
    told.worker.call("card", lambda: None)
    assert calls == [1]


def test_a_refusal_is_kept_until_the_next_act(told: Told) -> None:
    def refuse() -> None:
        raise NotReachable("no_practice")

    told.worker.start("card", "r1", "check", "检查", refuse)
    told.worker.call("card", lambda: None)
    failure = told.worker.failure("r1")
    assert failure is not None and (failure.code, failure.exit_code) == ("no_practice", 5)
    assert [(run, act) for run, act, _ in told.refused] == [("r1", "check")]
    told.worker.start("card", "r1", "check", "检查", lambda: None)
    told.worker.call("card", lambda: None)
    assert told.worker.failure("r1") is None


def test_a_bug_ends_the_act_and_not_the_thread(told: Told) -> None:
    told.worker.start("card", "r1", "check", "检查", lambda: 1 // 0)
    assert told.worker.call("card", lambda: "alive") == "alive"
    failure = told.worker.failure("r1")
    assert failure is not None and (failure.code, failure.exit_code) == ("bug", 70)


def test_a_card_at_work_is_not_looked_at(told: Told) -> None:
    go = threading.Event()
    told.worker.start("card", "r1", "check", "检查", go.wait)
    assert told.worker.look("card", lambda: None) is None
    go.set()
    told.worker.call("card", lambda: None)


def test_nothing_begins_before_what_was_open_is_settled() -> None:
    worker, done = Worker(Changes("boot"), lambda *told: None), threading.Event()
    worker.start("card", "r1", "check", "检查", done.set)
    assert not done.wait(0.05)
    worker.settled()
    assert done.wait(5)
    worker.close()


def test_closing_lets_the_act_under_way_end_and_takes_no_more() -> None:
    worker = Worker(Changes("boot"), lambda *told: None)
    worker.settled()
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()
    worker.start("card", "r1", "execute", "清卡", lambda: (begun.set(), go.wait(5), ended.set()))
    begun.wait(5)
    threading.Timer(0.05, go.set).start()
    worker.close()
    assert ended.is_set()
    with pytest.raises(NotReachable):
        worker.call("card", lambda: None)


def test_progress_is_told_at_each_new_phase(told: Told) -> None:
    with told.worker.job("import", "导入") as progress:
        before = told.changes.count
        progress("读取", 1, 10)
        (work,) = told.worker.work()
        assert (work.label, work.done, work.total) == ("读取", 1, 10)
        assert told.changes.count > before
    assert told.worker.work() == []


def test_the_end_waits_for_an_act_and_leaves_a_reading_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fapiao_kernel.agent.worker.END_IN", 0.05)
    worker, never, begun, done = Told().worker, threading.Event(), threading.Event(), threading.Event()
    reading = worker.begin("mute", never.wait, light=True)
    lost = worker.begin("lost", never.wait)
    worker.give_up(lost)  # whoever asked for it was told

    def act() -> None:
        begun.set()
        done.wait(20)

    acting = worker.begin("card", act)
    assert begun.wait(20)
    ended: list[bool] = []
    closing = threading.Thread(target=lambda: ended.append(worker.close()))
    closing.start()
    closing.join(0.2)
    assert closing.is_alive() and not acting.done(), "an act comes to its end, however long that takes"
    done.set()
    closing.join(20)
    assert ended == [False] and acting.done() and not reading.done()
    never.set()
