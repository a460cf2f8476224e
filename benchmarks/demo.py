"""Seconds a step of ``fapiao demo``, the whole clear on the practice card, in a fresh home for each size.

    python benchmarks/demo.py [--json] [--sizes 2000,200000]

Goals: apart from installation and from writing the sample file, 2,000 invoices in 8 s and 200,000 in 30 s on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # called as a file: its neighbours are found from the checkout

from benchmarks.form import Goal, Report, python

GOALS = {2_000: 8.0, 200_000: 30.0}
WRITING = ("sample", "write_sample", "sample_file")
"""The step that writes the sample file, which the goals leave out."""
FAPIAO = [python(), "-c", "import sys; from fapiao_kernel.cli.main import main; sys.exit(main())"]
LIMIT = 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each size once (the demo is long against its noise); 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--sizes", default="2000,200000", help="numbers of invoices, with commas")
    options = parser.parse_args(arguments)
    report = Report(
        work={"command": "fapiao demo --json --size N", "home": "fresh for each", "card": "simulated, T=1 over a pty"}
    )
    for size in (int(part) for part in options.sizes.split(",")):
        measure(size, report)
    return report.finish(as_json=options.json)


def measure(size: int, report: Report) -> None:
    """One demo: its rows, and its goal where one is set for this size."""
    began = time.perf_counter()
    answer, why = demo(size)
    wall = time.perf_counter() - began
    steps = {str(step): float(seconds) for step, seconds in answer.get("seconds", {}).items()}
    writing = sum(seconds for step, seconds in steps.items() if step in WRITING)
    report.rows += [{"invoices": size, "step": step, "seconds": round(seconds, 3)} for step, seconds in steps.items()]
    report.rows.append({"invoices": size, "step": "whole command", "seconds": round(wall, 3)})
    value = None if why else round(wall - writing, 3)
    report.rows.append({"invoices": size, "step": "whole command without writing the sample file", "seconds": value})
    if size in GOALS:
        report.goals.append(Goal(f"demo_{size}_seconds", value, GOALS[size], why=why))


def demo(size: int) -> tuple[dict[str, Any], str]:
    """The demo's answer, and why it does not count when it does not. Ends the agent that it leaves in its home."""
    with tempfile.TemporaryDirectory(prefix="fapiao-bench-", ignore_cleanup_errors=True) as folder:
        home = str(Path(folder) / "home")
        environment = {**os.environ, "FAPIAO_HOME": home}
        command = [*FAPIAO, "demo", "--json", "--size", str(size), "--home", home]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, cwd=folder)
        except subprocess.TimeoutExpired:
            return {}, f"not ended after {LIMIT} s"
        finally:
            subprocess.run([*FAPIAO, "agent", "stop"], env=environment, capture_output=True, cwd=folder)
        return judged(done)


def judged(done: subprocess.CompletedProcess[str]) -> tuple[dict[str, Any], str]:
    """An answer counts only when the demo says that it cleared and names its steps."""
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return {}, f"exit {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"
    if not isinstance(answer, dict):
        return {}, f"exit {done.returncode}: no JSON object"
    if done.returncode or answer.get("verdict") != "cleared":
        return answer, f"exit {done.returncode}, verdict {answer.get('verdict')}"
    if not any(step in WRITING for step in answer.get("seconds", {})):
        return answer, "the demo does not say how long writing the sample file took"
    return answer, ""


if __name__ == "__main__":
    sys.exit(main())
