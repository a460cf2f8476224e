"""Taking a warning on (承担提醒): a person gives the reason why the step may go on, and the journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Severity
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.desk import Desk
from fapiao_kernel.operations.clearing.gates import CONFIRM_GATES, REPORT_GATES, Gates, standing

STEPS: Mapping[State, Gates] = {State.BACKED_UP: REPORT_GATES, State.PREVIEWED: CONFIRM_GATES}
"""Which gates are ahead of a run: those of the report, then those of the confirmation."""


def accept(desk: Desk, run_id: str, code: str, reason: str, who: str = "") -> Run:
    """Take on the warning of that code for the step ahead, looked at afresh. Its numbers may change, but not grow by a
    step (``weighing``); a new preview forgets it.

    Raises ``Refused``: ``reason_missing``, ``warning_not_standing``, ``blocker_not_acceptable``, ``wrong_step``; and
    ``warning_came_late`` of one that came up after the confirmation was asked for: who confirmed or approved did not see it.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("reason_missing")
    run = desk.book.run(run_id)
    if run.state in (State.AWAITING, State.CONFIRMED):
        raise Refused("warning_came_late", warning=code)
    require(run, *STEPS)
    with desk.book.holding(run.card):
        run = desk.book.run(run_id)
        require(run, *STEPS)
        _, checks = standing(desk, run, STEPS[run.state])
        named = [check for check in checks if check.finding.code == code]
        shut = next((check.finding for check in named if check.finding.holds_up), None)
        if shut is not None:
            raise Refused("blocker_not_acceptable", warning=code, sentence=shut.message)
        warned = [check for check in named if check.finding.severity is Severity.WARNING]
        if not warned:
            raise Refused("warning_not_standing", warning=code)
        data = {
            "code": code,
            "name": warned[0].name,
            "sentence": "\n".join(check.finding.message for check in warned),
            "evidence": "\n".join(check.finding.evidence for check in warned if check.finding.evidence),
            "size": max(check.finding.weight for check in warned),
            "reason": reason,
            "who": who or run.opened_by,
            "revision": run.revision,
        }
        return desk.book.append(run.id, Event.WARNING_ACCEPTED, data, who)
