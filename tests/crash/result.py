"""What a depth of the crash matrix found (结果)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Result:
    """``points`` and ``faults``: how many different ones were tried; ``runs``: how many months were broken.

    ``lost``, ``double``, ``undecided``: runs after which an invoice was lost, a unit closed twice, an outcome unknown for good.
    ``violations``: what does not hold, in a sentence that names the run so that it can be played again.
    """

    points: int
    faults: int
    runs: int
    lost: int
    double: int
    undecided: int
    seconds: float
    violations: list[str] = field(default_factory=list)
