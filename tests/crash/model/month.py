"""A month (一个月) played to its end: what breaks breaks, everything is restarted, the clerk goes on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.domain.errors import FapiaoError
from tests.crash.model import checks
from tests.crash.model.clerk import Clerk
from tests.crash.model.faults import Crash, Schedule
from tests.crash.model.world import Snapshot, World, beginning

ACTS = 80
"""More acts and restarts than any broken month takes; whoever needs more goes in circles."""
PATIENCE = 2
"""So many troubles under a lasting fault, then everything is switched off and on."""

MakeWorld = Callable[[Path, Schedule, Snapshot], World]


@dataclass
class Month:
    """``wrong``: (``lost`` | ``double`` | ``undecided`` | ``other``, sentence) for whatever does not hold."""

    wrong: list[tuple[str, str]] = field(default_factory=list)
    points: list[tuple[str, str]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    truth: checks.Truth | None = None
    snapshots: list[Snapshot] = field(default_factory=list)


def play(
    schedule: Schedule,
    whole: checks.Truth | None = None,
    *,
    make: MakeWorld = World,
    begin: Snapshot | None = None,
    keep: bool = False,
) -> Month:
    """``whole``: how an unbroken month ends; ``begin``: where this one begins; ``keep``: a snapshot before each act."""
    snapshot = begin or beginning()
    with _folder() as folder:
        world = make(folder, schedule, snapshot)
        with world.disk.mounted():
            month = Month()
            clerk = Clerk(world, dict(snapshot.clerk))
            runs = _work(world, clerk, month, begin is not None, keep)
            month.points = list(world.points.passed)
            world.points.end()
            month.truth = checks.truth(world, runs) if runs else None
            if month.truth is not None and not month.wrong:
                month.wrong += checks.all_of(world, runs, month.truth, whole)
            if world.journal is not None:
                world.journal.close()
    return month


def _work(world: World, clerk: Clerk, month: Month, goes_on: bool, keep: bool) -> tuple[Run, ...]:
    """Until the month is done and nothing is broken any more. The runs; none when it does not end."""
    if goes_on:
        world.wake(settle=False)
    troubles = 0
    for _ in range(ACTS):
        try:
            if world.engine is None:
                _settled(world, month)
            assert world.engine is not None
            if keep:
                month.snapshots.append(world.snapshot(clerk.memory))
            before = _states(world)
            done = clerk.act(world.engine)
            trouble = "" if done or _states(world) != before else f"stays {before}"
        except Crash:
            month.trace.append(f"{len(world.points.passed)}: killed")
            world.switch_off()
            troubles = 0
            continue
        except FapiaoError as error:
            done, trouble = False, f"{error.code} {error.original}".strip()
            if world.engine is None:  # not even started: a journal that cannot be written holds everything up
                month.trace.append(f"{len(world.points.passed)}: does not start, {trouble}")
                if not world.points.struck:
                    month.wrong.append(("other", f"does not start with everything up: {trouble}"))
                    return ()
                world.switch_off()
                continue
        except Exception as error:  # noqa: BLE001 a bug of the product is what is looked for
            month.wrong.append(("other", f"{type(error).__name__}: {error}"))
            return ()
        assert world.engine is not None
        runs = world.engine.runs()
        month.trace.append(f"{len(world.points.passed)}: {_states(world)} {trouble}".rstrip())
        month.wrong += checks.lies(world, runs)
        if done and not world.points.struck:
            return runs
        troubles += bool(trouble)
        if world.points.struck and (done or troubles > PATIENCE):
            month.trace.append(f"{len(world.points.passed)}: switched off and on")
            world.switch_off()
            troubles = 0
    stands = world.engine.runs() if world.engine is not None else ()
    kind = "undecided" if any(run.undecided for run in stands) else "other"
    month.wrong.append((kind, f"goes in circles: {month.trace[-4:]}"))
    return ()


def _settled(world: World, month: Month) -> None:
    """An agent starts with everything up: what another left open is settled then, unless something breaks again."""
    engine = world.wake()
    month.trace.append(f"{len(world.points.passed)}: started, {_states(world)}")
    if not world.points.struck:
        month.wrong += checks.settled(engine.runs())
    month.wrong += checks.lies(world, engine.runs())


def _states(world: World) -> str:
    return " ".join(f"{run.state}" for run in world.engine.runs()) if world.engine is not None else ""


@cache
def unbroken() -> Month:
    """The month in which nothing breaks, with a snapshot before each act. Raises ``AssertionError`` when even that does not end well."""
    month = play(Schedule(), keep=True)
    assert not month.wrong and month.truth is not None, month.wrong
    return month


def broken(schedule: Schedule, make: MakeWorld = World) -> Month:
    """A month in which this breaks, begun where the unbroken one stood just before, and compared with how that ends."""
    whole = unbroken()
    first = min((strike.at for strike in schedule.strikes), default=1)
    begin = next((s for s in reversed(whole.snapshots) if 0 < len(s.passed) < first), None)
    return play(schedule, whole.truth, make=make, begin=begin)


@contextmanager
def _folder() -> Iterator[Path]:
    name = tempfile.mkdtemp(prefix="fapiao-crash-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name)
