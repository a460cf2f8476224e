"""Cancelling (取消): possible up to the point of no return; asked for and done are two states."""

from __future__ import annotations

from fapiao_kernel.domain.clearing import Run
from fapiao_kernel.operations.clearing.desk import Desk


def cancel(desk: Desk, run_id: str, reason: str, who: str = "") -> Run:
    """Give the run up. It waits for nothing: an act under way meets the asking at its next record or progress, begins nothing
    new, and the run is ``cancelled`` when that act ends; with no act under way it is so at once.

    Raises ``Refused`` (``not_cancellable``) from the point of no return on, and while a report is under way or unknown.
    """
    with desk.book.lock:
        run = desk.book.cancel(run_id, reason, who)
        desk.tokens.forget(run_id)
        return run
