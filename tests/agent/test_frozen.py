"""Which preview the named query ``preview`` shows when it is asked without parameters."""

from __future__ import annotations

from typing import Any

import pytest

from fapiao_kernel.agent.queries import newest_frozen
from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit

UNIT = ClearUnit("661000012345", InvoiceType.SPECIAL, Period(2026, 10))


def run(id: str, watermark: int | None, state: State = State.FINISHED) -> Run:
    """A run with a preview frozen at this watermark, or with none."""
    units = [{"invoice_type": "004", "period": "2026-10", "watermark": watermark}]
    facts: dict[Event, Any] = {} if watermark is None else {Event.FROZEN: {"units": units}}
    return Run(id, state, "card", UNIT.device_number, (UNIT,), ((UNIT,),), "2026-11-05", "tests", facts=facts)


def test_the_newest_run_that_froze_one_is_shown() -> None:
    runs = (run("a", 1), run("b", 3), run("c", None, State.CHECKED))
    assert newest_frozen(runs) == {"keys": [UNIT.key], "watermarks": [3]}


def test_a_preview_that_was_voided_can_still_be_looked_at() -> None:
    assert newest_frozen((run("a", 2, State.DECLARED),))["watermarks"] == [2]


def test_without_a_frozen_preview_the_refusal_says_what_to_do() -> None:
    with pytest.raises(Refused) as refused:
        newest_frozen((run("a", None, State.OPENED),))
    assert refused.value.code == "no_frozen_preview"
