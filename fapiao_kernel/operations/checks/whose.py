"""Whose things these are (身份核对): the company in the ledger and the device in the backup, against the card's own word."""

from __future__ import annotations

from fapiao_kernel.domain.errors import english, finding
from fapiao_kernel.domain.taxpayer import same_taxpayer
from fapiao_kernel.operations.checks.check import Check, named
from fapiao_kernel.operations.checks.device import unread
from fapiao_kernel.operations.checks.look import Seen
from fapiao_kernel.ports import Backup

DEVICE_DIGITS = 12
"""Digits of a machine number (机器编号 JQBH, DataDesign.h)."""

NAMED = 3
"""So many foreign sellers are named in a sentence."""


def seller(seen: Seen) -> Check | None:
    """Whether the units' invoices were issued by the card's company (税号). None of them: a blocker, these are another company's.

    Some of them: a warning, for an export may mix in invoices received, and a sheet's assignment is a person's to judge.
    """
    if seen.card is None:
        return None
    if seen.sellers is None:
        return named("seller", unread(seen, "sellers"))
    mine = seen.card.identity.taxpayer_id
    said = {taxpayer: sheets for taxpayer, sheets in seen.sellers.items() if taxpayer.strip() and sheets}
    others = {taxpayer: sheets for taxpayer, sheets in said.items() if not same_taxpayer(taxpayer, mine)}
    if not said:
        return named("seller", finding("check_seller_untold"))
    if not others:
        return named("seller", finding("check_seller_ok", taxpayer=mine, count=sum(said.values())))
    code = "check_seller_other" if len(others) == len(said) else "check_seller_mixed"
    count = sum(others.values())
    return named("seller", finding(code, weight=count, taxpayer=mine, count=count, others=_listed(others)))


def backup_device(seen: Seen) -> Check | None:
    """Whether the newest backup holds this device's invoices, where the ledger has any (备份里有没有这台设备)."""
    if seen.card is None:
        return None
    if "backup" in seen.errors:
        return named("backup_device", unread(seen, "backup"))
    if seen.sellers is None:
        return named("backup_device", unread(seen, "sellers"))
    device = seen.card.identity.device_number
    if not sum(seen.sellers.values()):
        return named("backup_device", finding("check_backup_device_nothing", device=device))
    if seen.backup is None:
        return named("backup_device", finding("check_backup_missing"))
    code = "check_backup_device_ok" if holds_device(seen.backup, device) else "check_backup_device_other"
    return named("backup_device", finding(code, backup=seen.backup.id, device=device))


def holds_device(backup: Backup, device_number: str) -> bool:
    """Whether a backup's ledger has invoices of the device; its machine number with or without leading zeros (JQBH, 12 digits)."""
    return device_number.zfill(DEVICE_DIGITS) in backup.devices


def _listed(others: dict[str, int]) -> str:
    parts = [f"{taxpayer} × {sheets}" for taxpayer, sheets in list(others.items())[:NAMED]]
    more = ["…"] if len(others) > NAMED else []
    return (", " if english() else "、").join([*parts, *more])
