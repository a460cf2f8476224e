"""Faults of a lesson (故障), by name: what each means for card and tax side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fapiao_kernel.domain.errors import UsageError
from fapiao_kernel.domain.invoice import InvoiceType


@dataclass(frozen=True)
class Faults:
    """The far ends' share of a fault."""

    card: tuple[Mapping[str, Any], ...] = ()
    authority: tuple[str, ...] = ()
    not_uploaded: Mapping[InvoiceType, int] = field(default_factory=dict)


KNOWN = ("lost-reply", "one-refused", "comparison-failed", "uploads-missing")
MISSING_UPLOADS = 3


def faults_of(name: str, types: Sequence[InvoiceType]) -> Faults:
    """The fault of this name on a card with these types; none for ``""``. Raises ``UsageError`` for a name not known."""
    match name:
        case "":
            return Faults()
        case "lost-reply":
            # The card clears, and its answer is lost on the way (domain note 7, row 57).
            return Faults(card=({"at": "clear", "do": "lose_reply_after_commit", "times": 1},))
        case "one-refused":
            # Conditions not met for the second type (SW 6985; domain note 7, row 60): a partial clear.
            return Faults(
                card=({"at": "clear", "do": "refuse", "status": "6985", "type": types[-1].value, "times": 1},)
            )
        case "comparison-failed":
            return Faults(authority=("comparison-failed",))
        case "uploads-missing":
            return Faults(not_uploaded={types[-1]: MISSING_UPLOADS})
    raise UsageError("practice_fault_unknown", fault=name, known="、".join(KNOWN))
