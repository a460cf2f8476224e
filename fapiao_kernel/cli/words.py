"""The objects and lines that several verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fapiao_kernel.api.runs import RunView
    from fapiao_kernel.api.shapes import FindingView

VERDICT_CODES = {
    "cleared": 0,
    "already_cleared": 0,
    "partial": 1,
    "refused": 3,
    "unknown": 4,
    "open": 3,
    "cancelled": 3,
}
"""Exit code of a clear by its verdict (DESIGN §10)."""

VERDICT_ZH = {
    "cleared": "已清卡",
    "already_cleared": "设备原已清卡",
    "partial": "部分清卡",
    "refused": "未清卡",
    "unknown": "结果未知",
    "open": "未执行",
    "cancelled": "已取消",
}


def outcome_units(view: RunView) -> list[dict[str, str]]:
    """Units with outcome and lock dates, as ``demo`` and ``clear`` print them."""
    return [
        {
            "invoice_type": unit.invoice_type,
            "period": unit.period,
            "outcome": unit.outcome,
            "lock_date_before": unit.lock_date_before,
            "lock_date_after": unit.lock_date_after,
        }
        for unit in view.units
    ]


def finding_objects(findings: list[FindingView]) -> list[dict[str, Any]]:
    """Findings as ``preview`` and ``clear`` print them."""
    keys = ("code", "severity", "message", "effect", "remedy", "who")
    return [{key: getattr(finding, key) for key in keys} for finding in findings]


NEED_WORDS = {"code": "验证码 a verification code", "second_person": "复核人 a second person"}


def need_words(needs: list[str]) -> str:
    """What a confirmation still needs, in words."""
    return "、".join(NEED_WORDS.get(need, need) for need in needs)


def next_lines(verdict: str, where: str = "") -> list[str]:
    """The verb that goes on from an outcome that is not whole; ``where``: options that the verb needs besides."""
    if verdict == "partial":
        return [f"→ 其余的接着清 go on with the rest: fapiao preview{where}"]
    if verdict == "unknown":
        return [f"→ 不要重做，读设备核实 do not repeat it, read the device: fapiao recover --continue{where}"]
    return []


def proof_lines(view: RunView) -> list[str]:
    """Where the record and the bundle lie; no line for what is not there."""
    told = (("清卡记录 record", view.record), ("证据包 bundle", view.bundle))
    return [f"{name}: {path}" for name, path in told if path]


def outcome_lines(view: RunView) -> list[str]:
    """Before → after, a line a unit."""
    lines = [f"{VERDICT_ZH.get(view.verdict, view.verdict)}（{view.verdict}）"]
    for unit in view.units:
        after = unit.lock_date_after or "—"
        lines.append(
            f"  {unit.name} {unit.period}: {unit.outcome or '—'} · 锁死日期 {unit.lock_date_before} → {after}"
            f" · 抄报起始 {unit.report_start_before} → {unit.report_start_after or '—'}"
        )
    return lines
