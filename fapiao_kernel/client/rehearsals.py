"""What a face asks of rehearsals (演练)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fapiao_kernel.api.rehearsals import RehearsalSummary, RehearsalView
from fapiao_kernel.api.selection import Selecting

if TYPE_CHECKING:
    from fapiao_kernel.api.shapes import Changes
    from fapiao_kernel.client.wire import Wire


class Rehearsals:
    """Part of ``Client``. Every method raises ``RequestError``."""

    if TYPE_CHECKING:
        _wire: Wire

        def changes(self, since: int) -> Changes: ...

    def rehearse(self, card: str, **asked: Any) -> RehearsalView:
        """Begin a rehearsal (演练) of a card's clear, over a selection (fields of ``Selecting``); nothing is changed on the card."""
        return self._wire.ask(RehearsalView, "POST", "/rehearsals", json=Selecting(card=card, **asked), long=True)

    def rehearsals(self) -> list[RehearsalSummary]:
        """Every rehearsal of the home, oldest first."""
        return [RehearsalSummary.model_validate(told) for told in self._wire.json("GET", "/rehearsals")]

    def rehearsal(self, id: str) -> RehearsalView:
        """One rehearsal whole, with the report's facts when it has ended."""
        return self._wire.ask(RehearsalView, "GET", f"/rehearsals/{id}")

    def wait_rehearsal(
        self, id: str, on_change: Callable[[RehearsalView], object] | None = None, timeout: float | None = None
    ) -> RehearsalView:
        """Follow a rehearsal to its end; ``on_change`` sees every change. The last view when time is up."""
        deadline = None if timeout is None else time.monotonic() + timeout
        since = self.changes(-1).changes
        view = self.rehearsal(id)
        while view.state == "running" and (deadline is None or time.monotonic() < deadline):
            if on_change is not None:
                on_change(view)
            now = self.changes(since).changes
            if now != since:
                since, view = now, self.rehearsal(id)
        return view
