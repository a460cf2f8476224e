"""The record's words (清卡记录用语), Chinese first and English beside; one word a thing."""

from __future__ import annotations

from collections.abc import Mapping

from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.invoice import InvoiceType

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("清卡记录", "Record of a clear"),
    "band": ("模拟设备 · 练习用", "SIMULATED DEVICE · FOR PRACTICE"),
    "band_note": ("本页不是真实设备的清卡凭据", "This page proves nothing about a real device"),
    "run": ("编号", "Run"),
    "answer.cleared": ("已清卡：{closed}", "Cleared: {closed}"),
    "answer.already_cleared": (
        "设备原已清卡，本次没有重复清卡：{closed}",
        "The device had been cleared before; nothing was cleared twice: {closed}",
    ),
    "answer.partial": ("部分清卡：已清 {closed}；未清 {left}", "Cleared in part: {closed} cleared; {left} not"),
    "answer.refused": (
        "没有清卡：{left} 被拒绝，设备没有改动",
        "Not cleared: {left} refused, the device was not changed",
    ),
    "answer.unknown": (
        "结果未知：{left}。只有重新读取设备才能确定，请不要再次清卡",
        "Outcome unknown: {left}. Only reading the device settles it; do not clear again",
    ),
    "answer.why": (
        "锁死日期 {lock} · 设备时钟 {clock} · 完成于 {done}",
        "Lock date {lock} · device clock {clock} · finished {done}",
    ),
    "taxpayer": ("企业名称", "Taxpayer"),
    "taxpayer_id": ("税号", "Tax number"),
    "device": ("机器编号", "Device number"),
    "card": ("卡号", "Card number"),
    "by": ("经办人", "Done by"),
    "period": ("征期", "Period"),
    "opened": ("开始", "Opened"),
    "finished": ("完成", "Finished"),
    "h.device": ("设备：清卡前 → 清卡后", "The device, before → after"),
    "type": ("票种", "Invoice type"),
    "outcome": ("结果", "Outcome"),
    "lock": ("锁死日期", "Lock date"),
    "report_start": ("抄报起始", "Report start"),
    "outcome.cleared": ("已清卡", "cleared"),
    "outcome.already_cleared": ("原已清卡", "already cleared"),
    "outcome.refused": ("被拒绝", "refused"),
    "outcome.not_sent": ("未发送", "not sent"),
    "outcome.unknown": ("结果未知", "unknown"),
    "h.ticks": ("三方核对", "Three witnesses"),
    "tick.device": ("设备", "Device"),
    "tick.ledger": ("发票库", "Ledger"),
    "tick.authority": ("税局", "Tax side"),
    "yes": ("一致", "agrees"),
    "no": ("不一致", "disagrees"),
    "ask": ("未知", "unknown"),
    "device.yes": (
        "重新读取：{n} 个票种的锁死日期和抄报起始都已前移",
        "Read again: lock date and report start of {n} types moved on",
    ),
    "device.already": ("重新读取：设备已在清卡后的状态", "Read again: the device stands as after a clear"),
    "device.no": ("重新读取：{units} 没有前移", "Read again: {units} did not move on"),
    "device.ask": ("清卡后没有读到设备", "The device was not read after the clear"),
    "ledger.yes": (
        "{n:,} 张由未清转为已清；全部 {all:,} 张、价税合计 {total} 不变",
        "{n:,} invoices went from open to cleared; all {all:,}, {total} with tax, are unchanged",
    ),
    "ledger.no": (
        "转为已清 {n} 张，应为 {due} 张；全部合计 {before} → {after}",
        "{n} went to cleared, {due} expected; grand total {before} → {after}",
    ),
    "authority.yes": ("已确认，回执 {receipts}", "Acknowledged, receipt {receipts}"),
    "authority.ask": ("没有税局回执", "No receipt from the tax side"),
    "filed": ("申报：{sentence}", "Return: {sentence}"),
    "h.totals": ("按票种和税率的合计，与设备月统计对照", "Totals by type and rate, beside the card's own statistics"),
    "rate": ("税率", "Rate"),
    "count": ("张数", "Sheets"),
    "amount": ("金额", "Amount"),
    "tax": ("税额", "Tax"),
    "total": ("价税合计", "With tax"),
    "sum": ("小计（作废 {voids} · 红字 {reds}）", "Subtotal (void {voids} · red {reds})"),
    "by_card": ("设备月统计", "Card's statistics"),
    "voids_zero": ("作废发票计入张数，金额按零计。", "Void invoices count as sheets and as zero in the sums."),
    "h.census": ("发票库：清卡前 → 清卡后", "The ledger, before → after"),
    "open": ("未清发票", "Open"),
    "cleared": ("已清发票", "Cleared"),
    "all": ("全部", "All"),
    "h.backups": ("备份（加密，已读回核对）", "Backups (encrypted, read back)"),
    "time": ("时间", "Time"),
    "place": ("位置", "Place"),
    "size": ("大小", "Size"),
    "proven": ("核对", "Proven"),
    "proven.yes": ("读回一致", "reads back"),
    "proven.no": ("未证实", "not proven"),
    "h.story": ("经过", "What was done"),
    "who": ("人员", "Who"),
    "what": ("事项", "What"),
    "h.checks": ("清卡后核验", "Checks after the clear"),
    "check": ("核验项", "Check"),
    "said": ("结论", "Finding"),
    "check.ok": ("通过", "passed"),
    "check.ask": ("注意", "look"),
    "check.no": ("未通过", "failed"),
    "h.proof": ("凭据", "Proof"),
    "revision": ("冻结预览", "Frozen preview"),
    "digest": ("{unit} 摘要（SHA-256，形式 d1）", "{unit} digest (SHA-256, form d1)"),
    "journal": ("操作日志", "Journal"),
    "journal.span": ("第 {first} 至 {last} 条；末条哈希", "records {first} to {last}; hash of the last"),
    "signing_key": ("签名密钥指纹", "Signing key's fingerprint"),
    "versions": ("版本", "Versions"),
    "how": (
        "证据包「证据包.zip」与本页同在一个文件夹，由上面的密钥签名。离线核验：fapiao verify bundle 证据包.zip --key 指纹。",
        "The bundle lies beside this page, signed with the key above. Check it offline: "
        "fapiao verify bundle 证据包.zip --key FINGERPRINT.",
    ),
    "sign.by": ("经办人", "Done by"),
    "sign.second": ("复核人", "Reviewed by"),
    "sign.date": ("日期", "Date"),
    "none": ("无", "none"),
    "verdict": ("结论", "Answer"),
    "item": ("项目", "Item"),
    "content": ("内容", "Content"),
    "note": ("说明", "Note"),
    "code": ("代码", "Code"),
    "voids": ("作废", "Void"),
    "reds": ("红字", "Red"),
    "evidence": ("依据", "Evidence"),
    "remedy": ("处理", "Remedy"),
    "seq": ("序号", "Number"),
    "kind": ("记录类型", "Kind"),
    "data": ("数据", "Data"),
    "hash": ("哈希", "Hash"),
    "lock.before": ("锁死日期（前）", "Lock date before"),
    "lock.after": ("锁死日期（后）", "Lock date after"),
    "start.before": ("抄报起始（前）", "Report start before"),
    "start.after": ("抄报起始（后）", "Report start after"),
    "digest.d1": ("摘要（SHA-256，d1）", "Digest (SHA-256, d1)"),
    "card.count": ("设备张数", "Card's sheets"),
    "ledger.count": ("发票库张数", "Ledger's sheets"),
    "count.difference": ("张数差异", "Difference in sheets"),
    "card.total": ("设备价税合计", "Card's total with tax"),
    "ledger.total": ("发票库价税合计", "Ledger's total with tax"),
    "total.difference": ("金额差异", "Difference in total"),
    "invoice.code": ("发票代码", "Invoice code"),
    "number": ("发票号码", "Invoice number"),
    "date": ("开票日期", "Date"),
    "h.differences": ("设备与发票库的差异，逐张列出", "Where card and ledger differed, by number"),
    "d.unit": ("{unit}：相差的发票 {n:,} 张", "{unit}: invoices that differ, {n:,}"),
    "d.only_card": ("只在设备上", "only on the device"),
    "d.only_ledger": ("只在发票库", "only in the ledger"),
    "d.gap": ("发票库中断号", "number missing in the ledger"),
    "d.outside": ("不在设备的发票卷内", "in none of the device's volumes"),
    "d.state": ("状态不同：设备{card}，发票库{ledger}", "other state: device {card}, ledger {ledger}"),
    "d.amount": ("金额不同", "other amount"),
    "d.normal": ("正常", "normal"),
    "d.by_volumes": (
        "设备没有列出发票明细，号码按发票卷推断",
        "The device listed no invoices: the numbers are told by its volumes",
    ),
    "d.list_disagrees": (
        "设备的明细与它自己的月统计不一致",
        "The device's list does not come to its own statistics",
    ),
    "d.rest": ("还有 {n:,} 张，见证据包", "And {n:,} more, see the bundle"),
    "d.counted": ("另有 {n:,} 张只计数，没有逐张列出", "{n:,} more were counted and not listed one by one"),
    "d.unnamed": ("另有 {n:,} 张说不出号码", "{n:,} more cannot be named"),
    "s.units": ("单元", "Units"),
    "s.preview": ("预览", "Preview"),
    "s.differences": ("差异", "Differences"),
    "s.checks": ("核验", "Verification"),
    "s.journal": ("操作日志", "Journal"),
    "s.backup": ("备份", "Backup"),
    "s.sum": ("小计", "Subtotal"),
    "exempt": ("免税", "exempt"),
}

_STORY: Mapping[str, tuple[str, str]] = {
    "run.opened": ("开始清卡", "Run opened"),
    "run.checked": ("准备检查通过", "Checks passed"),
    "run.blocked": ("准备检查未通过", "Checks did not pass"),
    "run.backed_up": ("备份并读回核对", "Backed up and read back"),
    "report.result": ("抄报：设备给出汇总", "Report 抄报: the card gave its summary"),
    "report.refused": ("抄报被拒绝", "Report refused"),
    "report.unknown": ("抄报结果未知", "Report: outcome unknown"),
    "report.uploaded": ("汇总上传税局", "Summary uploaded"),
    "declaration.seen": ("看到申报和比对结果", "Return seen"),
    "preview.frozen": ("冻结预览 {revision}", "Preview frozen, {revision}"),
    "preview.voided": ("预览作废：{reason}", "Preview voided: {reason}"),
    "run.confirmed": (
        "输入机器编号后四位 {device_tail} 和征期 {period}，确认",
        "Confirmed by typing {device_tail} and {period}",
    ),
    "authorisation.fetched": ("取得税局授权", "Authorisation fetched"),
    "execution.abandoned": ("执行中止，设备没有改动", "Execution abandoned, device not changed"),
    "clear.intent": ("开始清卡，从这里不能撤销", "Clearing: the point of no return"),
    "unit.sent": ("已发送设备：{units}", "Sent to the device: {units}"),
    "unit.answered": ("设备已答复：{units}，{outcome}", "The device answered: {units}, {outcome}"),
    "unit.settled": ("读回确定：{units}，{outcome}", "Settled by read-back: {units}, {outcome}"),
    "clear.unknown": ("没有收到设备答复：{units}", "No answer from the device: {units}"),
    "clear.acknowledged": ("向税局确认清卡结果", "Acknowledged to the tax side"),
    "recovery.cleared": (
        "读取设备，已清卡，不是本次清的；没有发送清卡：{evidence}",
        "The device was read and is cleared, not by this run; no clear was sent: {evidence}",
    ),
    "recovery.partial": (
        "读取设备，一部分已清卡，不是本次清的；没有发送清卡：{evidence}",
        "The device was read and is cleared in part, not by this run; no clear was sent: {evidence}",
    ),
    "recovery.false_alarm": (
        "误报「{statement}」，读取设备证明没有变化：{evidence}",
        "False alarm ({statement}): the device was read and had not moved: {evidence}",
    ),
    "ledger.closed": ("发票库已结转", "Ledger closed"),
    "run.verified": ("清卡后核验", "Verified"),
}

_TYPES_EN = {
    InvoiceType.SPECIAL: "special",
    InvoiceType.MOTOR_VEHICLE: "motor vehicle",
    InvoiceType.USED_VEHICLE: "used vehicle",
    InvoiceType.ORDINARY: "ordinary",
    InvoiceType.FREIGHT: "freight",
    InvoiceType.ROLL: "roll",
    InvoiceType.ELECTRONIC_ORDINARY: "electronic ordinary",
    InvoiceType.ELECTRONIC_SPECIAL: "electronic special",
}


def word(key: str, **facts: object) -> str:
    """A word or sentence of the record in the user's language."""
    return _WORDS[key][english()].format_map(facts)


def story(kind: str, facts: Mapping[str, object]) -> str | None:
    """What a journal record says in one line; None for kinds that are no news to a reader of the record."""
    entry = _STORY.get(kind)
    return entry[english()].format_map(facts) if entry else None


def type_name(code: str) -> str:
    """专票, 普票, …; in English the translated word. An unknown code stands as it is."""
    try:
        kind = InvoiceType(code)
    except ValueError:
        return code
    return _TYPES_EN.get(kind, kind.value) if english() else kind.zh


def unit_name(unit: Mapping[str, object]) -> str:
    """专票 2026-10."""
    return f"{type_name(str(unit['invoice_type']))} {unit['period']}"


def joined(names: list[str]) -> str:
    """A list in a sentence."""
    return (", " if english() else "、").join(names) or word("none")
