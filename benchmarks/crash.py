"""How many broken months the crash matrix plays, and how soon it finds a bug that was planted.

    python benchmarks/crash.py [--json] [--seeds 10000] [--no-real]

Goals on two cores: 10,000 seeded months within 5 minutes, none of them wrong; a retry after a lost reply found within 200 seeds; both
depths whole within 8 minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # called as a file: its neighbours are found from the checkout

from benchmarks.form import Goal, Report, python

ROOT = Path(__file__).resolve().parent.parent
SEEDS, SECONDS = 10_000, 300.0
WHOLE_SECONDS = 480.0
PLANTED_SEEDS = 200
FIND = f"""
from tests.crash.model import matrix, planted
print(next((n + 1 for n in range({PLANTED_SEEDS}) if matrix.judged(matrix.drawn(n), "", planted.Retries)), 0))
"""
"""How many seeds it takes until the planted retry is found; 0 when it is not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--no-real", action="store_true", help="leave the depth with real processes out")
    options = parser.parse_args(arguments)
    report = Report(work={"command": "python -m tests.crash --json", "seeds": options.seeds})
    inside = _matrix(report, "in process", "--depth", "in-process")
    seeded = _matrix(
        report,
        "in process, seeded months alone",
        "--depth",
        "in-process",
        "--only-seeds",
        "--seeds",
        str(options.seeds),
    )
    real = {} if options.no_real else _matrix(report, "real processes", "--depth", "real")
    rate = seeded.get("seconds")
    months = round(options.seeds * SECONDS / rate) if rate else None
    report.goals.append(Goal("seeded_months_in_5_minutes", months, SEEDS, "higher"))
    report.goals.append(Goal("seeded_months_wrong", _wrong(seeded), 0))
    report.goals.append(Goal("planted_retry_found_after_seeds", _found(), PLANTED_SEEDS))
    both = inside["seconds"] + real["seconds"] if inside and real else None
    report.goals.append(
        Goal("both_depths_whole_seconds", both, WHOLE_SECONDS, why="" if both else "real depth left out")
    )
    return report.finish(as_json=options.json)


def _matrix(report: Report, name: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [python(), "-m", "tests.crash", "--json", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {}
    report.rows.append({"depth": name, **told})
    return told


def _wrong(told: dict[str, Any]) -> float | None:
    return float(sum(told[kind] for kind in ("lost", "double", "undecided"))) if told else None


def _found() -> float | None:
    done = subprocess.run([python(), "-c", FIND], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    seeds = int(done.stdout or 0)
    return float(seeds) if seeds else None


if __name__ == "__main__":
    sys.exit(main())
