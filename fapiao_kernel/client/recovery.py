"""What a face asks when things may have gone wrong (恢复流程)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fapiao_kernel.api.recovery import CardRequest, FalseAlarm, SituationView
from fapiao_kernel.api.runs import RunView

if TYPE_CHECKING:
    from fapiao_kernel.client.wire import Wire


class Recovery:
    """Part of ``Client``. Every method raises ``RequestError``, and begins with a fresh reading of the card."""

    if TYPE_CHECKING:
        _wire: Wire

    def look_back(self, card: str) -> SituationView:
        """What device, ledger, tax side and journal say of the card now, and the one action that is left (现状)."""
        return self._wire.ask(SituationView, "GET", "/recovery", params={"card": card}, long=True)

    def continue_from_device(self, card: str) -> RunView:
        """按设备结果继续: what the card proves is written and concluded; nothing is sent to it."""
        return self._wire.ask(RunView, "POST", "/recovery/continue", json=CardRequest(card=card), long=True)

    def false_alarm(self, card: str, statement: str) -> RunView | None:
        """误报: the reading proves that nothing moved. None when no run was open."""
        request = FalseAlarm(card=card, statement=statement)
        answer = self._wire.json("POST", "/recovery/false-alarm", json=request, long=True)
        return RunView.model_validate(answer) if answer is not None else None
