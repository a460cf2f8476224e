"""Where card and ledger differ, as ``fapiao preview`` prints it: a line a unit, with counts and the first numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fapiao_kernel.api.differences import BothList, BriefList, DifferenceView

FIRST_FEW = 5
"""Numbers of each list that stand in the line; the record has the others."""


def difference_line(entry: DifferenceView) -> str:
    """One differing unit in one line."""
    from fapiao_kernel.domain.invoice import InvoiceType

    gaps = entry.by == "volume_gaps"
    lists: list[tuple[str, BriefList | BothList]] = [
        ("发票库中断号 missing in the ledger" if gaps else "只在设备上 on the device alone", entry.only_card),
        ("不在设备的发票卷内 in no volume" if gaps else "只在发票库 in the ledger alone", entry.only_ledger),
        ("金额或状态不同 amount or state", entry.other),
    ]
    said = [f"{name} {found.count} 张（{_few(found)}）" for name, found in lists if found.count]
    if entry.unnamed:
        said.append(f"说不出号码 not named {entry.unnamed} 张")
    if gaps:
        said.append("按发票卷推断 told by the volumes")
    elif entry.list_agrees is False:
        said.append("设备的明细与它的统计不一致 its list is not its statistics")
    name = InvoiceType(entry.invoice_type).zh
    return f"  ! 差异 differs: {name} {entry.period}: {' · '.join(said)}"


def _few(found: BriefList | BothList) -> str:
    numbers = "、".join(f"{one.code} {one.number}".strip() for one in found.shown[:FIRST_FEW])
    return numbers + (" …" if found.count > FIRST_FEW else "")
