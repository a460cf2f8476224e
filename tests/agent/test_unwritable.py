"""An agent whose disk takes no more: it says why it does not start, and an act that fails leaves no run busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from fapiao_kernel.agent.changes import Changes
from fapiao_kernel.agent.worker import Worker
from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.client import RequestError, connect
from fapiao_kernel.domain.errors import Refused


def test_an_agent_that_cannot_write_its_files_says_so_to_whoever_started_it(home: Path) -> None:
    (home / "agent.json").mkdir()  # nothing can be put in its place
    with pytest.raises(RequestError) as refused:
        connect(home)
    assert refused.value.code == "home_unwritable"


def test_a_run_is_not_busy_for_ever_when_its_refusal_cannot_be_noted() -> None:
    def note(run: str, act: str, error: ErrorView) -> None:
        raise Refused("journal_unwritable", folder="journal", reason="full")

    def act() -> None:
        raise Refused("wrong_step", state="opened")

    worker = Worker(Changes("boot"), note)
    worker.settled()
    worker.start("card", "run", "check", "检查", act)
    worker.close()  # waits for the act's end
    assert worker.under_way("run") is None
    failure = worker.failure("run")
    assert failure is not None and failure.code == "wrong_step"
