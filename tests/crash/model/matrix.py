"""The matrix in process (故障矩阵): every point of a month × every fault, and seeded months in which several things break."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from tests.crash.model.faults import APDU, APPEND, MESSAGE, Fault, Schedule, Strike
from tests.crash.model.month import MakeWorld, broken, unbroken
from tests.crash.model.world import World
from tests.crash.result import Result

BREAKS = (2, 5)
"""How many faults a seeded month meets, at least and at most."""
BEYOND = 1.5
"""They begin anywhere in this many times an unbroken month's points: the recovery has points of its own."""
ACTS = ("c0f4", "c0f6")
"""First bytes of 抄税 and 监控回传."""
WORKERS = 2
_CHUNK = 40

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Broken:
    """One month that did not end as it should. ``kinds``: what is wrong with it."""

    kinds: frozenset[str]
    sentence: str


def pairs() -> Iterator[Schedule]:
    """Every point × every fault."""
    for number in range(1, len(unbroken().points) + 1):
        for fault in Fault:
            yield Schedule((Strike(number, fault),), number)


def drawn(seed: int) -> Schedule:
    """The schedule of a seed: by the sort of point first (``_WEIGHTS``)."""
    draw = random.Random(seed)
    points = unbroken().points
    strikes = []
    for _ in range(draw.randint(*BREAKS)):
        among, faults = draw.choices(_sorts(), _WEIGHTS)[0]
        at = draw.choice(among) if draw.random() < 1 / BEYOND else draw.randint(1, int(len(points) * BEYOND))
        strikes.append(Strike(at, draw.choice(faults if draw.random() < 0.5 else tuple(Fault))))
    return Schedule(tuple(sorted(strikes, key=lambda strike: strike.at)), seed)


@cache
def _sorts() -> tuple[tuple[Sequence[int], Sequence[Fault]], ...]:
    """Points by sort, with the faults that are of it: appends, commands, messages, and commands that change the card."""
    points = list(enumerate(unbroken().points, 1))
    by_kind = {kind: [n for n, (k, _) in points if k == kind] for kind in (APPEND, APDU, MESSAGE)}
    acts = [n for n, (kind, label) in points if kind == APDU and label.startswith(ACTS)]
    every = tuple(Fault)
    at_card = tuple(
        f for f in every if f.startswith("card") or f in (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.KILL_SENT)
    )
    authority = tuple(f for f in every if f.startswith("authority") or f in (Fault.KILL_AFTER, Fault.KILL_SENT))
    kept = tuple(f for f in every if f.startswith(("kill", "full", "clock")) and f is not Fault.KILL_SENT)
    return ((by_kind[APPEND], kept), (by_kind[APDU], at_card), (by_kind[MESSAGE], authority), (acts, at_card))


_WEIGHTS = (3, 1, 2, 4)
"""Of 234 commands 228 only read: by numbers alone hardly any fault would meet one that changes the card."""


def judged(schedule: Schedule, how: str, make: MakeWorld = World) -> Broken | None:
    """What is wrong with the month of this schedule; ``how``: the way to play it again."""
    wrong = broken(schedule, make).wrong
    if not wrong:
        return None
    told = "; ".join(dict.fromkeys(f"{kind}: {sentence}" for kind, sentence in wrong))
    return Broken(frozenset(kind for kind, _ in wrong), f"in process {schedule}: {told}; again: {how}")


def _pair(schedule: Schedule) -> Broken | None:
    return judged(schedule, f"python -m tests.crash --replay {schedule}")


def _seed(seed: int) -> Broken | None:
    return judged(drawn(seed), f"python -m tests.crash --replay {seed}")


def run(
    seeds: int = 0, first: int = 0, progress: Progress | None = None, workers: int = WORKERS, pairs_too: bool = True
) -> Result:
    """The whole matrix, then so many seeded months from seed ``first`` on."""
    begun = time.perf_counter()
    every = list(pairs()) if pairs_too else []
    found: list[Broken | None] = []
    with multiprocessing.get_context("spawn").Pool(min(workers, os.cpu_count() or 1), _ready) as pool:
        found += _told(pool.imap_unordered(_pair, every, _CHUNK), len(every), progress)
        found += _told(pool.imap_unordered(_seed, range(first, first + seeds), _CHUNK), seeds, progress)
    return summed([one for one in found if one is not None], len(every) + seeds, time.perf_counter() - begun)


def summed(found: Sequence[Broken], runs: int, seconds: float) -> Result:
    """As the figures of a depth."""
    lost, double, undecided = (sum(kind in one.kinds for one in found) for kind in ("lost", "double", "undecided"))
    return Result(
        points=len(unbroken().points),
        faults=len(Fault),
        runs=runs,
        lost=lost,
        double=double,
        undecided=undecided,
        seconds=round(seconds, 1),
        violations=[one.sentence for one in found],
    )


def _ready() -> None:
    """A worker's beginning. Records are compared by their words."""
    os.environ["FAPIAO_LANG"] = "zh"
    unbroken()


def _told(results: Iterable[Broken | None], total: int, progress: Progress | None) -> list[Broken | None]:
    found = []
    for number, one in enumerate(results, 1):
        found.append(one)
        if progress is not None:
            progress(number, total)
    return found
