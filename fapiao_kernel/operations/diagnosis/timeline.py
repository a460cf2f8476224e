"""The timeline (时间线) of a run in four lanes: 操作员 | 程序 | 设备 | 税局, from the journal alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.domain.clearing import Event
from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.invoice import InvoiceType
from fapiao_kernel.ports import Record

_OPERATOR, _PROGRAM, _DEVICE, _AUTHORITY = "operator", "program", "device", "authority"

LANES: Mapping[str, tuple[str, str, str]] = {
    Event.OPENED: (_OPERATOR, "开始清卡", "opened the clear"),
    Event.CHECKED: (_PROGRAM, "检查通过", "checks passed"),
    Event.BLOCKED: (_PROGRAM, "检查没有通过", "checks hold it up"),
    Event.BACKED_UP: (_PROGRAM, "备份并读回核对", "backed up and read back"),
    Event.REPORT_INTENT: (_PROGRAM, "即将抄税（已先记入日志）", "about to report (written first)"),
    Event.REPORT_RESULT: (_DEVICE, "抄税完成", "reported"),
    Event.REPORT_REFUSED: (_DEVICE, "没有抄税", "not reported"),
    Event.REPORT_UNKNOWN: (_DEVICE, "抄税结果未知", "outcome of the report unknown"),
    Event.UPLOADED: (_AUTHORITY, "收到汇总", "took the summary"),
    Event.DECLARED: (_AUTHORITY, "已看到申报和比对", "has the return, compared"),
    Event.FROZEN: (_PROGRAM, "冻结预览", "froze the preview"),
    Event.VOIDED: (_PROGRAM, "预览作废", "the preview became void"),
    Event.WARNING_ACCEPTED: (_OPERATOR, "看过提醒，说明理由", "took a warning on"),
    Event.CONFIRM_ASKED: (_OPERATOR, "提交复核", "asked for approval"),
    Event.APPROVED: (_OPERATOR, "复核通过", "approved"),
    Event.APPROVAL_REFUSED: (_OPERATOR, "复核没有通过", "approval refused"),
    Event.APPROVAL_REFUSED: (_OPERATOR, "复核不通过", "did not approve"),
    Event.CONFIRMED: (_OPERATOR, "输入编号和征期确认", "confirmed by typing device and period"),
    Event.EXECUTION_BEGUN: (_OPERATOR, "下令清卡", "ordered the clear"),
    Event.AUTHORISED: (_AUTHORITY, "给出清卡授权", "gave the payload"),
    Event.EXECUTION_ABANDONED: (_PROGRAM, "放弃执行，没有发送", "gave the execution up, nothing sent"),
    Event.CLEAR_INTENT: (
        _PROGRAM,
        "即将清卡，从此不能撤销（已先记入日志）",
        "about to clear, no way back (written first)",
    ),
    Event.UNIT_SENT: (_PROGRAM, "发送清卡命令", "sends the clear"),
    Event.UNIT_ANSWERED: (_DEVICE, "答复", "answered"),
    Event.UNIT_SETTLED: (_DEVICE, "回读核实", "settled by reading back"),
    Event.CLEAR_UNKNOWN: (_DEVICE, "没有答复，结果未知", "no answer, outcome unknown"),
    Event.CLEARED: (_PROGRAM, "结果：已清卡", "outcome: cleared"),
    Event.PARTLY: (_PROGRAM, "结果：部分清卡", "outcome: partial"),
    Event.REFUSED: (_PROGRAM, "结果：没有清卡", "outcome: not cleared"),
    Event.ACKNOWLEDGED: (_AUTHORITY, "确认清卡结果", "acknowledged"),
    Event.CLOSED: (_PROGRAM, "发票库结转", "closed in the ledger"),
    Event.VERIFIED: (_PROGRAM, "核验", "verified"),
    Event.RECORDED: (_PROGRAM, "生成清卡记录和证据包", "wrote record and bundle"),
    Event.FINISHED: (_PROGRAM, "结束", "finished"),
    Event.RECOVERED: (_DEVICE, "读数证明已清卡，不是本次清的", "shows itself cleared, not by this run"),
    Event.RECOVERED_PARTLY: (
        _DEVICE,
        "读数证明一部分已清卡，不是本次清的",
        "shows itself cleared in part, not by this run",
    ),
    Event.FALSE_ALARM: (_DEVICE, "读数证明没有变化，误报", "shows that nothing moved: a false alarm"),
    Event.CANCEL_ASKED: (_OPERATOR, "要求取消", "asked to cancel"),
    Event.CANCELLED: (_OPERATOR, "取消", "cancelled"),
}
"""Who speaks in each record, and its words in Chinese and English."""


def timeline(records: Sequence[Record], run: str) -> list[dict[str, Any]]:
    """Rows ``{time, lane, text, kind, seq}`` of a run: its own records, and the refusals that were noted of it."""
    rows = []
    for record in records:
        if record.run == run and record.kind in LANES:
            lane, zh, en = LANES[record.kind]
            text = en if english() else zh
        elif record.kind == "refusal.noted" and record.data.get("run") == run:
            lane, text = _PROGRAM, ("refused" if english() else "没有做")
        else:
            continue
        detail = _detail(record)
        row = {"time": record.time, "lane": lane, "text": f"{text}: {detail}" if detail else text}
        rows.append({**row, "kind": record.kind, "seq": record.seq})
    return rows


def _detail(record: Record) -> str:
    data = record.data
    if "error" in data:
        return f"{data['error']['sentence']} ({data['error']['code']})"
    parts = []
    if "units" in data and record.kind.startswith("unit."):
        parts.append("、".join(f"{InvoiceType(u['invoice_type']).zh} {u['period']}" for u in data["units"]))
    parts += [
        str(data[key]) for key in ("outcome", "status", "statement", "evidence", "reason", "revision") if data.get(key)
    ]
    receipts = data.get("receipts")
    return " ".join([*parts, *(receipts or [])])
