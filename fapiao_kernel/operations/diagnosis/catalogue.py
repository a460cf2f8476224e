"""The failure catalogue (故障目录) as data: ``failures.toml``, one entry a row of the domain note's section 7."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fapiao_kernel.domain.finding import Who


@dataclass(frozen=True)
class Failure:
    """One failure: meaning → check → fix → who.

    ``codes``: what devices, components and services answer, ``x`` standing for one hex digit (tries left in SW ``63Cx``), and
    the fixed parts of their sentences. ``source``: marks of the note's sources (J, N, H, … ; I = inference).
    """

    number: int
    codes: tuple[str, ...]
    symptom: str
    cause: str
    check: str
    fix: str
    who: Who
    source: str


@cache
def failures() -> tuple[Failure, ...]:
    """Every entry, in the note's order. Raises ``ValueError`` or ``KeyError`` for a file that is not whole."""
    file = resources.files("fapiao_kernel.operations.diagnosis") / "failures.toml"
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["failure"]
    return tuple(
        Failure(
            int(row["number"]),
            tuple(row["codes"]),
            row["symptom"],
            row["cause"],
            row["check"],
            row["fix"],
            Who(row["who"]),
            row["source"],
        )
        for row in rows
    )
