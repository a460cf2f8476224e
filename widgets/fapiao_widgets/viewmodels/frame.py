"""The frame (外框): identity strip, practice band, step rail, attach bar and foot around every view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fapiao_kernel.api.runs import RunView
from fapiao_kernel.api.shapes import CardView, RunSummary, StatusView
from fapiao_kernel.domain.steps import Step, StepState
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import days_between, units, word
from fapiao_widgets.viewmodels.trouble import support_text

MARKS = dict(zip(Step, "①②③④⑤⑥⑦⑧", strict=True))
_ICONS = {"locked": "○", "active": "▶", "done": "✓", "attention": "!", "skipped": "–"}


@dataclass(frozen=True)
class Frame:
    """What the frame is drawn from: plain data, no client."""

    title: str
    status: StatusView | None = None
    card: CardView | None = None
    run: RunView | None = None
    pin: str = ""
    help: str = "start"

    @property
    def today(self) -> str:
        """The day it is for the agent: a practice home has its own clock."""
        return (self.status.time if self.status else "")[:10]


def whole(
    frame: Frame, panel: dict[str, Any], *, rail: bool = False, attach: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One whole view as a JSON object."""
    return {
        "title": frame.title,
        "identity": identity(frame),
        "band": band(frame),
        "attach": attach,
        "rail": rail_of(frame.run, panel.get("step", "")) if rail else [],
        "rail_label": say("rail.label"),
        "panel": panel,
        "foot": foot(frame),
        "stale": say("stale", age="%s"),
    }


def panel(
    key: str, answer: str, content: list[blocks.Block], act: blocks.Block | None = None, **more: Any
) -> dict[str, Any]:
    """The middle: answer first, its evidence under it, one question with its button at the foot.

    ``danger=True`` makes it the point-of-no-return panel; ``state`` is the step's state.
    """
    return {
        "key": key,
        "heading": "",
        "state": "",
        "danger": False,
        **more,
        "answer": answer,
        "blocks": content,
        "act": act,
    }


def identity(frame: Frame) -> list[list[str]]:
    """企业名称 · 税号 · 机器编号 · 征期 · 锁死倒计时 · who is logged in; only what is known."""
    card, none = frame.card, say("none")
    periods = sorted({u.period for u in frame.run.units}) if frame.run else []
    if not periods and card:
        periods = sorted({t.report_start[:7] for t in card.types if t.report_start})
    if card is None:
        return [["who", say("id.who"), frame.status.who]] if frame.status else []
    return [
        ["name", say("id.name"), card.taxpayer_name],
        ["taxpayer", say("id.taxpayer"), card.taxpayer_id],
        ["device", say("id.device"), card.device_number],
        ["period", say("id.period"), "..".join(dict.fromkeys([periods[0], periods[-1]])) if periods else none],
        ["lock", say("id.lock"), lock(card, frame.today)],
        ["who", say("id.who"), frame.status.who if frame.status else none],
    ]


def lock(card: CardView, today: str) -> str:
    """锁死倒计时: counted by the card's own clock, which is what locks it."""
    days = days_between(card.clock or today, card.lock_date)
    if days is None:
        return say("none")
    return say("id.today" if days == 0 else "id.days" if days > 0 else "id.past", days=abs(days), date=card.lock_date)


def band(frame: Frame) -> dict[str, str] | None:
    """The amber band of a simulated card, with the practice PIN on it."""
    if not (frame.card.simulated if frame.card else frame.status and frame.status.practice):
        return None
    return {"text": say("band"), "pin": frame.pin, "pin_text": say("band.pin", pin=frame.pin) if frame.pin else ""}


def rail_of(run: RunView | None, shown: str = "") -> list[dict[str, str]]:
    """The step rail: a map, not a menu; a locked step says why. Without a run, only the first step is open.

    ``shown``: the step whose panel is on the screen (the preview may be looked at while its confirmation is due).
    """
    states = (
        run.steps
        if run
        else {s.value: StepState.LOCKED.value for s in Step} | {Step.PREPARE.value: StepState.ACTIVE.value}
    )
    current = shown or (run.step if run else Step.PREPARE.value)
    return [
        {
            "step": step.value,
            "mark": MARKS[step],
            "word": say(f"step.{step.value}"),
            "state": states[step.value],
            "state_word": word("state", states[step.value]),
            "icon": _ICONS[states[step.value]],
            "why": _why(states[step.value]),
            "current": "yes" if step.value == current else "",
        }
        for step in Step
    ]


def _why(state: str) -> str:
    return {"locked": say("rail.why"), "skipped": say("rail.cancelled")}.get(state, "")


def heading(step: str) -> str:
    """A step's mark and name, ① 准备 to ⑧ 收尾."""
    return f"{MARKS[Step(step)]} {say(f'step.{step}')}"


def attach_bar(runs: list[RunSummary], run: RunView | None, link: str = "") -> dict[str, Any] | None:
    """「正在清卡：… 第 6 步，共 8 步」 with 查看, for notebooks that do not show the run themselves."""
    if run is None or all(r.over for r in runs):
        return None
    number = list(Step).index(Step(run.step)) + 1
    return {"text": say("attach", units=units(run.units), n=number), "label": say("attach.show"), "link": link}


def foot(frame: Frame) -> dict[str, str]:
    """帮助 · 复制给支持 · 反馈."""
    status, run = frame.status, frame.run
    return {
        "help_label": say("foot.help"),
        "help": say(f"help.{frame.help}"),
        "support_label": say("foot.support"),
        "support": support_text(
            {
                "time": status.time if status else "",
                "version": status.agent.version if status else "",
                "practice": status.practice if status else "",
                "card": frame.card.address if frame.card else "",
                "device": frame.card.device_number if frame.card else "",
                "card verdict": frame.card.verdict if frame.card else "",
                "run": run.id if run else "",
                "state": run.state if run else "",
                "busy": run.busy if run else "",
                "verdict": run.verdict if run else "",
                "revision": run.preview.revision if run and run.preview else "",
                "findings": ", ".join(f.code for f in run.findings) if run else "",
                "checks": ", ".join(f"{c.name}={c.finding.severity}" for c in run.checks) if run else "",
            }
        ),
        "feedback_label": say("foot.feedback"),
        "feedback": say("foot.feedback.text"),
        "copied": say("foot.copied"),
    }
