"""What no reader of a bundle alone can know (无法得知), told with every verification: proof is honest about its edge."""

from __future__ import annotations

from fapiao_kernel.domain.errors import english
from fapiao_kernel.records.language import either
from fapiao_kernel.records.proof.signature import grouped

_ALWAYS = (
    (
        "日志是否完整：只看得到这次清卡的记录和它们之间的链，看不到之前和之后；之后的操作是否改变了什么，这里看不出。",
        "Whether the journal is complete: only this run's records and the links between them are here, nothing before or after; "
        "whether a later run changed something does not show.",
    ),
    ("时间是否准确：时间来自当时那台电脑的时钟。", "Whether the times are right: they come from that machine's clock."),
    (
        "设备现在是否还是这个状态：只有重新读取设备才知道。",
        "Whether the device is still in that state: only reading it again tells.",
    ),
    (
        "税局今天是否还这样确认：只有向税局查询回执才知道。",
        "Whether the tax side would confirm it today: only asking it for the receipts tells.",
    ),
    (
        "备份是否还在、能否打开：这里只有当时的摘要；清卡后的那份备份在本证据包写成之后才做。",
        "Whether the backups still exist and open: only their hashes of that day are here; "
        "the backup after the clear is made after this bundle was written.",
    ),
)
_WITH_LINES = (
    "发票是否齐全：逐张明细与冻结的摘要相符，但它们就是当时发票库里的全部，没有导入的发票这里看不到。",
    "Whether the invoices are all there are: their lines are what the ledger held; an invoice that was never imported does not show.",
)
_WITHOUT_LINES = (
    "发票本身：这里只有合计和摘要，没有发票明细。",
    "The invoices themselves: totals and digests are here, not the invoices.",
)
_PRACTICE = (
    "真实设备：这是在模拟设备上的练习。",
    "Anything about a real device: this was practice on a simulated one.",
)


def sentences(mark: str, *, pinned: bool, lines: bool, simulated: bool) -> tuple[str, ...]:
    """``mark``: fingerprint of the key whose signature holds, "" when none does. ``pinned``: it is the one that the reader named."""
    told = [*_ALWAYS, _WITH_LINES if lines else _WITHOUT_LINES]
    if simulated:
        told.append(_PRACTICE)
    return (_whose(mark, pinned), *(pair[english()] for pair in told))


def _whose(mark: str, pinned: bool) -> str:
    if not mark:
        return either("谁做的这份证据包：没有有效的签名。", "Who made this bundle: no valid signature says so.")
    if pinned:
        return either(
            f"谁用了签名密钥：指纹 {grouped(mark)} 与您给的一致，但密钥当时由谁保管，这里看不出。",
            f"Who used the signing key: its fingerprint {grouped(mark)} is the one you gave; who held the key then does not show.",
        )
    return either(
        f"签名密钥是不是这家企业的：请把指纹 {grouped(mark)} 与企业另外告知的核对（可用 --key 指纹）。",
        f"Whether the signing key belongs to the company: compare its fingerprint {grouped(mark)} with the one that the company "
        "gave you by another way (or give --key FINGERPRINT).",
    )
