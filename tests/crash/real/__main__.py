"""``python -m tests.crash.real``: the matrix with real processes, whole or in part.

A violation names the run: ``--point journal:7 --fault kill-after-fsync`` plays it again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from tests.crash.real import matrix


def main() -> int:
    """1 with violations."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.real", description=__doc__)
    parser.add_argument("--point", default="", help="journal:N, apdu:N or message:N")
    parser.add_argument("--fault", default="", help="one fault's name")
    parser.add_argument("--whole", action="store_true", help="each fault at every point of its kind")
    parser.add_argument("--few", action="store_true", help="each fault once")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    def tell(done: int, total: int, one: matrix.Done) -> None:
        if one.found or total < 50 or done % 50 == 0:
            print(f"{done}/{total} {one.case} {one.seconds:.1f} s {one.told}", file=sys.stderr, flush=True)

    choose = matrix.few if asked.few else list
    result = matrix.run(tell, point=asked.point, fault=asked.fault, whole=asked.whole, choose=choose)
    for violation in result.violations:
        print(violation, file=sys.stderr)
    told = dataclasses.asdict(result)
    del told["violations"]
    print(json.dumps(told) if asked.json else " · ".join(f"{name} {value}" for name, value in told.items()))
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
