"""Steps ⑥ 清卡 and ⑦ 核验 while they happen, and the outcomes that need a person."""

from __future__ import annotations

from typing import Any

from fapiao_kernel.api.runs import RunView, UnitView
from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.steps import Step
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import hour, unit, units, word
from fapiao_widgets.viewmodels.frame import Frame, panel
from fapiao_widgets.viewmodels.session import Session
from fapiao_widgets.viewmodels.trouble import Trouble, card

UNDER_WAY = frozenset(
    {
        State.REPORTING,
        State.AUTHORISING,
        State.AUTHORISED,
        State.CLEARING,
        State.CLEARED,
        State.PARTIAL,
        State.ACKNOWLEDGED,
        State.CLOSED,
        State.VERIFIED,
        State.RECORDED,
    }
)
"""States whose faces show the work themselves."""

STAGES = ("sent", "answered", "acknowledged")


def running(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Per unit 已发送 → 设备已答复 → 税局已确认, with times; the bar counts these stages, so it is measured."""
    if not run.busy and State(run.state) is State.CLEARING:  # nobody is working on it: only the device knows
        return unknown(run, frame, session)
    content = [*_progress(run), blocks.text(say("running.text"))]
    answer = say("running.answer", units=units(run.units))
    return panel("running", answer, content, step=Step.CLEAR.value)


def unknown(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """结果未知: one card, one button. Only a read-back settles it."""
    doubtful = [u for u in run.units if u.outcome in ("", "unknown")] or run.units
    found = next((f for f in run.findings if f.effect == "UNKNOWN"), None)
    trouble = Trouble(
        found.code if found else "outcome_unknown",
        found.message if found else say("unknown.what", units=units(doubtful)),
        "UNKNOWN",
        say("unknown.do"),
        "me",
        found.evidence if found else "",
    )
    act = blocks.form([blocks.button("read-back", say("unknown.button"))])
    content = [card(trouble, f"run: {run.id}\nstate: {run.state}\ndevice: {run.device_number}"), _units(run)]
    return panel("unknown", say("unknown.answer"), content, act, step=Step.CLEAR.value)


def refused(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """The device refused (被拒绝，没有改动): what it said, and the one way on."""
    act = blocks.form([blocks.button("conclude", say("refused.button"))])
    return panel(run.state, say("refused.answer"), [_units(run)], act, step=Step.CLEAR.value)


def cleared(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Cleared on the card; the tax side, the ledger and the read-back follow by themselves, or on a click after an interruption."""
    state = State(run.state)
    answer = say("verify.partial" if state is State.PARTIAL or run.verdict == "partial" else "verify.answer")
    return _following(run, answer, Step.VERIFY)


def closing(run: RunView, frame: Frame, session: Session) -> dict[str, Any]:
    """Acknowledging, verifying and recording go on by themselves."""
    return _following(run, say("close.answer"), Step.CLOSE)


def _following(run: RunView, answer: str, step: Step) -> dict[str, Any]:
    content = [*_progress(run), blocks.text(say("running.text"))]
    act = None
    if not run.busy:
        act = blocks.form([blocks.button("conclude", say("verify.button", units=units(run.units)))])
    return panel("running", answer, content, act, step=step.value)


def _progress(run: RunView) -> list[blocks.Block]:
    done = sum(STAGES.index(u.stage) + 1 for u in run.units if u.stage in STAGES)
    total = len(STAGES) * len(run.units)
    bar = blocks.progress(say("running.progress", done=done, total=total), done, total)
    now = [blocks.text(say("working", what=run.busy), "quiet")] if run.busy else []
    return [bar, *now, _units(run)]


def _units(run: RunView) -> blocks.Block:
    columns = ["", *(say(f"stage.{stage}") for stage in STAGES), say("done.outcome")]
    rows = [[unit(u), *(_stage(u, stage) for stage in STAGES), _outcome(u, run)] for u in run.units]
    return blocks.table(say("running.units"), columns, rows)


def _outcome(entry: UnitView, run: RunView) -> str:
    """While the work goes on, an answer that has not come yet is awaited, not unknown."""
    return say("stage.wait") if entry.outcome in ("", "unknown") and run.busy else word("outcome", entry.outcome)


def _stage(entry: UnitView, stage: str) -> str:
    """✓ and the time for a stage that was reached; its word says which it is."""
    reached = entry.stage in STAGES and STAGES.index(stage) <= STAGES.index(entry.stage)
    if reached:
        return f"✓ {hour(entry.stage_times.get(stage, ''))}".strip()
    return "–" if entry.outcome in ("not_sent", "refused") else say("stage.wait")
