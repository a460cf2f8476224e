"""Approving (复核): what policy asks for besides the typed confirmation, a verification code (验证码) or a second person (复核人)."""

from __future__ import annotations

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, Refused
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.changes import void
from fapiao_kernel.operations.clearing.confirming import missing, named, need_word
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.ports import Need

MOST_WRONG = 5
"""Wrong codes after which the revision counts no more: a code of six digits stays a matter of luck (our choice)."""


def approve(desk: Desk, run_id: str, revision: str, who: str, code: str = "") -> Run:
    """Give the code, or approve as the second person when there is none. The code itself is kept nowhere; the same approval
    sent twice is one. When nothing is missing any more, the operator confirms again.

    Raises ``Refused``: ``approval_code_wrong`` (journaled and counted), ``approval_codes_spent`` (the revision is void),
    ``approval_code_missing``, ``approver_not_second`` (journaled), ``approval_not_asked``, ``revision_unknown``, ``wrong_step``.
    """
    need = Need.CODE if code else Need.SECOND_PERSON
    with desk.book.lock:
        run = named(desk, run_id, revision)
        require(run, State.AWAITING)
        left = missing(desk, run)
        if need not in left:
            if any(one["need"] == need for one in run.approvals):
                return run
            if Need.CODE in left:
                raise Refused("approval_code_missing")
            raise Refused("approval_not_asked", need=need_word(need))
        data = {"revision": revision, "need": need, "who": who}
        wrong = _wrong_code(desk, run, code) if need is Need.CODE else _not_second(desk, run, who)
        if wrong is None:
            return desk.book.append(run.id, Event.APPROVED, data, who)
        run = desk.book.append(run.id, Event.APPROVAL_REFUSED, {**data, "reason_code": wrong.code}, who)
        if wrong.code == "approval_codes_spent":
            void(desk, run, "void_codes_wrong")
        raise wrong


def _wrong_code(desk: Desk, run: Run, code: str) -> FapiaoError | None:
    if desk.policy.code_is_right(run.id, run.revision, code):
        return None
    before = sum(
        record.kind == Event.APPROVAL_REFUSED
        and (record.data["revision"], record.data["need"]) == (run.revision, Need.CODE)
        for record in desk.book.records(run.id)
    )
    left = MOST_WRONG - before - 1
    return Refused("approval_code_wrong", left=left) if left > 0 else Refused("approval_codes_spent", tries=MOST_WRONG)


def _not_second(desk: Desk, run: Run, who: str) -> FapiaoError | None:
    """Whatever policy says: never who opened the run, nor who typed the confirmation."""
    typed_by = [record.who for record in desk.book.records(run.id) if record.kind == Event.CONFIRM_ASKED]
    first = who.strip() in ("", run.opened_by, *typed_by)
    return (
        Refused("approver_not_second", approver=who)
        if first or not desk.policy.may_approve(who, run.opened_by)
        else None
    )
