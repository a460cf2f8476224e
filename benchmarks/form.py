"""The form that every benchmark prints: machine, work, rows, goals; as JSON or as a table."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Goal:
    """One figure that an issue names. ``value`` None: it could not be measured, and ``why`` says so."""

    name: str
    value: float | None
    goal: float
    better: str = "lower"
    why: str = ""

    @property
    def met(self) -> bool:
        """Never met when not measured."""
        if self.value is None:
            return False
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def plain(self) -> dict[str, Any]:
        """The goal as DESIGN §11 prints it."""
        shown = {"name": self.name, "value": self.value, "goal": self.goal, "better": self.better, "met": self.met}
        return {**shown, "why": self.why} if self.why else shown


@dataclass
class Report:
    """One benchmark's outcome. ``work`` says what was done to get it; ``rows`` are the figures themselves."""

    work: Mapping[str, Any]
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """The whole object of DESIGN §11."""
        goals = [goal.plain() for goal in self.goals]
        return {"machine": machine(), "work": dict(self.work), "rows": list(self.rows), "goals": goals}

    def finish(self, *, as_json: bool) -> int:
        """Print it; 0, or 1 when a goal is missed."""
        if as_json:
            print(json.dumps(self.plain(), ensure_ascii=False, indent=1))
        else:
            print_tables(self)
        return 0 if all(goal.met for goal in self.goals) else 1


def python() -> str:
    """The Python whose ``fapiao`` is measured: the checkout's ``.venv`` where there is one, else the one that runs."""
    home = Path(__file__).resolve().parent.parent / ".venv"
    inside = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return str(inside) if inside.exists() else sys.executable


def machine() -> dict[str, Any]:
    """What the figures were measured on: processor, cores we may use, memory, system, Python."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """The processor's name as Linux gives it, else what Python knows."""
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """Memory of the machine in GiB; None where the system does not say (Windows)."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def print_tables(report: Report) -> None:
    """The same for a reader: one line a row, one line a goal."""
    facts = machine()
    print(
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}, Python {facts['python']}"
    )
    print(", ".join(f"{key}: {value}" for key, value in report.work.items()))
    table([{key: shown(value) for key, value in row.items()} for row in report.rows])
    table(
        [
            {
                "goal": goal.name,
                "value": shown(goal.value),
                "at most" if goal.better == "lower" else "at least": shown(goal.goal),
                "of it": "" if goal.value is None or not goal.goal else f"{goal.value / goal.goal:.0%}",
                "met": "yes" if goal.met else f"NO {goal.why}".strip(),
            }
            for goal in report.goals
        ]
    )


def shown(value: Any) -> str:
    """A figure with the digits that mean something."""
    if value is None:
        return "not measured"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:,}"
        if isinstance(value, (int, float))
        else str(value)
    )


def table(rows: Sequence[Mapping[str, str]]) -> None:
    """Columns in the order in which they first appear."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    lines = [heads, *([row.get(head, "") for head in heads] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    print()
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    sys.stdout.flush()
