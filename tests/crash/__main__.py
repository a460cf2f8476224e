"""``python -m tests.crash``: the crash matrix, both depths whole. Exit 1 only with violations.

    python -m tests.crash [--json] [--depth in-process|real|all] [--seeds N] [--first N]
    python -m tests.crash --replay SEED            one seeded month, told step by step
    python -m tests.crash --break journal:9 FAULT  one pair in process, told step by step

A violation names what plays it again; with real processes that is ``python -m tests.crash.real --point … --fault …``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from tests.crash.inside import matrix
from tests.crash.inside.faults import Break, Fault, Point
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
    parser.add_argument("--seeds", type=int, default=0, help="random months with several faults, in process")
    parser.add_argument("--only-seeds", action="store_true", help="in process: no pairs, the seeds alone")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one seeded month")
    parser.add_argument("--break", nargs=2, metavar=("POINT", "FAULT"), dest="pair", help="one pair")
    asked = parser.parse_args(arguments)
    if asked.replay is not None:
        return _tell(*matrix.drawn(asked.replay))
    if asked.pair is not None:
        kind, _, number = asked.pair[0].partition(":")
        return _tell([Break(Point(kind, int(number)), Fault(asked.pair[1]))], 0.0)
    return _run(asked.depth, asked.seeds, asked.first, pairs=not asked.only_seeds, as_json=asked.json)


def _run(depth: str, seeds: int, first: int, *, pairs: bool, as_json: bool) -> int:
    results = []
    if depth != "real":
        results.append(matrix.run(seeds, first, lambda done: _progress("in process", done), paired=pairs))
    if depth != "in-process":
        from tests.crash.real import matrix as real

        results.append(real.run(lambda done, total, one: _progress("real processes", done)))
    told = joined(results)
    for violation in told.violations:
        print(violation, file=sys.stderr)
    shown = dataclasses.asdict(told)
    del shown["violations"]
    print(json.dumps(shown) if as_json else " · ".join(f"{name} {value}" for name, value in shown.items()))
    return 1 if told.violations else 0


def joined(results: list[Result]) -> Result:
    """The depths' results as one: the same month's points and faults count once (as the deeper list has them), runs add up."""
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


def _progress(depth: str, done: int) -> None:
    if done % EVERY == 0:
        print(f"{depth}: {done}", file=sys.stderr, flush=True)


def _tell(breaks: list[Break], torn: float) -> int:
    month = matrix.play(breaks, torn=torn, whole=matrix.unbroken().record)
    print("planned: " + "; ".join(map(str, breaks)) + (f"; {torn:.0%} of torn writes stays" if torn else ""))
    for line in month.trace:
        print(line)
    for kind, sentence in month.wrong:
        print(f"{kind}: {sentence}")
    return 1 if month.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
