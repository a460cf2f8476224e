"""Confirming (确认): a person types the device's last digits and the period; a short-lived token answers."""

from __future__ import annotations

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.desk import Desk, periods_of
from fapiao_kernel.operations.clearing.words import either, span

TAIL = 4
"""How many of the machine number's last digits are typed (UX, Point of no return)."""


def confirm(desk: Desk, run_id: str, revision: str, device_tail: str, period: str) -> tuple[str, str]:
    """Confirm a frozen revision. Gives the token that execute needs, and when it expires (ISO).

    Raises ``Refused``: ``revision_used``, ``revision_unknown``, ``confirmation_differs``, ``wrong_step``.
    """
    with desk.book.lock:
        run = named(desk, run_id, revision)
        require(run, State.PREVIEWED, State.CONFIRMED)
        if device_tail != run.device_number[-TAIL:]:
            raise Refused(
                "confirmation_differs", what=either("机器编号后四位", "last four digits of the device number")
            )
        if period != span(periods_of(run.units)):
            raise Refused("confirmation_differs", what=either("征期", "period"))
        token = desk.tokens.issue(run.id, revision, desk.now())
        expires_at = token.expires_at.isoformat(timespec="seconds")
        data = {"revision": revision, "device_tail": device_tail, "period": period, "expires_at": expires_at}
        desk.book.append(run.id, Event.CONFIRMED, data)
    return token.text, expires_at


def named(desk: Desk, run_id: str, revision: str) -> Run:
    """The run whose current revision is named. Raises ``Refused`` (``revision_used`` once executed, ``revision_unknown`` when
    it is not the current one)."""
    run = desk.book.run(run_id)
    if desk.book.begun(run_id, revision):
        raise Refused("revision_used", revision=revision)
    if run.state in (State.PREVIEWED, State.CONFIRMED) and revision != run.revision:
        raise Refused("revision_unknown", revision=revision)
    return run
