"""The matrix (故障矩阵): every point of a month, broken by real processes' deaths and by everything else that can go wrong."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.real.agent_side import SLOW
from tests.crash.result import Result

Point = tuple[str, int, str]
"""Kind, the how-manieth of its kind, and what it is."""

KILLS = {
    "journal": ("kill-before-fsync", "kill-after-fsync"),
    "apdu": ("kill-after-send",),
    "message": ("kill-after-send", "kill-before-reply"),
}
"""At every point of the kind."""
OTHERS = {
    "journal": ("full-journal", "full-ledger", "full-backup", "clock-jumps"),
    "apdu": (
        "kill-before-reply",
        "unplugged-before-send",
        "unplugged-after-send",
        "power_loss_after_commit",
        "clock-jumps",
    ),
    "message": ("authority-gone", "down", SLOW, "refuse", "answer_twice", "clock-jumps"),
}
FULL = "full-"
CHANGING = ("c0f4", "c0f6", "c0f9000008")
"""First bytes of the commands that change the card: report, clear, and showing the PIN (without data: how many tries)."""
AT_THE_CLEAR = ("c0f6", "clear.intent", "unit.")
EVERY = 4
"""Of the APDUs that only read, each so-manieth meets one of the other faults."""
WORKERS = 2
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Case:
    """One break: a point, and what happens there."""

    point: Point
    do: str

    @property
    def at(self) -> str:
        """The point as ``--point`` takes it."""
        return f"{self.point[0]}:{self.point[1]}"

    def __str__(self) -> str:
        return f"python -m tests.crash.real --point {self.at} --fault {self.do} ({self.point[2]})"

    @property
    def breaking(self) -> dict[str, Any]:
        return {"at": self.point[0], "n": self.point[1], "do": self.do}


@dataclass
class Done:
    """A case and what came of it."""

    case: Case
    found: list[tuple[str, str]]
    seconds: float
    told: dict[str, Any] = field(default_factory=dict)


Progress = Callable[[int, int, Done], object]


def cases(points: Sequence[Point], *, whole: bool = False, disks: bool = True) -> Iterator[Case]:
    """Every kill at every point. Each other fault at every message and every changing command; at the rest in turns: each append
    meets one of them, and every fourth APDU that only reads. ``whole``: each meets all."""
    turns = {"journal": 0, "apdu": 0, "message": 0}
    for point in points:
        kind, n, label = point
        for do in KILLS[kind]:
            yield Case(point, do)
        others = [do for do in OTHERS[kind] if disks or not do.startswith(FULL)]
        every = whole or kind == "message" or label.startswith(CHANGING)
        if every:
            yield from (Case(point, do) for do in others)
        elif kind != "apdu" or n % EVERY == 0:
            yield Case(point, others[turns[kind] % len(others)])
            turns[kind] += 1


def few(wanted: Sequence[Case]) -> list[Case]:
    """One case a kind and fault, each at another stretch of the month, and every kill at the clear itself."""
    by_fault: dict[tuple[str, str], list[Case]] = {}
    for case in wanted:
        by_fault.setdefault((case.point[0], case.do), []).append(case)
    step = len(by_fault)
    picked = {group[len(group) * (2 * i + 1) // (2 * step)] for i, group in enumerate(by_fault.values())}
    picked |= {case for case in wanted if case.do.startswith("kill") and case.point[2].startswith(AT_THE_CLEAR)}
    return [case for case in wanted if case in picked]


def run(
    progress: Progress | None = None,
    *,
    point: str = "",
    fault: str = "",
    whole: bool = False,
    choose: Callable[[Sequence[Case]], Sequence[Case]] = list,
    workers: int = WORKERS,
) -> Result:
    """The matrix, or those of its cases that ``point`` (``journal:7``) and ``fault`` name, and ``choose`` picks.

    ``points`` of the result: those at which something was broken, so all of them unless some were picked.
    """
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="fapiao-crash-") as folder:
        crew = [_Crew(Path(folder) / str(number)) for number in range(workers)]
        try:
            told = [each.answer() for each in crew]
            if told[0]["no_disks"]:
                print(f"no disk-full faults here: {told[0]['no_disks']}", file=sys.stderr)
            points: list[Point] = [(kind, n, label) for kind, n, label in told[0]["points"]]
            wanted = list(cases(points, whole=whole or bool(point or fault), disks=not told[0]["no_disks"]))
            wanted = [c for c in wanted if point in ("", c.at) and fault in ("", c.do)]
            wanted = list(choose(wanted))
            violations = _unsound(told, wanted)
            done = [] if violations else _work(crew, wanted, progress)
        finally:
            for each in crew:
                each.close()
    violations += [f"{d.case}: {sentence}" for d in done for _, sentence in d.found]
    kinds = [{kind for kind, _ in d.found} for d in done]
    lost, double, undecided = (sum(name in found for found in kinds) for name in ("lost", "double", "undecided"))
    return Result(
        points=len({d.case.point for d in done}),
        faults=len({d.case.do for d in done}),
        runs=len(done),
        lost=lost,
        double=double,
        undecided=undecided,
        seconds=round(time.perf_counter() - begun, 1),
        violations=violations,
    )


def _unsound(told: Sequence[dict[str, Any]], wanted: Sequence[Case]) -> list[str]:
    """What makes the matrix worthless from the start."""
    if not all(each["sound"] for each in told):
        return [f"real: the unbroken month does not end well: {[each['refusals'] for each in told]}"]
    if any(each["points"] != told[0]["points"] for each in told):
        return ["real: two unbroken months do not pass the same points"]
    return [] if wanted else ["real: no such point or fault"]


def _work(crew: Sequence[_Crew], wanted: Sequence[Case], progress: Progress | None) -> list[Done]:
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in wanted:
        waiting.put(case)
    done: list[Done] = []
    guard = threading.Lock()

    def work(worker: _Crew) -> None:
        while True:
            try:
                case = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                one = worker.ask(case)
            except (OSError, RuntimeError, ValueError) as error:
                one = Done(case, [("other", f"the worker broke: {error}")], 0.0)
            with guard:
                done.append(one)
                if progress is not None:
                    progress(len(done), len(wanted), one)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in crew]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(done, key=lambda one: wanted.index(one.case))


class _Crew:
    """A worker process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.real.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env={**os.environ, "FAPIAO_LANG": "zh"},  # records are compared by their words
        )

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker of the crash matrix ended with {self._process.wait()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def ask(self, case: Case) -> Done:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(case.breaking) + "\n")
        self._process.stdin.flush()
        told = self.answer()
        return Done(case, [(kind, sentence) for kind, sentence in told.pop("found")], told.pop("seconds"), told)

    def close(self) -> None:
        self._process.communicate()
