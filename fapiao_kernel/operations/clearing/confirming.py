"""Confirming (确认): a person types the device's last digits and the period; a short-lived token answers."""

from __future__ import annotations

from typing import NamedTuple

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.operations.clearing.book import known_effect, require
from fapiao_kernel.operations.clearing.desk import Desk, periods_of
from fapiao_kernel.operations.clearing.gates import CONFIRM_GATES, keep_shut
from fapiao_kernel.operations.clearing.words import either, span
from fapiao_kernel.ports import Need

TAIL = 4
"""How many of the machine number's last digits are typed (UX, Point of no return)."""


class Confirmation(NamedTuple):
    """A confirmation (确认): the token that execute needs and when it expires (ISO), or what policy still ``needs``; then both
    are ``""``, the run waits (等待复核), and after the approvals the same is typed again."""

    token: str
    expires_at: str
    needs: tuple[Need, ...] = ()

    def __repr__(self) -> str:
        return f"Confirmation(expires_at={self.expires_at!r}, needs={self.needs!r})"


def confirm(desk: Desk, run_id: str, revision: str, device_tail: str, period: str, who: str = "") -> Confirmation:
    """Confirm a frozen revision, by ``who`` (else by the person who opened the run).

    Raises ``Refused``: ``revision_used``, ``revision_unknown``, ``confirmation_differs``, ``wrong_step``, ``preview_holds_up`` (freeze
    again when it is over), ``warning_not_accepted``
    and what the gates of the confirmation say, looked at afresh (``gates.CONFIRM_GATES``).
    """
    with desk.book.lock:
        run = _confirmable(desk, run_id, revision)
        if device_tail != run.device_number[-TAIL:]:
            raise Refused(
                "confirmation_differs", what=either("机器编号后四位", "last four digits of the device number")
            )
        if period != span(periods_of(run.units)):
            raise Refused("confirmation_differs", what=either("征期", "period"))
    # Looking takes a while and needs the card: outside of the book's lock, and what it was about is asked again after it.
    with desk.book.holding(run.card):
        keep_shut(desk, _confirmable(desk, run_id, revision), "confirm", CONFIRM_GATES)
        _refuse_what_it_shows(_confirmable(desk, run_id, revision))
        return _confirm(desk, run_id, revision, device_tail, period, who)


def _refuse_what_it_shows(run: Run) -> None:
    """What was looked at must not itself say that something holds the clear up, though it may be over by now."""
    shown = [check["finding"] for check in run.frozen.get("gates", ())]
    holding = next((f for f in shown if f["severity"] in (Severity.BLOCKER, Severity.UNKNOWN)), None)
    if holding is not None:
        raise Refused("preview_holds_up", original=str(holding["code"]), sentence=holding["message"])


def _confirm(desk: Desk, run_id: str, revision: str, device_tail: str, period: str, who: str) -> Confirmation:
    with desk.book.lock:
        run = _confirmable(desk, run_id, revision)
        needs = missing(desk, run)
        if needs and run.state is State.CONFIRMED:
            raise Refused("approval_missing", needs=either("、", ", ").join(need_word(need) for need in needs))
        if needs:
            if run.state is State.PREVIEWED:
                asked = {"revision": revision, "device_tail": device_tail, "period": period, "needs": needs}
                desk.book.append(run.id, Event.CONFIRM_ASKED, asked, who)
            return Confirmation("", "", needs)
        token = desk.tokens.issue(run.id, revision, desk.now())
        expires_at = token.expires_at.isoformat(timespec="seconds")
        data = {"revision": revision, "device_tail": device_tail, "period": period, "expires_at": expires_at}
        desk.book.append(run.id, Event.CONFIRMED, data, who)
    return Confirmation(token.text, expires_at)


def missing(desk: Desk, run: Run) -> tuple[Need, ...]:
    """What policy asks of this device's confirmation and nobody gave yet for the current revision."""
    given = {str(one["need"]) for one in run.approvals if one["revision"] == run.revision}
    return tuple(need for need in desk.policy.needs(run.device_number) if need not in given)


def need_word(need: Need) -> str:
    """A need in words."""
    return either("验证码", "a verification code") if need is Need.CODE else either("复核人", "a second person")


def _confirmable(desk: Desk, run_id: str, revision: str) -> Run:
    run = named(desk, run_id, revision)
    require(run, State.PREVIEWED, State.AWAITING, State.CONFIRMED)
    return run


def named(desk: Desk, run_id: str, revision: str) -> Run:
    """The run whose current revision is named. Raises ``Refused`` (``revision_used`` once executed, ``revision_unknown`` when
    it is not the current one, ``cancel_asked``)."""
    run = desk.book.run(run_id)
    if desk.book.begun(run_id, revision):
        raise Refused("revision_used", effect=known_effect(run), revision=revision)
    if run.state is State.CANCELLING:
        raise Refused("cancel_asked")
    if run.state in (State.PREVIEWED, State.AWAITING, State.CONFIRMED) and revision != run.revision:
        raise Refused("revision_unknown", revision=revision)
    return run
