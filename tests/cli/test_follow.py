"""Ctrl-C while the agent works."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from fapiao_kernel.cli.follow import _beside

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the console has signals of its own there")


def ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_the_first_asks_the_work_to_stop_until_it_has_begun_and_its_answer_is_waited_for() -> None:
    watched, ended, heard = threading.Event(), threading.Event(), []

    def work() -> str:
        assert watched.wait(10)
        ctrl_c()
        assert ended.wait(10)
        return "what is in"

    def stop() -> bool:  # at first nothing has arrived there that could be stopped
        heard.append(1)
        if len(heard) == 2:
            ended.set()
        return ended.is_set()

    assert _beside(work, watched.set, stop) == "what is in"
    assert len(heard) == 2


def test_the_second_leaves() -> None:
    watched, ended = threading.Event(), threading.Event()

    def work() -> None:
        assert watched.wait(10)
        ctrl_c()
        ended.wait(10)

    def stop() -> bool:
        ctrl_c()
        return True

    with pytest.raises(KeyboardInterrupt):
        _beside(work, watched.set, stop)
    ended.set()
