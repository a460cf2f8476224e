"""Weighing a warning (提醒的轻重): it is taken on as large as it was then; grown by a step, a person is asked again. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

_DRIFT = (60, 6 * 60)
"""Minutes: two clocks an hour apart are one set wrong, six hours may already be another day (our choice)."""
_SHEETS = (1, 10, 100, 1000)
_EACH = tuple(range(1, 16))
"""Every one more is another thing to take on."""

STEPS: Mapping[str, tuple[int, ...]] = {
    "check_clock_drift": _DRIFT,
    "check_tax_clock_drift": _DRIFT,
    "check_clocks_drift": _DRIFT,
    "check_seller_mixed": _SHEETS,
    "check_verdict_locked": (7, 30),
    "check_some_cleared": _EACH,
    "check_groups_left_out": _EACH,
}
"""Finding code → the weights (``Finding.weight``) up to which its steps reach; above the last there is one more step.

Minutes of drift, sheets of other sellers, days past the lock date, types, spans. A code that is not here has no size. What the
frozen preview itself says (数字核对) cannot grow: any change of it is a new preview, which forgets what was taken on.
"""


def step(code: str, weight: int) -> int:
    """Which step a warning of that weight is on, 0 the smallest."""
    return bisect_left(STEPS.get(code, ()), weight)


def grown(code: str, accepted: int, now: int) -> bool:
    """Whether a warning taken on at the weight ``accepted`` is a step larger ``now``; that it became smaller is no matter."""
    return step(code, now) > step(code, accepted)
