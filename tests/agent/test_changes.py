from __future__ import annotations

import threading
import time

from fapiao_kernel.agent.changes import Changes


def test_a_change_wakes_who_waits_at_once() -> None:
    changes = Changes("boot")
    timer = threading.Timer(0.05, changes.bump, ("r1",))
    timer.start()
    begun = time.monotonic()
    answer = changes.wait(0, timeout=5.0)
    assert time.monotonic() - begun < 2.0
    assert (answer.changes, answer.runs) == (1, ["r1"])


def test_without_a_change_the_answer_comes_when_the_time_is_up() -> None:
    answer = Changes("boot").wait(0, timeout=0.01)
    assert (answer.boot_id, answer.changes, answer.runs) == ("boot", 0, [])


def test_only_runs_that_changed_since_are_named() -> None:
    changes = Changes("boot")
    changes.bump("r1")
    changes.bump("r2")
    assert changes.wait(1).runs == ["r2"]


def test_a_number_of_another_boot_is_answered_at_once_with_every_run() -> None:
    changes = Changes("boot")
    changes.bump("r1")
    begun = time.monotonic()
    assert changes.wait(99, timeout=5.0).runs == ["r1"]
    assert time.monotonic() - begun < 1.0


def test_closing_answers_everyone() -> None:
    changes = Changes("boot")
    timer = threading.Timer(0.05, changes.close)
    timer.start()
    begun = time.monotonic()
    changes.wait(0, timeout=5.0)
    changes.wait(0, timeout=5.0)
    assert time.monotonic() - begun < 2.0
