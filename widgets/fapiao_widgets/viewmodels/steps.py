"""One total table from a run's state to the panel that is shown (每个状态一张面板); the position is derived, never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.domain.clearing import State
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import accepting, blocks, closing, confirming, doing, preparing, previewing, recovering
from fapiao_widgets.viewmodels.frame import Frame, heading
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.trouble import Trouble, card

Face = Callable[[RunView, Frame, Session], dict[str, Any]]

FACES: Mapping[State, Face] = {
    State.OPENED: preparing.opened,
    State.CHECKED: preparing.checked,
    State.BACKED_UP: preparing.report,
    State.REPORTING: preparing.reporting,
    State.REPORT_UNKNOWN: preparing.report_unknown,
    State.SUMMARISED: preparing.upload,
    State.REPORTED: preparing.declare,
    State.DECLARED: previewing.make,
    State.PREVIEWED: previewing.look,
    State.AWAITING: confirming.awaiting,
    State.CONFIRMED: confirming.confirmed,
    State.AUTHORISING: doing.running,
    State.AUTHORISED: doing.running,
    State.CLEARING: doing.running,
    State.OUTCOME_UNKNOWN: doing.unknown,
    State.CLEARED: doing.cleared,
    State.PARTIAL: doing.cleared,
    State.REFUSED: doing.refused,
    State.ACKNOWLEDGED: doing.cleared,
    State.CLOSED: doing.cleared,
    State.VERIFIED: doing.closing,
    State.RECORDED: doing.closing,
    State.FINISHED: closing.done,
    State.CANCELLING: closing.cancelling,
    State.CANCELLED: closing.done,
}


def panel_of(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """The panel for a run as it stands: the state's face, under what went wrong last, with what is under way in place of buttons."""
    panel = FACES[State(run.state)](run, frame, session)
    panel.setdefault("step", run.step)
    panel["heading"] = heading(panel["step"])
    panel["state"] = run.steps.get(panel["step"], "active")
    content = panel["blocks"]
    troubles = _troubles(run, session, frame)
    content[:0] = _cards(run, troubles)
    if run.busy and State(run.state) not in doing.UNDER_WAY:
        work = run.progress
        content.insert(
            0, blocks.progress(work.label if work else run.busy, work.done if work else 0, work.total if work else 0)
        )
        panel["act"] = blocks.form(way_out) if (way_out := preparing.stop(run)) else None
    elif session.situation is not None:
        content[:0] = recovering.situation(session.situation)
    elif any(t.code in recovering.ELSEWHERE for t in troubles):
        content.insert(len(troubles), recovering.offer(run.card))
    if session.trouble is not None and not run.busy and not run.warnings:
        content[len(troubles) : len(troubles)] = accepting.late(session.trouble)
    if session.guided:
        text = session.guides.get(panel["step"]) or say(f"guide.{panel['step']}")
        content.insert(0, {"kind": "guide", "title": say("guide"), "text": text})
    return panel


def _troubles(run: RunView, session: Session, frame: Frame) -> list[Trouble]:
    """Failure cards: this view's last refusal, and what the agent says holds the run up (not what the checks show already)."""
    state = State(run.state)
    shown = {c.finding.code for c in run.checks} if state is State.OPENED else set()
    troubles = [session.trouble] if session.trouble else []
    if state is not State.OUTCOME_UNKNOWN and not run.busy:
        troubles += [
            Trouble.of_finding(f) for f in run.findings if f.severity in ("blocker", "unknown") and f.code not in shown
        ]
    # A warning that waits for its reason is asked at the panel's foot, not told as a failure.
    open_ones = [t for t in troubles if t.code != "warning_not_accepted" or not run.warnings]
    return list({(t.code, t.sentence): t for t in open_ones}.values())


def _cards(run: RunView, troubles: list[Trouble]) -> list[blocks.Block]:
    copy = f"run: {run.id}\nstate: {run.state}\ndevice: {run.device_number}"
    return [card(t, copy) for t in troubles]
