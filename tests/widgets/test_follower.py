"""The one follower of a kernel."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fapiao_widgets.viewmodels import follower as module
from fapiao_widgets.viewmodels.follower import Follower, Watcher

WAIT = 5.0


class Agent:
    """Its long poll is answered when the test puts an answer in; an exception is raised."""

    def __init__(self) -> None:
        self.answers: queue.Queue[Any] = queue.Queue()
        self.asked: queue.Queue[int] = queue.Queue()

    def changes(self, since: int) -> Any:
        self.asked.put(since)
        answer = self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def say(self, changes: int, *runs: str, boot: str = "b1") -> None:
        self.answers.put(SimpleNamespace(boot_id=boot, changes=changes, runs=list(runs)))


class Ear:
    def __init__(self) -> None:
        self.heard: queue.Queue[Any] = queue.Queue()
        self.troubles: queue.Queue[tuple[str, str]] = queue.Queue()
        self.beats: queue.Queue[float] = queue.Queue()
        self.fail = 0
        self.watcher = Watcher(self.refresh, lambda kind, why: self.troubles.put((kind, why)), self.beats.put)

    def refresh(self, runs: Any) -> None:
        self.heard.put(runs)
        if self.fail:
            self.fail -= 1
            raise ValueError("no drawing")


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def follow(agent: Agent) -> Iterator[Follower]:
    made = Follower(agent)
    yield made
    made.stop()
    agent.say(0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF", (0.01, 0.02))
    monkeypatch.setattr(module, "BEAT", 0.02)


def test_the_first_answer_redraws_everything(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    follow.watch(ear.watcher)
    agent.say(4)
    assert ear.heard.get(timeout=WAIT) is None


def test_a_change_tells_which_runs_changed(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    follow.watch(ear.watcher)
    agent.say(4)
    ear.heard.get(timeout=WAIT)
    agent.say(5, "r1")
    assert ear.heard.get(timeout=WAIT) == ["r1"]


def test_the_poll_goes_on_from_the_last_number(agent: Agent, follow: Follower) -> None:
    follow.watch(Ear().watcher)
    agent.say(9)
    assert [agent.asked.get(timeout=WAIT), agent.asked.get(timeout=WAIT)] == [0, 9]


def test_an_agent_that_was_restarted_is_read_whole_again(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    follow.watch(ear.watcher)
    agent.say(4)
    ear.heard.get(timeout=WAIT)
    agent.say(1, boot="b2")
    assert ear.heard.get(timeout=WAIT) is None


def test_an_agent_that_does_not_answer_is_shown_and_asked_again(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    follow.watch(ear.watcher)
    agent.answers.put(OSError("gone"))
    agent.say(4)
    assert ear.troubles.get(timeout=WAIT) == ("agent", "gone")
    assert ear.troubles.get(timeout=WAIT) == ("agent", "")
    assert ear.heard.get(timeout=WAIT) is None


def test_a_failing_redraw_is_shown_and_tried_again(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    ear.fail = 1
    follow.watch(ear.watcher)
    agent.say(4)
    assert ear.troubles.get(timeout=WAIT) == ("view", "no drawing")
    for _ in range(200):  # each answer gives it another try, once its back-off is over
        agent.say(4)
        agent.asked.get(timeout=WAIT)
        if not ear.troubles.empty():
            break
        threading.Event().wait(0.005)
    assert ear.troubles.get(timeout=WAIT) == ("view", "")


def test_one_views_failure_leaves_the_others_alone(agent: Agent, follow: Follower) -> None:
    bad, good = Ear(), Ear()
    bad.fail = 1
    follow.watch(bad.watcher)
    follow.watch(good.watcher)
    agent.say(4)
    assert good.heard.get(timeout=WAIT) is None
    agent.say(5, "r1")
    assert good.heard.get(timeout=WAIT) == ["r1"]
    assert good.troubles.empty()


def test_nothing_is_asked_while_nobody_looks(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    ear.watcher.seen = time.monotonic() - module.GRACE - 1
    follow.watch(ear.watcher)
    with pytest.raises(queue.Empty):
        agent.asked.get(timeout=0.2)


def test_a_sign_of_life_starts_the_asking_again_and_redraws_whole(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    ear.watcher.seen = time.monotonic() - module.GRACE - 1
    follow.watch(ear.watcher)
    follow.alive(ear.watcher)
    agent.say(4)
    assert agent.asked.get(timeout=WAIT) == 0
    assert ear.heard.get(timeout=WAIT) is None


def test_a_living_view_gets_heartbeats_and_a_closed_one_none(agent: Agent, follow: Follower) -> None:
    ear = Ear()
    follow.watch(ear.watcher)
    ear.beats.get(timeout=WAIT)
    follow.close(ear.watcher)
    threading.Event().wait(0.1)
    while not ear.beats.empty():
        ear.beats.get()
    with pytest.raises(queue.Empty):
        ear.beats.get(timeout=0.2)


def test_both_threads_are_daemons(agent: Agent, follow: Follower) -> None:
    follow.watch(Ear().watcher)
    names = {t.name: t.daemon for t in threading.enumerate() if t.name.startswith("fapiao-")}
    assert names and all(names.values())
