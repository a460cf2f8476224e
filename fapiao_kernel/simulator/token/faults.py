"""The token's fault plan (故障计划): what goes wrong on USB, where, how often. Note: docs/protocol/usb-token.md, section 5."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

MESSAGES = (
    "power_on",
    "power_off",
    "slot_status",
    "xfr",
    "get_parameters",
    "reset_parameters",
    "set_parameters",
    "abort",
    "other",
)
AT_MESSAGE = (
    "stall_out",
    "stall_in",
    "silence",
    "lose_reply_after_commit",
    "stale",
    "duplicate",
    "corrupt_type",
    "corrupt_length",
    "corrupt_slot",
    "corrupt_seq",
    "truncate",
    "fragment",
    "zlp_first",
    "time_extension",
    "late",
    "overflow",
    "broken",
    "fail",
    "power_loss",
    "card_out_before_commit",
    "card_out_after_commit",
    "unplug_before_commit",
    "unplug_after_commit",
)
_DOINGS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*MESSAGES, "message"), AT_MESSAGE),
    "control": ("stall",),
    "transfer": ("unplug",),
    "byte": ("unplug",),
}
_KEYS = {"at", "do", "nth", "times", "n"}
NONE: Mapping[str, Any] = {"do": ""}


class Plan:
    """Faults that wait for their moment. Raises ``ValueError`` for one that could never strike as meant."""

    def __init__(self, entries: Sequence[Mapping[str, Any]] = ()) -> None:
        self._entries = [{"nth": 1, "times": 1, "n": 1, **entry, "seen": 0} for entry in entries]
        for entry, given in zip(self._entries, entries, strict=True):
            numbers = all(type(entry[key]) is int and entry[key] >= 1 for key in ("nth", "times"))
            sound = not set(given) - _KEYS and entry.get("do") in _DOINGS.get(str(entry.get("at")), ())
            if not sound or not numbers or type(entry["n"]) is not int or not 0 <= entry["n"] <= 0xFFFF:
                raise ValueError(f"not a fault of the token: {dict(given)}")
        self._places = {entry["at"] for entry in self._entries}

    def strike(self, *places: str, steps: int = 1) -> Mapping[str, Any]:
        """What ``steps`` arrivals at these places meet; ``NONE`` when nothing. Counts them."""
        struck = NONE
        if self._places.isdisjoint(places):
            return struck
        for entry in self._entries:
            first, last = entry["nth"], entry["nth"] + entry["times"] - 1
            if entry["at"] in places and entry["seen"] < last:
                entry["seen"] += steps
                if struck is NONE and entry["seen"] >= first:
                    struck = entry
        return struck

    @property
    def used_up(self) -> bool:
        """Whether every fault has struck as often as it was to."""
        return all(entry["seen"] >= entry["nth"] + entry["times"] - 1 for entry in self._entries)


def drawn(seed: int, count: int = 3, within: int = 12) -> list[dict[str, Any]]:
    """A plan by lot: the same for the same seed. ``count`` faults, each within the first ``within`` messages."""
    lot = random.Random(seed)
    plan: list[dict[str, Any]] = []
    for _ in range(count):
        do = lot.choice(AT_MESSAGE)
        plan.append({"at": "message", "do": do, "nth": lot.randint(1, within), "n": lot.choice((1, 2, 3, 9, 64))})
    return plan
