"""Reconciling (对账) through the one door."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fapiao_kernel.api.reconciling import ReconcileAnswer, ReconcileRequest, ReturnAnswer, ReturnRequest
from fapiao_kernel.client.paths import absolute

if TYPE_CHECKING:
    from fapiao_kernel.client.wire import Wire


class Reconciling:
    """Part of ``Client``. Every method raises ``RequestError``."""

    if TYPE_CHECKING:
        _wire: Wire

    def reconcile(self, card: str, periods: Sequence[str] = (), tolerance: str = "0.00") -> ReconcileAnswer:
        """Ledger against card against filed return, each difference down to invoice numbers; the card is only read.

        ``periods`` (``YYYY-MM``): those of the card's open span when none is named. ``tolerance`` in yuan, for sums alone.
        """
        request = ReconcileRequest(card=card, periods=list(periods), tolerance=tolerance)
        return self._wire.ask(ReconcileAnswer, "POST", "/reconcile", json=request, long=True)

    def state_return(
        self,
        card: str,
        period: str = "",
        stated: Sequence[str] = (),
        path: Path | str = "",
        filed_on: str = "",
        note: str = "",
    ) -> ReturnAnswer:
        """Say what was declared: figures such as ``"0.13=10000.00/1300.00"`` of one period, or a table in a file of yours."""
        place = str(absolute(path)) if path else ""
        request = ReturnRequest(card=card, period=period, stated=list(stated), path=place, filed_on=filed_on, note=note)
        return self._wire.ask(ReturnAnswer, "POST", "/reconcile/returns", json=request, long=True)
