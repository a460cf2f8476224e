"""Where card and ledger differ (差异明细): named down to the invoice numbers, unit by unit, and by what means.

A card that lists its invoices (发票明细) is compared one by one. Of one that cannot, or of a unit too large to list, only the gaps in
the ledger's numbers inside the card's volumes (发票卷) can be named: what is missing before the first or after the last stays unnamed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.detail import InvoiceDetail
from fapiao_kernel.domain.money import ZERO
from fapiao_kernel.domain.plain import plain
from fapiao_kernel.operations.clearing.words import either
from fapiao_kernel.ports import Card, Progress, UnitPreview

SHOWN = 200
"""Invoices of each list that are shown; the count beside it is of all."""
FIRST_FEW = 5
"""Numbers of each list that stand in a finding's evidence."""
MOST_LISTED = 100_000
"""Sheets of a unit on the card up to which its list is read: 36 bytes each are five minutes on a line of 115,200 baud."""


class Details(Protocol):
    """What is asked of the ledger: a unit's invoices by code and number. They are taken one by one and never held together."""

    def details(self, preview: UnitPreview) -> Iterable[InvoiceDetail]: ...


def differences(
    card: Card, ledger: Details, units: Sequence[UnitPreview], rows: Sequence[Mapping[str, Any]], tell: Progress
) -> list[dict[str, Any]]:
    """One entry a unit whose row (``previewing.beside``) does not agree; nothing is read when all agree.

    ``{invoice_type, period, by, only_card, only_ledger, other, unnamed, list_agrees}``; ``by`` is ``card_list`` or ``volume_gaps``. Each
    list is ``{count, shown}``. ``unnamed``: sheets that the card counts beyond what could be named. ``list_agrees``: whether the card's
    list comes to its own statistics (None where there is no list). Raises what reading raises.
    """
    differing = [(row, preview) for row, preview in zip(rows, units, strict=True) if not row["agrees"]]
    wanted = [preview.unit for row, preview in differing if row["card_count"] <= MOST_LISTED]
    told = card.read_details(wanted, tell) if wanted else None
    listed = set(wanted) if told is not None else set()
    by_unit: dict[Any, list[InvoiceDetail]] = {}
    for one in told or ():
        by_unit.setdefault((one.invoice_type, one.period), []).append(one)
    volumes = card.read_volumes() if any(preview.unit not in listed for _, preview in differing) else ()
    entries = []
    for row, preview in differing:
        unit, held = preview.unit, ledger.details(preview)
        entry: dict[str, Any] = {"invoice_type": unit.invoice_type.value, "period": str(unit.period)}
        if unit in listed:
            entry |= _one_by_one(row, by_unit.get((unit.invoice_type, unit.period), []), held)
        else:
            mine = [volume for volume in volumes if volume.invoice_type is unit.invoice_type]
            entry |= _by_volumes(row, mine, held)
        entries.append(entry)
    return entries


def in_words(entry: Mapping[str, Any]) -> str:
    """One entry as evidence: each list with its count and its first few numbers."""
    gaps = entry["by"] == "volume_gaps"
    names = {
        "only_card": either("发票库中断号", "numbers missing in the ledger")
        if gaps
        else either("只在设备上", "only on the device"),
        "only_ledger": either("不在设备的发票卷内", "in none of the device's volumes")
        if gaps
        else either("只在发票库", "only in the ledger"),
        "other": either("金额或状态不同", "other amount or state"),
    }
    said = [f"{name}{_few(entry[key])}" for key, name in names.items() if entry[key]["count"]]
    if entry["list_agrees"] is False:
        said.append(either("设备的明细与它自己的统计不一致", "the device's list does not come to its own statistics"))
    if gaps:
        said.append(either("设备不能列出发票明细，按发票卷推断", "the device lists no invoices: told by its volumes"))
    if entry["unnamed"]:
        said.append(either(f"另有 {entry['unnamed']} 张说不出号码", f"{entry['unnamed']} more cannot be named"))
    return either("；", "; ").join(said)


def _few(found: Mapping[str, Any]) -> str:
    keys = [" ".join(part for part in (one["code"], one["number"]) if part) for one in found["shown"][:FIRST_FEW]]
    rest = either("等", " …") if found["count"] > len(keys) else ""
    count = either(f" {found['count']} 张：", f" ({found['count']}): ")
    return count + either("、", ", ").join(keys) + rest


class _Shown:
    """A list as it is told: how many there are, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[dict[str, Any]] = []

    def add(self, count: int, rows: Iterator[dict[str, Any]]) -> None:
        self.count += count
        self.rows.extend(islice(rows, SHOWN - len(self.rows)))

    def told(self) -> dict[str, Any]:
        return {"count": self.count, "shown": self.rows}


def _one_by_one(row: Mapping[str, Any], told: Sequence[InvoiceDetail], held: Iterable[InvoiceDetail]) -> dict[str, Any]:
    """The card's list is in memory (``MOST_LISTED`` at most), the ledger's passes by."""
    waiting = {one.key: one for one in told}
    listed = len(waiting)
    only_card, only_ledger, other = _Shown(), _Shown(), _Shown()
    for one in held:
        mine = waiting.pop(one.key, None)
        if mine is None:
            only_ledger.add(1, iter((_row(one),)))
        elif _differ(mine, one):
            other.add(1, iter(({**_key(mine), "card": _row(mine), "ledger": _row(one)},)))
    only_card.add(len(waiting), (_row(waiting[key]) for key in sorted(waiting)))
    total = sum((one.total for one in told if not one.void), ZERO)
    return {
        "by": "card_list",
        "only_card": only_card.told(),
        "only_ledger": only_ledger.told(),
        "other": other.told(),
        "unnamed": max(0, row["card_count"] - listed),
        "list_agrees": (listed, plain(total)) == (row["card_count"], row["card_total"]),
    }


def _differ(card: InvoiceDetail, ledger: InvoiceDetail) -> bool:
    """Another state, or another amount where the invoice stands (正常): a void one counts as zero on both sides."""
    if (card.void, card.red) != (ledger.void, ledger.red):
        return True
    return not card.void and card.total != ledger.total


def _by_volumes(row: Mapping[str, Any], volumes: Sequence[Volume], held: Iterable[InvoiceDetail]) -> dict[str, Any]:
    """Inside a volume numbers are equally long, so their order as text is that of the sheets: only the last one is remembered."""
    missing, outside = _Shown(), _Shown()
    last: dict[Volume, int] = {}
    for one in held:
        volume = next((v for v in volumes if one.number.isdecimal() and v.holds(one.code, one.number)), None)
        if volume is None:
            outside.add(1, iter((_row(one),)))
            continue
        number = int(one.number)
        gap = range(last.get(volume, number) + 1, number)
        missing.add(len(gap), ({"code": volume.code, "number": f"{n:0{len(volume.first)}d}"} for n in gap))
        last[volume] = number
    known = row["ledger_count"] - outside.count
    return {
        "by": "volume_gaps",
        "only_card": missing.told(),
        "only_ledger": outside.told(),
        "other": _Shown().told(),
        "unnamed": max(0, row["card_count"] - known - missing.count),
        "list_agrees": None,
    }


def _key(one: InvoiceDetail) -> dict[str, Any]:
    return {"code": one.code, "number": one.number}


def _row(one: InvoiceDetail) -> dict[str, Any]:
    told = {"issue_date": one.issue_date.isoformat(), "total": plain(one.total), "red": one.red, "void": one.void}
    return {**_key(one), **told}
