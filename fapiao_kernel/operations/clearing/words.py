"""The words (用语) for states, in the language that sentences are told in."""

from __future__ import annotations

from collections.abc import Iterable

from fapiao_kernel.domain.clearing import State
from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.period import Period
from fapiao_kernel.domain.unit import ClearUnit

STATE_ZH = {
    State.OPENED: "已开始",
    State.CHECKED: "检查通过",
    State.BACKED_UP: "已备份",
    State.REPORTING: "正在抄税",
    State.REPORT_UNKNOWN: "抄税结果未知",
    State.SUMMARISED: "已抄税，待上报汇总",
    State.REPORTED: "已上报汇总",
    State.DECLARED: "已申报",
    State.PREVIEWED: "已冻结预览",
    State.AWAITING: "等待复核",
    State.CONFIRMED: "已确认",
    State.AUTHORISING: "正在向税局取清卡授权",
    State.AUTHORISED: "已取得清卡授权",
    State.CLEARING: "正在清卡",
    State.OUTCOME_UNKNOWN: "结果未知",
    State.CLEARED: "设备已清卡",
    State.PARTIAL: "设备部分清卡",
    State.REFUSED: "设备未清卡",
    State.ACKNOWLEDGED: "税局已确认",
    State.CLOSED: "发票库已结转",
    State.VERIFIED: "已核验",
    State.RECORDED: "已出清卡记录",
    State.FINISHED: "已结束",
    State.CANCELLING: "正在取消",
    State.CANCELLED: "已取消",
}


def state_word(state: State) -> str:
    """A state in words."""
    return state.value.replace("_", " ") if english() else STATE_ZH[state]


def either(zh: str, en: str) -> str:
    """The one of two wordings that is asked for."""
    return en if english() else zh


def unit_list(units: Iterable[ClearUnit]) -> str:
    """Units as a sentence names them: 专票 2026-10、普票 2026-10."""
    return either("、", ", ").join(str(unit) for unit in units)


def span(periods: Iterable[Period]) -> str:
    """What a person types to confirm: ``2026-10``, or ``2026-09..2026-10`` for a span of several periods."""
    found = sorted(set(periods))
    return str(found[0]) if len(found) == 1 else f"{found[0]}..{found[-1]}"
