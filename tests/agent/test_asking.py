"""Asking what may never answer: in time, once at a time, and whatever it raises."""

from __future__ import annotations

import sys
import threading

from fapiao_kernel.agent.asking import Asking


def test_every_answer_and_every_failure_comes_back_by_its_key() -> None:
    def ends() -> int:
        sys.exit(3)

    told = Asking[int]().all({"one": lambda: 1, "wrong": lambda: 1 // 0, "ends": ends}, 10)
    assert told["one"] == 1
    assert isinstance(told["wrong"], ZeroDivisionError)
    assert isinstance(told["ends"], RuntimeError) and "SystemExit" in str(told["ends"])


def test_what_is_under_way_is_not_begun_again_and_answers_whoever_waits() -> None:
    asking: Asking[int] = Asking()
    begun: list[int] = []
    go_on = threading.Event()

    def slow() -> int:
        begun.append(1)
        go_on.wait(20)
        return 7

    def others() -> int:
        go_on.set()
        return 0

    assert isinstance(asking.all({"slow": slow}, 0.01)["slow"], TimeoutError)
    assert asking.all({"slow": slow, "others": others}, 20) == {"slow": 7, "others": 0}
    assert len(begun) == 1
