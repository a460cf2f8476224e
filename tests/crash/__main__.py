"""``python -m tests.crash``: the crash matrix, both depths whole. Exit 1 only with violations.

    python -m tests.crash [--json] [--depth in-process|real|all] [--seeds N] [--first N] [--only-seeds]
    python -m tests.crash --replay SEED              one seeded month, told step by step
    python -m tests.crash --replay 211:kill_sent@7   one schedule: point:fault, …, @ and the seed of what chance decides

A violation names what plays it again; with real processes that is ``python -m tests.crash.real --point … --fault …``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys

from tests.crash.model import matrix
from tests.crash.model.faults import APPEND, Schedule
from tests.crash.model.month import broken, unbroken
from tests.crash.result import Result

DEPTHS = ("in-process", "real", "all")
EVERY = 500
"""So many runs between two lines of progress."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--depth", choices=DEPTHS, default="all")
    parser.add_argument("--seeds", type=int, default=0, help="months in which several things break, in process")
    parser.add_argument("--only-seeds", action="store_true", help="in process: no pairs, the seeds alone")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", default="", metavar="SEED", help="a seed, or a schedule as a violation names it")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # workers are ended on the way out
    if asked.replay:
        seeded = asked.replay.isdecimal()
        return _tell(matrix.drawn(int(asked.replay)) if seeded else Schedule.parse(asked.replay))
    results = []
    if asked.depth != "real":
        results.append(matrix.run(asked.seeds, asked.first, _progress("in process"), pairs_too=not asked.only_seeds))
    if asked.depth != "in-process":
        from tests.crash.real import matrix as real

        told = _progress("real processes")
        results.append(real.run(lambda done, total, one: told(done, total)))
    return _print(joined(results), as_json=asked.json)


def joined(results: list[Result]) -> Result:
    """The depths' results as one: the same month's points and faults count once (as the longer list has them), runs add up."""
    return Result(
        points=max(result.points for result in results),
        faults=max(result.faults for result in results),
        runs=sum(result.runs for result in results),
        lost=sum(result.lost for result in results),
        double=sum(result.double for result in results),
        undecided=sum(result.undecided for result in results),
        seconds=round(sum(result.seconds for result in results), 1),
        violations=[violation for result in results for violation in result.violations],
    )


def _print(told: Result, *, as_json: bool) -> int:
    for violation in told.violations:
        print(violation, file=sys.stderr)
    shown = dataclasses.asdict(told)
    del shown["violations"]
    print(json.dumps(shown) if as_json else " · ".join(f"{name} {value}" for name, value in shown.items()))
    return 1 if told.violations else 0


def _progress(depth: str) -> matrix.Progress:
    def tell(done: int, total: int) -> None:
        if done % EVERY == 0:
            print(f"{depth}: {done}/{total}", file=sys.stderr, flush=True)

    return tell


def _tell(schedule: Schedule) -> int:
    """The month's trace: at which point each fault begins, what the runs say after each act, how it ends."""
    month, points = broken(schedule), unbroken().points
    for strike in schedule.strikes:
        kind, label = points[strike.at - 1] if strike.at <= len(points) else ("beyond an unbroken month", "")
        print(f"planned: {strike.fault} at {strike.at} ({kind} {label})")
    for line in month.trace:
        print(line)
    print("journal:", " ".join(label for kind, label in month.points if kind == APPEND))
    print("end:", month.truth.card if month.truth else "none")
    for kind, sentence in month.wrong:
        print(f"{kind}: {sentence}")
    return 1 if month.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
