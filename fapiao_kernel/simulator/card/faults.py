"""The card's fault plan (故障计划): what goes wrong, at which command, how often. Note: docs/protocol/practice-card.md, section 8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COMMANDS = (
    "select",
    "read_binary",
    "read_record",
    "read_details",
    "clock",
    "pin_tries",
    "verify_pin",
    "report",
    "clear",
    "find",
    "next_number",
    "issue",
    "void",
    "register_number",
    "register_terminal",
    "daily_collect",
    "data_collect",
)
DOINGS = (
    "lose_reply_after_commit",
    "power_loss_before_commit",
    "power_loss_after_commit",
    "refuse",
    "delay",
    "drop_reply",
    "corrupt_reply",
    "stay_offline",
)
_KEYS = {"at", "do", "nth", "times", "type", "status", "seconds"}


def new_faults(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each entry with its count of arrivals, ``seen``. Raises ``ValueError`` for one that could never strike as meant."""
    plan = [{"nth": 1, "times": 1, "type": "", "status": "6985", "seconds": 0, **entry, "seen": 0} for entry in entries]
    for entry, given in zip(plan, entries, strict=True):
        sound = not set(given) - _KEYS and entry.get("at") in COMMANDS and entry.get("do") in DOINGS
        sound = sound and (entry["do"] != "stay_offline" or entry["at"] == "issue")
        if not sound or len(bytes.fromhex(str(entry["status"]))) != 2 or int(entry["nth"]) < 1:
            raise ValueError(f"not a fault of the card: {dict(given)}")
    return plan


def watches(plan: Sequence[Mapping[str, Any]], command: str, invoice_type: str) -> bool:
    """Whether a fault of the plan still waits for this command."""
    return any(_waits(fault, command, invoice_type) for fault in plan)


def strike(plan: list[dict[str, Any]], command: str, invoice_type: str) -> Mapping[str, Any] | None:
    """The fault that this arrival of a command meets, if any. Counts the arrival, so the plan wants to be kept."""
    struck: Mapping[str, Any] | None = None
    for fault in plan:
        if _waits(fault, command, invoice_type):
            fault["seen"] += 1
            if struck is None and fault["seen"] >= fault["nth"]:
                struck = fault
    return struck


def _waits(fault: Mapping[str, Any], command: str, invoice_type: str) -> bool:
    used_up = fault["seen"] >= fault["nth"] + fault["times"] - 1
    return not used_up and fault["at"] == command and fault["type"] in ("", invoice_type)
