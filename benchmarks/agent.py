"""What an agent costs while nobody asks it for anything: resident memory and CPU, in a fresh home and after a whole clear.

    python benchmarks/agent.py [--json] [--seconds 30]

Goals: under 150 MB resident and no measurable CPU (not one tick of the kernel's clock) over the idle time. Linux only (/proc).
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

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # called as a file: its neighbours are found from the checkout

from benchmarks.form import Goal, Report, python

RESIDENT_MB = 150.0
TICKS = 0.0
FAPIAO = [python(), "-c", "import sys; from fapiao_kernel.cli.main import main; sys.exit(main())"]
CLEAR = """
from fapiao_kernel.client import connect
with connect() as client:
    practice = client.practice_start(size=2000)
    run = client.open_run(practice.card)
    for act in (client.check, client.backup):
        client.wait(act(run.id).id)
    client.wait(client.report(run.id, practice.pin, run.period).id)
    client.file_return(run.id)
    client.wait(client.declaration(run.id).id)
    shown = client.wait(client.preview(run.id).id).preview
    token = client.confirm(run.id, shown.revision, shown.confirm_device, shown.confirm_period).token
    view = client.wait(client.execute(run.id, shown.revision, token, practice.pin).id)
    assert view.verdict == "cleared", view.findings
"""
"""A whole month of 2,000 invoices through the client; the agent stays."""
MOMENTS = {"fresh": [*FAPIAO, "status", "--json"], "after_clear": [python(), "-c", CLEAR]}
SETTLING_SECONDS = 3.0
"""What a request leaves behind (a kept-alive connection, a thread that ends) is over by then."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the agent is watched")
    options = parser.parse_args(arguments)
    report = Report(work={"idle_seconds": options.seconds, "ticks_a_second": _ticks_a_second()})
    for moment, command in MOMENTS.items():
        measure(moment, command, options.seconds, report)
    return report.finish(as_json=options.json)


def measure(moment: str, command: Sequence[str], seconds: float, report: Report) -> None:
    """One home: bring its agent to the moment, then leave it alone and look."""
    resident, ticks, why = None, None, ""
    with tempfile.TemporaryDirectory(prefix="fapiao-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        environment = {**os.environ, "FAPIAO_HOME": str(home)}
        try:
            subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=True)
            pid = int(json.loads((home / "agent.json").read_text(encoding="utf-8"))["pid"])
            time.sleep(SETTLING_SECONDS)
            before = _ticks(pid)
            time.sleep(seconds)
            ticks, resident = float(_ticks(pid) - before), _resident_mb(pid)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
        finally:
            subprocess.run([*FAPIAO, "agent", "stop"], env=environment, capture_output=True, cwd=folder)
    report.rows.append({"agent": moment, "resident_mb": resident, "cpu_ticks": ticks})
    report.goals.append(Goal(f"idle_{moment}_resident_mb", resident, RESIDENT_MB, why=why))
    report.goals.append(Goal(f"idle_{moment}_cpu_ticks", ticks, TICKS, why=why))


def _ticks(pid: int) -> int:
    """User and system time that the process has used, in ticks (proc(5): fields 14 and 15, after the name in brackets)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident_mb(pid: int) -> float:
    """VmRSS, in MB of a million bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    raise ValueError("the system does not tell the resident memory")


def _ticks_a_second() -> int | None:
    return os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else None


if __name__ == "__main__":
    sys.exit(main())
