"""Time spent beyond a boundary: what a library's calls take, so that the rest of a measured stretch is our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch


class Boundary:
    """Counts the seconds inside the wrapped calls. Ours is what a stretch took without them."""

    def __init__(self) -> None:
        self.beyond = 0.0
        self._inside = False

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, its time counted; a call within a call counts once."""

        def timed(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return call(*arguments, **named)
            self._inside = True
            began = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self.beyond += time.perf_counter() - began
                self._inside = False

        return timed


@contextmanager
def around(places: Sequence[tuple[Any, str]]) -> Iterator[Boundary]:
    """A boundary around these functions, given as (class or module, name)."""
    boundary = Boundary()
    with ExitStack() as patched:
        for owner, name in places:
            patched.enter_context(patch.object(owner, name, boundary.wrapped(getattr(owner, name))))
        yield boundary


def split(boundary: Boundary, call: Callable[[], object], times: int) -> tuple[float, float]:
    """Microseconds a call in all, and of these ours; the means, since a boundary counts in sums."""
    call()
    boundary.beyond = 0.0
    began = time.perf_counter()
    for _ in range(times):
        call()
    whole = time.perf_counter() - began
    return whole / times * 1e6, (whole - boundary.beyond) / times * 1e6
