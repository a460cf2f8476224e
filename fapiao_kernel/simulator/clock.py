"""The practice world's time (练习时钟): the machine's clock plus an offset that the world keeps."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

from fapiao_kernel.simulator.state_file import read_json, write_json

CHINA = timezone(timedelta(hours=8), "CST")
"""Beijing time, UTC+8, the only zone that tax periods are counted in."""


def machine_seconds() -> float:
    """The machine's clock, seconds since 1970 UTC: the one reading of it in the practice world."""
    return time.time()  # noqa: TID251 - far ends have no Clock port; their offset comes from their state file


class FarClock(Protocol):
    """What a far end takes its time from."""

    def now(self) -> datetime:
        """Its time, with zone."""
        ...


class PracticeClock:
    """Time as the far ends see it. ``offset``: seconds to add to the machine's clock."""

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Practice time in UTC+8."""
        return datetime.fromtimestamp(machine_seconds() + self.offset, CHINA)


def offset_to(moment: datetime) -> float:
    """The offset with which a practice clock shows ``moment`` right now."""
    return moment.timestamp() - machine_seconds()


LEASE_SECONDS = 15.0


class ClockKeeper:
    """Keeps on disk how far practice time has come, so that a world that nobody runs stands still.

    While running it leases the next seconds in advance: after a kill, time goes on from the lease's end and never back.
    """

    def __init__(self, state: Path, clock: PracticeClock) -> None:
        self._path = clock_file(state)
        self._clock = clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="practice-clock", daemon=True)

    def __enter__(self) -> ClockKeeper:
        self._keep(LEASE_SECONDS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._keep(0)

    def _run(self) -> None:
        while not self._ended.wait(LEASE_SECONDS * 2 / 3):
            self._keep(LEASE_SECONDS)

    def _keep(self, ahead: float) -> None:
        write_json(self._path, {"until": (self._clock.now() + timedelta(seconds=ahead)).isoformat()})


def clock_file(state: Path) -> Path:
    """Where the keeper of this state file writes."""
    return state.with_name(state.name + ".clock")


def last_kept(state: Path) -> datetime | None:
    """How far practice time had come when it was last kept; None when nobody kept it."""
    kept = read_json(clock_file(state))
    return datetime.fromisoformat(kept["until"]) if kept else None
