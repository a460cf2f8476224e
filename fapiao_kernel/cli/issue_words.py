"""Issuing on a terminal: previews and results in lines, their objects, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fapiao_kernel.cli.output import error_lines, finding_lines

if TYPE_CHECKING:
    from fapiao_kernel.api.issuing import FoundView, IssueAnswer, IssuedView, IssuePreview, SideView
    from fapiao_kernel.api.shapes import FindingView

OUTCOMES = {
    "done": "✓ 已开 issued",
    "again": "· 早已开过 issued before",
    "refused": "✗ 没有开 not issued",
    "unknown": "? 结果未知 outcome unknown",
    "not_done": "· 没有开 not issued",
    "not_begun": "· 没有轮到 not begun",
}
UNKNOWN = "结果未知：不要重开，先查设备 · unknown: do not issue again, ask the card: fapiao issue --settle"
_EXIT = {"done": 0, "partial": 1, "stopped": 1, "refused": 3, "unknown": 4}
_FINDING = ("code", "severity", "message", "effect", "remedy", "who", "row")
_RESULT = (
    *(
        "id",
        "outcome",
        "invoice_type",
        "code",
        "number",
        "issue_date",
        "buyer_name",
        "amount",
        "tax",
        "total",
        "red",
        "void",
    ),
    *("entered", "control_code", "evidence"),
)


def preview_lines(found: IssuePreview) -> list[str]:
    """What would be issued: a row each, the totals, and what holds it up."""
    lines = []
    for row in found.rows:
        number = f"{row.code} {row.number}".strip() or "号码由设备定 number by the card"
        again = " · 早已开过 issued before" if row.again else ""
        lines.append(f"  {row.id}: {row.name} {row.buyer_name} {row.total} 元 → {number}{again}")
        lines += [f"  {line}" for line in finding_lines(row.findings)]
    for total in found.totals:
        left = f"，设备还有 left {total.left} 张" if total.left is not None else ""
        lines.append(f"{total.name} {total.count} 张，价税合计 with tax {total.total}{left}")
    return [*lines, *finding_lines(found.findings)]


def result_lines(answer: IssueAnswer) -> list[str]:
    """What became of each, worst words first where something is unknown."""
    lines = [f"{_word(one)} {one.id}{_number(one)}" for one in answer.invoices]
    for one in answer.invoices:
        if one.error is not None:
            lines += error_lines(one.error.model_dump())
        lines += finding_lines(one.findings)
    if answer.verdict == "unknown":
        lines.append(UNKNOWN)
    if not answer.invoices:
        lines.append("没有要查的 nothing to settle")
    return lines


def _word(one: IssuedView) -> str:
    if one.void and one.outcome in ("done", "again"):
        return "✓ 已作废 void"
    return OUTCOMES[one.outcome]


def _number(one: IssuedView) -> str:
    if not one.number:
        return ""
    entered = "" if one.entered or one.outcome not in ("done", "again") else " · 发票库还没有 not in the ledger yet"
    return f" → {one.name} {one.code} {one.number} {one.issue_date} {one.total} 元{entered}"


def found_lines(found: FoundView) -> list[str]:
    """Card and ledger, a line each."""
    name = f"{found.name} " if found.name else ""
    lines = [
        f"{name}{found.code} {found.number} {found.buyer_name}".rstrip(),
        f"  设备 card: {_side(found.on_card)}",
        f"  发票库 ledger: {_side(found.in_ledger)}",
    ]
    if found.on_card is None and found.in_ledger is None:
        return [*lines, "✗ 两边都没有 neither has it"]
    agree = "✓ 一致 they agree" if found.agree else "✗ 不一致 they differ"
    return [*lines, agree, *finding_lines(found.findings)]


def _side(side: SideView | None) -> str:
    if side is None:
        return "没有 none"
    state = " 作废 void" if side.void else ""
    return f"{side.issue_date} {side.total} 元{' 红字 red' if side.red else ''}{state}"


def preview_object(found: IssuePreview, unread: list[FindingView]) -> dict[str, Any]:
    """``{"ready", "device_number", "rows", "totals", "findings"}``."""
    rows = [{**row.model_dump(exclude={"findings"}), "findings": _findings(row.findings)} for row in found.rows]
    return {
        "ready": found.ready and not unread,
        "device_number": found.device_number,
        "rows": rows,
        "totals": [total.model_dump() for total in found.totals],
        "findings": _findings([*unread, *found.findings]),
    }


def answer_object(answer: IssueAnswer) -> dict[str, Any]:
    """``{"verdict", "card", "invoices": [{…, "error", "findings"}]}``."""
    return {
        "verdict": answer.verdict,
        "card": answer.card,
        "invoices": [
            {
                **{name: getattr(one, name) for name in _RESULT},
                "error": one.error.model_dump() if one.error else None,
                "findings": _findings(one.findings),
            }
            for one in answer.invoices
        ],
    }


def found_object(found: FoundView) -> dict[str, Any]:
    """``{"code", "number", "on_card", "in_ledger", "agree", "voidable", …}``."""
    return {**found.model_dump(exclude={"findings"}), "findings": _findings(found.findings)}


def exit_code(answer: IssueAnswer) -> int:
    """DESIGN §10's: an act that could not reach the card says so, unless something is unknown."""
    if answer.verdict == "refused":
        return max((one.error.exit_code for one in answer.invoices if one.error), default=3)
    return _EXIT[answer.verdict]


def _findings(findings: list[FindingView]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in _FINDING} for one in findings]
