"""A home whose agents are ended when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fapiao_kernel.client import RequestError, connect


def end_agents(home: Path) -> None:
    """Stop every agent below the home, and its practice world."""
    for known in [home / "agent.json", *home.glob("lessons/*/agent.json")]:
        if not known.is_file():
            continue
        try:
            client = connect(known.parent, start=False)
        except RequestError:
            continue  # it has gone already
        if client.status().practice:
            client.practice_stop()
        client.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home, which the notebooks find by ``FAPIAO_HOME``."""
    place = tmp_path / "home"
    monkeypatch.setenv("FAPIAO_HOME", str(place))
    yield place
    end_agents(place)
