"""The matrix (故障矩阵): every point of a month × every fault; and months in which several things break, drawn by a seed."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.crash.inside.checks import CHECKS, record_of, records_equal
from tests.crash.inside.clerk import Clerk
from tests.crash.inside.faults import Break, Crash, Fault, Point
from tests.crash.inside.world import World
from tests.crash.result import Result

MORE_LIVES = 4
"""Agents beyond one a fault: the last of them meets no fault any more."""
BREAKS = (2, 5)
"""How many faults a seeded month meets, at least and at most."""
BEYOND = 1.6
"""Seeded faults begin anywhere in this many times an unbroken month's points: so they meet the recovery too."""
KINDS, WEIGHTS = ("act", "journal", "message", "apdu"), (4, 3, 2, 1)
"""How often a seeded fault meets each kind of point: most APDUs only read, and hardly anything happens at them."""
TORN = 0.5
"""How often something of the bytes that were on their way reached the medium."""

MakeWorld = Callable[[Path], World]


@dataclass
class Month:
    """One month played: what broke, how it ended, and what does not hold."""

    wrong: list[tuple[str, str]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    record: Any = None


def play(
    breaks: Sequence[Break], *, torn: float = 0.0, make: MakeWorld = World, whole: Mapping[str, Any] | None = None
) -> Month:
    """A month in which these things break, to its end. ``whole``: the unbroken month's record, to compare with."""
    folder = Path(tempfile.mkdtemp(prefix="fapiao-crash-", dir=_memory()))
    month = Month()
    try:
        world = make(folder)
        with world.disk.mounted():
            world.points.plan(breaks)
            done = _live(world, len(breaks), torn, month.trace)
            runs = world.engine.runs() if done else ()
            month.points = world.points.passed
            if not done:
                month.wrong.append(("undecided", "the month does not come to its end"))
            else:
                month.wrong += [found for check in CHECKS for found in check(world, runs)]
                if whole is not None:
                    month.wrong += list(records_equal(world, runs, whole))
                month.record = record_of(world.facts[runs[-1].id]) if runs[-1].id in world.facts else None
            month.trace.append("runs: " + ", ".join(f"{run.state} {run.verdict}" for run in runs))
            if world.journal is not None:
                world.journal.close()
    finally:
        shutil.rmtree(folder)
    return month


def _live(world: World, breaks: int, torn: float, trace: list[str]) -> bool:
    """Agent after agent: each goes on until it dies or meets trouble; then everything is restarted and mended."""
    for life in range(breaks + MORE_LIVES):
        clerk = Clerk(world)
        done = False
        try:
            world.start()
            done = clerk.work(patient=not world.points.waits)
            ended = "done" if done else f"trouble {clerk.refusals[-1:]}"
        except Crash:
            ended = "killed"
        struck, world.points.struck = world.points.struck, []
        trace.append(f"agent {life + 1}: {'; '.join(map(str, struck)) or 'nothing breaks'}; {ended}")
        if done:
            return True
        world.died(torn)
        world.mend()
    return False


@cache
def unbroken() -> Month:
    """The month in which nothing breaks; raises ``AssertionError`` when even that does not end well."""
    month = play(())
    assert not month.wrong, month.wrong
    return month


def pairs() -> Iterator[Break]:
    """Every point × every fault."""
    for point in unbroken().points:
        for fault in Fault:
            yield Break(point, fault)


def drawn(seed: int) -> tuple[list[Break], float]:
    """The schedule of a seed, and how much of torn writes stays."""
    draw = random.Random(seed)
    kinds: dict[str, int] = {}
    for point in unbroken().points:
        kinds[point.kind] = max(kinds.get(point.kind, 0), point.number)
    breaks = []
    for _ in range(draw.randint(*BREAKS)):
        kind = draw.choices(KINDS, WEIGHTS)[0]
        number = draw.randint(1, int(kinds[kind] * BEYOND))
        breaks.append(Break(Point(kind, number), draw.choice(list(Fault))))
    return breaks, draw.random() if draw.random() < TORN else 0.0


def seeded(seed: int, make: MakeWorld = World) -> Month:
    """The month of a seed."""
    breaks, torn = drawn(seed)
    return play(breaks, torn=torn, make=make, whole=unbroken().record)


def _paired(one: Break) -> list[tuple[str, str]]:
    return [(kind, f"{sentence}; {one}") for kind, sentence in play([one], whole=unbroken().record).wrong]


def _seed(seed: int) -> list[tuple[str, str]]:
    return [(kind, f"{sentence}; --replay {seed}") for kind, sentence in seeded(seed).wrong]


def run(
    seeds: int = 0, first: int = 0, progress: Callable[[int], object] | None = None, *, paired: bool = True
) -> Result:
    """The whole matrix (unless not ``paired``), and so many seeded months, on every core."""
    begun = time.perf_counter()
    every = list(pairs()) if paired else []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        found = _all(pool.imap_unordered(_paired, every, chunksize=32), progress)
        found += _all(pool.imap_unordered(_seed, range(first, first + seeds), chunksize=32), progress)
    kinds = [{kind for kind, _ in wrong} for wrong in found]
    lost, double, undecided = (sum(name in wrong for wrong in kinds) for name in ("lost", "double", "undecided"))
    return Result(
        points=len(unbroken().points),
        faults=len(Fault),
        runs=len(every) + seeds,
        lost=lost,
        double=double,
        undecided=undecided,
        seconds=round(time.perf_counter() - begun, 1),
        violations=[sentence for wrong in found for _, sentence in wrong],
    )


def _all(
    results: Iterable[list[tuple[str, str]]], progress: Callable[[int], object] | None
) -> list[list[tuple[str, str]]]:
    found = []
    for number, wrong in enumerate(results, 1):
        if wrong:
            found.append(wrong)
        if progress is not None:
            progress(number)
    return found


@cache
def _memory() -> str | None:
    """A folder in memory where the system has one: the journal's own fsyncs are observed, not paid for."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
