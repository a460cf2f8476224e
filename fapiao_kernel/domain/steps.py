"""The step rail (步骤): one total table from run state to the eight steps' states. A view's position is derived, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fapiao_kernel.domain.clearing import State


class Step(StrEnum):
    """The eight steps in the order of the rail (UX, The frame)."""

    PREPARE = "prepare"
    BACKUP = "backup"
    REPORT = "report"
    PREVIEW = "preview"
    CONFIRM = "confirm"
    CLEAR = "clear"
    VERIFY = "verify"
    CLOSE = "close"

    @property
    def zh(self) -> str:
        return _ZH[self]


_ZH = {
    Step.PREPARE: "准备",
    Step.BACKUP: "备份",
    Step.REPORT: "抄报申报",
    Step.PREVIEW: "预览",
    Step.CONFIRM: "确认",
    Step.CLEAR: "清卡",
    Step.VERIFY: "核验",
    Step.CLOSE: "收尾",
}


class StepState(StrEnum):
    """未到 / 进行中 / 完成 / 需处理 / 已跳过."""

    LOCKED = "locked"
    ACTIVE = "active"
    DONE = "done"
    ATTENTION = "attention"
    SKIPPED = "skipped"

    @property
    def zh(self) -> str:
        return {"locked": "未到", "active": "进行中", "done": "完成", "attention": "需处理", "skipped": "已跳过"}[
            self.value
        ]


_MARKS = {
    ".": StepState.LOCKED,
    "*": StepState.ACTIVE,
    "+": StepState.DONE,
    "!": StepState.ATTENTION,
    "-": StepState.SKIPPED,
}

_RAIL: Mapping[State, str] = {
    State.OPENED: "*.......",
    State.CHECKED: "+*......",
    State.BACKED_UP: "++*.....",
    State.REPORTING: "++*.....",
    State.REPORT_UNKNOWN: "++!.....",
    State.SUMMARISED: "++*.....",
    State.REPORTED: "++*.....",
    State.DECLARED: "+++*....",
    State.PREVIEWED: "++++*...",
    State.AWAITING: "++++*...",
    State.CONFIRMED: "+++++*..",
    State.AUTHORISING: "+++++*..",
    State.AUTHORISED: "+++++*..",
    State.CLEARING: "+++++*..",
    State.OUTCOME_UNKNOWN: "+++++!..",
    State.CLEARED: "++++++*.",
    State.PARTIAL: "+++++!*.",
    State.REFUSED: "+++++!..",
    State.ACKNOWLEDGED: "++++++*.",
    State.CLOSED: "++++++*.",
    State.VERIFIED: "+++++++*",
    State.RECORDED: "+++++++*",
    State.FINISHED: "++++++++",
    State.CANCELLING: "-------*",
    State.CANCELLED: "--------",
}


def rail(state: State) -> dict[Step, StepState]:
    """The state of every step for a run in this state."""
    return {step: _MARKS[mark] for step, mark in zip(Step, _RAIL[state], strict=True)}


def current(state: State) -> Step:
    """The step a person stands at: the first that is neither done nor skipped; the last when all are."""
    states = rail(state)
    return next((s for s in Step if states[s] in (StepState.ACTIVE, StepState.ATTENTION)), Step.CLOSE)
