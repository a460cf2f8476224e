"""The boundary of a benchmark: what a wrapped call takes is not ours, and a call within a call counts once."""

from __future__ import annotations

import pytest

from benchmarks import boundary


class Far:
    """A far end whose calls take what the clock is told."""

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock

    def answer(self) -> None:
        self._clock[0] += 3.0

    def ask(self) -> None:
        self._clock[0] += 1.0
        self.answer()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(boundary.time, "perf_counter", lambda: now[0])
    return now


def test_what_remains_of_a_stretch_is_ours(clock: list[float]) -> None:
    far = Far(clock)

    def call() -> None:
        clock[0] += 2.0
        far.ask()

    with boundary.around([(Far, "ask")]) as around:
        whole, ours = boundary.split(around, call, 5)
    assert (whole, ours) == (6e6, 2e6)


def test_a_call_within_a_call_counts_once(clock: list[float]) -> None:
    far = Far(clock)
    with boundary.around([(Far, "ask"), (Far, "answer")]) as around:
        far.ask()
    assert around.beyond == 4.0


def test_the_boundary_goes_when_it_is_left(clock: list[float]) -> None:
    with boundary.around([(Far, "ask")]) as around:
        pass
    Far(clock).ask()
    assert around.beyond == 0.0
