"""A named check (检查项) and what a whole examination found."""

from __future__ import annotations

from dataclasses import dataclass

from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.finding import Finding

_TITLES = {
    "device": ("设备连接", "Device"),
    "identity": ("设备与企业", "Identity"),
    "valid_until": ("设备有效期", "Validity"),
    "verdict": ("判定与两个日期", "Verdict and dates"),
    "pin": ("口令剩余次数", "PIN tries left"),
    "card_clock": ("设备时钟", "Device clock"),
    "tax_clock": ("税局时间", "Tax side's time"),
    "not_uploaded": ("离线未上传发票", "Invoices not uploaded"),
    "volumes": ("待读入或退回的发票卷", "Pending volumes"),
    "journal": ("操作日志", "Journal"),
    "disk": ("磁盘空间", "Disk space"),
    "backups": ("备份", "Backups"),
    "card_unknown": ("设备归属不明的发票", "Invoices of unknown card"),
    "ledger": ("发票库与设备", "Ledger and device"),
    "issuing": ("开票是否都有结果", "Issuing settled"),
    "clocks": ("设备时钟与税局时间", "Device's clock and tax side's"),
    "reportable": ("能否抄税", "May be reported"),
    "dormant": ("是否长期未抄报", "Not dormant"),
    "locked": ("是否已锁死", "Not locked"),
    "cleared_on_device": ("设备是否已清卡", "Cleared already on the device"),
    "groups_reported": ("各票种是否都已抄报", "Every type reported"),
    "seller": ("发票库里的销方", "Seller in the ledger"),
    "backup_device": ("备份里的设备", "Device in the backup"),
    "backup_fresh": ("备份是否新鲜", "Backup is fresh"),
    "return": ("申报和票表比对", "Return and comparison"),
    "maintenance": ("停机维护时间", "Maintenance window"),
    "already_cleared": ("是否已清卡", "Cleared already"),
    "device_lock": ("设备：锁死日期", "Device: lock date"),
    "device_start": ("设备：抄报起始", "Device: report start"),
    "ledger_open": ("发票库：未清发票", "Ledger: open invoices"),
    "ledger_all": ("发票库：总数和总额", "Ledger: grand total"),
    "journal_intents": ("日志：先记后做", "Journal: intent before act"),
    "authority": ("税局：清卡状态", "Tax side: cleared"),
}


@dataclass(frozen=True)
class Check:
    """One check: its name, its title for a clerk, and the one finding it came to."""

    name: str
    title: str
    finding: Finding


def named(name: str, found: Finding) -> Check:
    """The check of that name with its finding."""
    zh, en = _TITLES[name]
    return Check(name, en if english() else zh, found)


@dataclass(frozen=True)
class Examination:
    """All checks, and the one verdict (``domain.verdict.Verdict`` as text)."""

    checks: tuple[Check, ...]
    verdict: str

    @property
    def holds_up(self) -> bool:
        """Whether a gate stays shut: a blocker among them, or something we could not find out."""
        return any(check.finding.holds_up for check in self.checks)
